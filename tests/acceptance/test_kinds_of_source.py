"""The same examples give the same weights, bit for bit, in whatever kind of source they lie."""

from __future__ import annotations

import csv
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image
from tests.cli.terminal import done

import onward

NAMES = ("eight", "five", "four", "nine", "one", "seven", "six", "three", "two", "zero")
"""Of digits, in the order in which a table of words has them."""

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@pytest.fixture(scope="module")
def written(desk) -> Path:
    """300 digits as columns of numbers and as images, and tests of each."""
    for split, rows in (("train", 300), ("test", 100)):
        data = onward.read(f"digits:{split}@rows=0:{rows}")
        words = [DIGITS[k] for k in data.targets.tolist()]
        columns_of(split, data.inputs.numpy().reshape(rows, 64) / 255, words)
        images_of(split, data.inputs.numpy()[:, 0], words)
    return desk


def columns_of(split: str, values: np.ndarray, words: list[str]) -> None:
    """Write rows of 64 numbers as Parquet, CSV and .npz."""
    table = pa.table({f"pixel {k}": values[:, k] for k in range(64)} | {"label": words})
    pa.parquet.write_table(table, f"{split}.parquet")
    np.savez(f"{split}.npz", x=values.astype(np.float32), y=np.array(words))
    with Path(f"{split}.csv").open("w", encoding="utf-8-sig", newline="") as file:  # as Excel writes it
        writer = csv.writer(file, dialect="excel")
        writer.writerow([*(f"pixel {k}" for k in range(64)), "label"])
        writer.writerows([*row, word] for row, word in zip(values.tolist(), words, strict=True))


def images_of(split: str, values: np.ndarray, words: list[str]) -> None:
    """Write images as a Hugging Face dataset on disk, and flat in a folder with a table."""
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=list(NAMES))})
    pictures = [Image.fromarray(image) for image in values]
    columns = {"image": pictures, "label": [NAMES.index(word) for word in words]}
    datasets.Dataset.from_dict(columns, features=features).save_to_disk(f"hub-{split}")
    folder = Path(f"flat {split}")
    folder.mkdir()
    for k, picture in enumerate(pictures):
        picture.save(folder / f"bild {k} ü.png")
    rows = [f"bild {k} ü.png,{word}\r\n" for k, word in enumerate(words)]
    (folder / "labels.csv").write_bytes("".join(["file,class\r\n", *rows]).encode())


def weights_after(model: str, source: str, test: str) -> bytes:
    """What an update of a fresh model through the command line leaves in its file."""
    head = "".join(filter(str.isalnum, source))
    done(f"init {head} --model {model}")
    done(f"update {head} --data '{source}' --test '{test}' --epochs 8")
    assert onward.load(head).classes == NAMES
    version = done(f"show {head} --json").json
    assert version["measures"][0]["accuracy"] > 0.7
    return Path(f".onward/versions/{version['id']}/model.safetensors").read_bytes()


@pytest.mark.usefixtures("written")
def test_columns_of_numbers_in_parquet_csv_and_npz():
    model = "'mlp(width=64, depth=1)' --shape 64"
    weights = {weights_after(model, f"./train{end}", f"./test{end}") for end in (".parquet", ".csv", ".npz")}
    assert len(weights) == 1


@pytest.mark.usefixtures("written")
def test_images_of_hugging_face_and_of_a_flat_folder_with_a_table():
    model = "'mlp(width=64, depth=1)' --size 8 --channels 1"
    weights = {
        weights_after(model, source, source.replace("train", "test")) for source in ("./hub-train", "./flat train")
    }
    assert len(weights) == 1
