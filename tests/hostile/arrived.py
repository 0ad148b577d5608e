"""Small data sets of every form that is read, one file of each in a liar's hands."""

from __future__ import annotations

import gzip
import io
import json
import pickle
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors.torch
import torch
from PIL import Image
from tests.datasets.written import (
    cifar10_binary,
    counted,
    drawn,
    encoded,
    idx_bytes,
    image_folder,
    pickled_batch,
    python2_batch,
    sheets,
)  # fmt: skip

from onward.content import fingerprint
from onward.datasets.options import Options
from onward.datasets.places import found
from onward.datasets.reading import Care, Reading
from onward.types import in_order

READING = Reading(care=Care(unlabeled="skip", corrupt="skip"), workers=1, memory=2**22)
WHOLE = replace(READING, care=Care(unlabeled="skip"))
"""For images: whether a decoder took one is to be seen."""

MOST_BATCHES = 3


def read(place: str, options: Options | None = None, reading: Reading = READING) -> Callable[[Path], object]:
    """Return what reads a place in a folder and takes some of its examples."""
    said = options or Options()

    def through(folder: Path) -> object:
        taken = found(folder / place, None, said, reading).taken(reading, (), said.size)
        for _, batch in zip(range(MOST_BATCHES), in_order(taken.data), strict=False):
            assert int(batch.targets.min()) >= 0 and int(batch.targets.max()) < len(taken.data.classes)
            assert len(batch.inputs) == len(batch.targets)
        return taken, fingerprint(taken.data)

    return through


def written(save: Callable[[io.BytesIO], object]) -> bytes:
    """Return what something writes into a file."""
    out = io.BytesIO()
    save(out)
    return out.getvalue()


def images(_: Path) -> list[bytes]:
    grey, colour = drawn(1, 8, 8)[0], drawn(1, 8, 8, 3)[0]
    kinds = [encoded(colour, kind) for kind in ("png", "jpeg", "webp", "bmp", "gif", "tiff")]
    palette = Image.fromarray(grey).convert("P")
    return [encoded(grey), *kinds, written(lambda out: palette.save(out, "png", transparency=0))]


def pictures(folder: Path) -> None:
    image_folder(
        folder / "pets",
        {"cat/0.png": drawn(1, 8, 8)[0], "cat/1.png": drawn(1, 8, 8)[0], "dog/2.png": drawn(1, 8, 8)[0]},
    )


def bait(folder: Path) -> None:
    """What lies beside a place, and nothing that is read may lead to."""
    folder.mkdir(exist_ok=True)
    for name in ("bait.png", "bait.npy"):
        (folder.parent / name).write_bytes(encoded(drawn(1, 8, 8)[0]))


def archives(_: Path) -> list[bytes]:
    zeros, names = np.zeros((6, 3, 4), np.float32), np.array(["a", "b"])
    return [
        written(partial(np.savez, x=drawn(6, 4), y=counted(6, 2))),
        written(partial(np.savez_compressed, x=zeros, y=counted(6, 2), classes=names)),
        written(partial(np.savez, x_train=drawn(5, 4, 4, 3), y_train=np.array(["a", "b", "a", "b", "a"]))),
    ]


def npy(*arrays: np.ndarray) -> list[bytes]:
    return [written(partial(np.save, arr=array)) for array in arrays]


def pair(folder: Path) -> None:
    (folder / "pair").mkdir()
    np.save(folder / "pair/y.npy", counted(6, 2))


def idx_folder(folder: Path) -> None:
    (folder / "idx").mkdir()
    (folder / "idx/train-labels-idx1-ubyte").write_bytes(idx_bytes(counted(6, 3)))
    (folder / "idx/t10k-images-idx3-ubyte").write_bytes(idx_bytes(drawn(6, 4, 4)))


def binary_folder(folder: Path) -> None:
    cifar10_binary(folder / "bin", drawn(10, 3, 32, 32), counted(10, 5))
    (folder / "bin/batches.meta.txt").write_text("a\nb\nc\nd\ne\n")


def pickled_folder(folder: Path) -> None:
    (folder / "py").mkdir()
    (folder / "py/meta").write_bytes(pickle.dumps({"fine_label_names": list("abc")}, protocol=2))


def batches(_: Path) -> list[bytes]:
    pixels, labels = drawn(4, 3, 32, 32), counted(4, 3)
    return [pickled_batch(pixels, labels, "fine_labels"), python2_batch(pixels, labels, b"fine_labels")]


def sheets_folder(folder: Path) -> None:
    sheets(folder / "sheets", drawn(6, 4, 4, 3), counted(6, 2), ["a", "b"])


def sheets_seeds(folder: Path) -> list[bytes]:
    return [(folder / "sheets/meta.json").read_bytes()]


def parquet(_: Path) -> list[bytes]:
    """Numbers, images, lists, and names in the metadata."""
    label = pa.array([0, 1, 0, 1])
    png = [encoded(each) for each in drawn(4, 8, 8)]
    features = {"label": {"names": ["a", "b"], "_type": "ClassLabel"}}
    tables = [
        pa.table({"a": [1.0, 2.0, 3.0, 4.0], "b": [1, 2, 3, None], "label": label}),
        pa.table({"image": pa.array([{"bytes": each, "path": None} for each in png]), "label": label}),
        pa.table(
            {"x": pa.array([[1, 2], [3, 4], [5, 6], [7, 8]], pa.list_(pa.uint8())), "label": ["a", "b", "a", "b"]}
        ),
        pa.table({"path": ["pets/cat/0.png"] * 4, "class": pa.array(["a", "b", "a", "b"]).dictionary_encode()}),
    ]
    tables[1] = tables[1].replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    return [written(partial(pq.write_table, table)) for table in tables]


def streams(_: Path) -> list[bytes]:
    held = []
    for table in (pa.table({"a": [1.0, 2.0], "label": [0, 1]}), pa.table({"x": [[1, 2], [3, 4]], "label": ["a", "b"]})):
        out = pa.BufferOutputStream()
        with pa.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
        held.append(out.getvalue().to_pybytes())
    return held


def arrow_folder(folder: Path) -> None:
    (folder / "arrow").mkdir()
    (folder / "arrow/data-0.arrow").write_bytes(streams(folder)[0])
    (folder / "arrow/state.json").write_text(
        json.dumps({"_data_files": [{"filename": "data-0.arrow"}], "_split": "train"})
    )


def state_dicts() -> dict[str, torch.Tensor]:
    return {"weight": torch.arange(6.0).reshape(2, 3), "bias": torch.zeros(2).half(), "steps": torch.tensor(3)}


def torch_files(_: Path) -> list[bytes]:
    content = {"state_dict": state_dicts()}
    return [written(partial(torch.save, content, _use_new_zipfile_serialization=new)) for new in (True, False)]


def safe_files(_: Path) -> list[bytes]:
    return [safetensors.torch.save(state_dicts()), safetensors.torch.save({})]


def arrow_state(folder: Path) -> list[bytes]:
    return [(folder / "arrow/state.json").read_bytes()]


def packed(_: Path) -> list[bytes]:
    return [gzip.compress(idx_bytes(drawn(6, 4, 4)), 1)]


def records(folder: Path) -> list[bytes]:
    return [(folder / "bin/data_batch_3.bin").read_bytes()]


def adapter_folder(folder: Path) -> None:
    (folder / "adapter_model.safetensors").write_bytes(safe_files(folder)[0])
    (folder / "adapter_config.json").write_bytes(adapter_configs(folder)[0])


def adapter_configs(_: Path) -> list[bytes]:
    return [json.dumps({"peft_type": "LORA", "r": 4, "target_modules": ["fc"], "inference_mode": True}).encode()]
