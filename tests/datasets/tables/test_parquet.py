import json

import pyarrow
import pyarrow.parquet
import pytest
import torch
from tests.datasets import written

from onward.datasets.reading import Reading
from onward.datasets.tables import parquet
from onward.errors import InputError

IMAGES = written.drawn(5, 4, 6)
FILES = [written.encoded(image) for image in IMAGES]


def read(folder, split="train"):
    """Return the examples in a folder."""
    return parquet.read(folder, split).taken(Reading()).data


def write(path, columns, metadata=None):
    table = pyarrow.table(columns)
    pyarrow.parquet.write_table(table.replace_schema_metadata(metadata), path)


@pytest.mark.parametrize(
    "columns",
    [
        {"label": [0, 1, 2, 3, 4], "image": [{"bytes": file, "path": None} for file in FILES]},
        {"image": FILES, "label": [0, 1, 2, 3, 4]},
        {"img": FILES, "fine_label": [0, 1, 2, 3, 4], "coarse_label": [9] * 5},
    ],
)
def test_parquet_reads_back_what_was_written(tmp_path, columns):
    write(tmp_path / "train-00000-of-00001.parquet", columns)
    part = read(tmp_path)
    assert torch.equal(part.inputs, torch.tensor(IMAGES)[:, None])
    assert part.targets.tolist() == [0, 1, 2, 3, 4]


def test_shards_are_read_in_the_order_of_their_names_and_may_lie_a_folder_deeper(tmp_path):
    (tmp_path / "plain_text").mkdir()
    for k in (1, 0):
        name = tmp_path / "plain_text" / f"test-0000{k}-of-00002.parquet"
        write(name, {"image": FILES[k : k + 1], "label": [k]})
    assert parquet.holds(tmp_path, "test") and not parquet.holds(tmp_path, "train")
    assert read(tmp_path, "test").targets.tolist() == [0, 1]


def test_class_names_are_read_from_the_schema(tmp_path):
    features = {"label": {"names": ["o", "ki"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    write(tmp_path / "train-0.parquet", {"image": FILES, "label": [0, 1, 0, 1, 0]}, metadata)
    assert read(tmp_path).classes == ("o", "ki")


@pytest.mark.parametrize(
    ("columns", "problem"),
    [
        ({"image": FILES}, "columns image, but none of label"),
        ({"text": FILES, "label": [0] * 5}, r"columns that are no numbers: text \(binary\).*@columns="),
        ({"image": FILES, "label": [0.5] * 5}, "'label': a class must be a whole number or a name, got 0.5"),
        ({"image": FILES, "label": [[0]] * 5}, "a whole number or a name, got list"),
        ({"image": FILES, "label": [0, 1, None, 1, 0]}, "1 of 5 images .* has no class: image 2.*--unlabeled skip"),
        ({"image": [{"bytes": None, "path": "a.png"}] * 5, "label": [0] * 5}, r"image 0 \(holds no image\)"),
        ({"image": [b"no", *FILES[1:]], "label": [0] * 5}, "1 of 5 images in .* cannot be used: image 0"),
    ],
)
def test_a_table_that_is_no_table_of_images_is_refused(tmp_path, columns, problem):
    write(tmp_path / "train-0.parquet", columns)
    with pytest.raises(InputError, match=problem):
        read(tmp_path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "train-0.parquet"
    write(path, {"image": FILES, "label": [0] * 5})
    whole = path.read_bytes()
    for length in range(0, len(whole), 29):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match="cannot be read as Parquet"):
            read(tmp_path)
