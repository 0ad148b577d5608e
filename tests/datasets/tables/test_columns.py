import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch
from tests.datasets import written
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

from onward.datasets import read
from onward.datasets.arrays.numbers import OnDisk
from onward.datasets.reading import Care, Reading
from onward.datasets.source import taken
from onward.errors import InputError
from onward.transform import ImageTransform, TextTransform

IRIS = "length,width,Species\n5.1,3.5,setosa\n7.0,3.2,versicolor\n6.3,3.3,setosa\n"
SKIP = Care("skip", "skip")


def tokenizer(length=4, pad=9):
    """A tokenizer that the library made: a word has the number of its place."""
    made = Tokenizer(WordLevel({"good": 1, "bad": 2, "very": 3, "[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    return TextTransform(made.to_str(), length, pad)


@pytest.fixture
def csv(tmp_path):
    def write(text, name="table.csv"):
        (tmp_path / name).write_text(text)
        return str(tmp_path / name)

    return write


@pytest.fixture
def parquet(tmp_path):
    def write(columns, name="table.parquet"):
        pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / name, row_group_size=2)
        return str(tmp_path / name)

    return write


def test_numbers_of_a_csv_are_the_input_and_the_class_is_found_by_its_name(csv):
    iris = read(csv(IRIS))
    assert iris.inputs.dtype == torch.float32 and iris.classes == ("setosa", "versicolor")
    assert torch.equal(iris.inputs, torch.tensor([[5.1, 3.5], [7.0, 3.2], [6.3, 3.3]]))
    assert iris.targets.tolist() == [0, 1, 0]
    assert read(csv(IRIS) + "@classes=versicolor@columns=width").inputs.tolist() == [[pytest.approx(3.2)]]


def test_numbers_of_every_type_are_the_input_of_a_parquet_file(parquet):
    columns = {"a": [1, 2, 3], "y": ["n", "p", "n"], "b": [True, False, True], "c": np.float16([1, 2, 0.5])}
    held = read(parquet(columns))
    assert held.inputs.tolist() == [[1, 1, 1], [2, 0, 2], [3, 1, 0.5]] and held.classes == ("n", "p")


def test_a_class_column_of_ids_has_digits_or_a_file_of_names(csv, tmp_path):
    (tmp_path / "names.json").write_text('{"cat": 0, "dog": 1, "eel": 2}')
    path = csv("a,kind\n1,0\n2,2\n")
    assert read(f"{path}@label=kind").classes == ("0", "1", "2")
    assert read(f"{path}@label=kind@names={tmp_path}/names.json").classes == ("cat", "dog", "eel")
    named = csv("a,kind\n1,eel\n2,cat\n")
    assert read(f"{named}@label=kind@names={tmp_path}/names.json").targets.tolist() == [2, 0]


def test_missing_classes_and_missing_numbers_are_counted_and_can_be_left_out(csv):
    path = csv("a,b,label\n1,2,0\n3,4,\n5,,1\nnan,1,1\n7,inf,1\n8,9,1\n")
    with pytest.raises(InputError, match=r"1 of 6 rows in .* has no class: row 1\. Label them, .*--unlabeled skip"):
        read(path)
    with pytest.raises(InputError, match=r"3 of 6 rows in .* cannot be used: row 2 .* row 3 .* row 4 .*--corrupt skip"):
        read(path, reading=Reading(care=Care(unlabeled="skip")))
    left = taken(path, reading=Reading(care=SKIP))
    assert left.data.inputs.tolist() == [[1, 2], [8, 9]] and left.data.targets.tolist() == [0, 1]
    assert left.unlabeled == ("row 1",) and left.corrupt == ("row 2", "row 3", "row 4")


def test_a_table_larger_than_memory_lies_in_a_temporary_file(csv):
    path = csv("a,b,label\n" + "".join(f"{k},{k / 2},{k % 3}\n" for k in range(500)))
    lazy, held = read(path, reading=Reading(memory=100)), read(path)
    assert isinstance(lazy, OnDisk)
    assert torch.equal(lazy.take(torch.arange(500)).inputs, held.inputs)


@pytest.mark.parametrize(
    ("text", "options", "problem"),
    [
        ("a,b\n1,2\n", "", r"has the columns a, b, but none of label, .*\. Say which holds the class: @label=COLUMN"),
        ("a,city,label\n1,Rome,0\n", "", r"no numbers: city \(string\)\. Choose .*: @columns="),
        ("a,when,label\n1,2024-01-01,0\n", "", r"no numbers: when \(date32"),
        ("a,label\n1,0\n", "@columns=b", r"unknown column 'b'.*There are: a, label"),
        ("a,label\n1,0\n", "@label=lable", "unknown column 'lable'. Did you mean 'label'"),
        ("a,label\n1,0\n", "@columns=a,label@label=label", "cannot be the class and an input at once"),
        ("a,a,label\n1,2,0\n", "", "columns of the same name: a"),
        ("label\n1\n", "", "no column but the class"),
        ("text,label\nhello,1\n", "", "holds texts, in the column 'text', but the model takes no text.*@columns="),
        ("a,label\n1,0.5\n", "", "a class must be a whole number or a name, got 0.5"),
        ("a,label\n1,0\n1\n", "", "cannot be read as CSV: .*Expected 2 columns, got 1"),
        ("", "", "cannot be read as CSV: Empty"),
        ("a,label\n1,0\n", "@path=a", "the column 'a' holds double, not text"),
        ("a,label\n1,x\n" * 2, "@names=missing.txt", "the class names in missing.txt cannot be read"),
        ("a,label\n", "", "holds no examples"),
        ("a,label\n1,-4\n", "", "1 of 1 targets are out of range: -4"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_with_the_way_out(csv, text, options, problem):
    with pytest.raises(InputError, match=problem):
        read(csv(text) + options)


def test_bytes_that_are_no_text_are_refused(tmp_path, parquet):
    (tmp_path / "a.csv").write_bytes(b"\xff\xfea,label\n1,2\n")
    with pytest.raises(InputError, match="cannot be read as CSV"):
        read(f"{tmp_path}/a.csv")
    wrong = pyarrow.Array.from_buffers(pyarrow.string(), 1, pyarrow.array([b"\xff"]).buffers())
    with pytest.raises(InputError, match=r"cannot be read as Parquet: .*UTF8"):
        read(parquet({"a": [1], "label": wrong}))


def test_a_table_has_no_splits(csv):
    with pytest.raises(InputError, match="which has no splits; got 'test'"):
        read(csv(IRIS) + ":test")


def test_texts_become_token_ids_cut_and_padded(csv):
    path = csv("text,label\ngood,0\nvery very bad,1\nvery very very very good,0\n,1\n")
    with pytest.raises(InputError, match=r"1 of 4 rows .* cannot be used: row 3"):
        read(path, reading=Reading(tokenizer()))
    for memory in (0, 2**30):
        left = taken(path, reading=Reading(tokenizer(), SKIP, memory=memory))
        batch = left.data.take(torch.arange(3))
        assert batch.inputs.dtype == torch.int32 and left.corrupt == ("row 3",)
        assert batch.inputs.tolist() == [[1, 9, 9, 9], [3, 3, 2, 9], [3, 3, 3, 3]]


def test_the_column_of_texts_may_be_named(csv):
    path = csv("title,label\ngood bad,0\n")
    assert read(path + "@text=title", reading=Reading(tokenizer(2))).inputs.tolist() == [[1, 2]]
    with pytest.raises(InputError, match=r"the model takes text, but .* title, label\. .*@text=COLUMN"):
        read(path, reading=Reading(tokenizer()))
    with pytest.raises(InputError, match="the model's tokenizer cannot be used"):
        read(path + "@text=title", reading=Reading(TextTransform("{}", 4)))
    with pytest.raises(InputError, match="the column 'a' holds double, not text"):
        read(csv("a,label\n1,0\n") + "@text=a", reading=Reading(tokenizer()))


def test_images_that_a_table_lists_are_read_relative_to_it(tmp_path, csv):
    images = written.drawn(3, 4, 4, 3)
    written.image_folder(tmp_path, {f"photos/{k}.png": image for k, image in enumerate(images)})
    path = csv("file_name,label\nphotos/2.png,kite\nphotos/0.png,gull\n", "birds.csv")
    birds = read(path)
    assert torch.equal(birds.inputs, torch.tensor(images[[2, 0]]).permute(0, 3, 1, 2))
    assert birds.classes == ("gull", "kite") and birds.targets.tolist() == [1, 0]
    other = csv("where,label\nphotos/1.png,kite\n", "other.csv")
    assert read(f"{other}@path=where").targets.tolist() == [0]


def test_images_inside_a_table_of_any_size_give_the_same_bits(parquet):
    files = [written.encoded(image) for image in written.drawn(5, 6, 6, 3)]
    path = parquet({"image": [{"bytes": file, "path": None} for file in files], "label": [0, 1, 0, None, 1]})
    reading = {"transform": ImageTransform((3, 4)), "care": SKIP}
    whole = len(files) * len(files[0])
    held, *lazy = (taken(path, reading=Reading(**reading, memory=memory)).data for memory in (2**20, whole // 2, 10, 0))
    assert held.inputs.shape == (4, 3, 3, 4)
    assert all(torch.equal(data.take(torch.arange(4)).inputs, held.inputs) for data in lazy)
    assert not any(hasattr(data, "inputs") for data in lazy[1:])


def test_lists_of_numbers_are_inputs_of_their_shape(parquet):
    values = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    path = parquet({"x": values.tolist(), "label": [0, 1, 0, 1], "other": [1, 2, 3, 4]})
    assert torch.equal(read(path + "@columns=x").inputs[:, 0], torch.tensor(values))
    with pytest.raises(InputError, match="columns of lists beside others: x"):
        read(path)
    pixels = pyarrow.array(values.astype(np.uint8).tolist(), pyarrow.list_(pyarrow.list_(pyarrow.uint8(), 3)))
    assert read(parquet({"x": pixels, "label": [0, 1, 0, 1]})).inputs.dtype == torch.uint8
    with pytest.raises(InputError, match="x: lists must have one length"):
        read(parquet({"x": [[1, 2], [3]], "label": [0, 1]}))
    left = taken(parquet({"x": [[1, 2], None, [3, 4]], "label": [0, 1, 1]}), reading=Reading(care=SKIP))
    assert left.data.inputs.tolist() == [[1, 2], [3, 4]] and left.corrupt == ("row 1",)


def test_names_of_classes_may_be_kept_as_a_dictionary(parquet):
    column = pyarrow.array(["b", None, "a", ""]).dictionary_encode()
    left = taken(parquet({"x": [1, 2, 3, 4], "label": column}), reading=Reading(care=SKIP))
    assert left.data.classes == ("a", "b") and left.data.targets.tolist() == [1, 0]
    assert left.unlabeled == ("row 1", "row 3")


def test_ids_of_which_some_are_missing_stay_ids(parquet):
    left = taken(parquet({"x": [1, 2, 3], "label": [1.0, None, 0.0]}), reading=Reading(care=SKIP))
    assert left.data.classes == ("0", "1") and left.data.targets.tolist() == [1, 0]


def test_files_of_one_folder_must_have_the_same_columns(tmp_path, parquet):
    parquet({"x": [1], "label": [0]}, "a.parquet")
    assert len(read(str(tmp_path))) == 1
    parquet({"z": [1], "label": [0]}, "b.parquet")
    with pytest.raises(InputError, match=r"b\.parquet lacks the columns x, which a\.parquet beside it has"):
        read(str(tmp_path))
