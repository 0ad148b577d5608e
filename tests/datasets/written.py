"""Small data sets written to disk as others write them, for the readers to read back."""

from __future__ import annotations

import gzip
import io
import json
import pickle
from pathlib import Path

import numpy as np
from PIL import Image


def drawn(n: int, *shape: int, seed: int = 0) -> np.ndarray:
    """Return n random arrays of bytes."""
    return np.random.default_rng(seed).integers(0, 256, (n, *shape), dtype=np.uint8)


def counted(n: int, classes: int) -> np.ndarray:
    """Return n labels that go round the classes."""
    return (np.arange(n) % classes).astype(np.uint8)


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim]) + b"".join(size.to_bytes(4, "big") for size in array.shape)
    return header + array.tobytes()


def idx(folder: Path, split: str, images: np.ndarray, labels: np.ndarray, packed: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    stem, end = {"train": "train", "test": "t10k"}[split], ".gz" if packed else ""
    for what, array in (("images-idx3", images), ("labels-idx1", labels)):
        held = idx_bytes(array)
        (folder / f"{stem}-{what}-ubyte{end}").write_bytes(gzip.compress(held, 1) if packed else held)


def cifar10_binary(folder: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """Write equal fifths into the five training files."""
    folder.mkdir()
    records = np.concatenate([labels[:, None], images.reshape(len(images), -1)], axis=1)
    for k, part in enumerate(np.split(records, 5), start=1):
        (folder / f"data_batch_{k}.bin").write_bytes(part.tobytes())


def python2_array(rows: np.ndarray) -> bytes:
    """Return the words by which Python 2 writes an array of bytes with two axes, in protocol 2."""
    held = rows.tobytes()
    sizes = b"".join(b"J" + size.to_bytes(4, "little") for size in rows.shape)
    return (
        b"cnumpy.core.multiarray\n_reconstruct\nq\x07cnumpy\nndarray\nq\x08K\x00\x85q\tU\x01bq\n\x87Rq\x0b"
        b"(K\x01" + sizes + b"\x86q\x0ccnumpy\ndtype\nq\rU\x02u1q\x0eK\x00K\x01\x87Rq\x0f"
        b"(K\x03U\x01|q\x10NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tq\x11b"
        b"\x89T" + len(held).to_bytes(4, "little") + held + b"q\x12tb"
    )


def python2_batch(images: np.ndarray, labels: np.ndarray, key: bytes = b"labels") -> bytes:
    """Return a training batch as CIFAR's authors wrote it: by Python 2, in protocol 2."""
    ids = b"".join(b"K" + bytes([label]) for label in labels.tolist())
    name = b"U" + bytes([len(key)]) + key
    pixels = python2_array(images.reshape(len(images), -1))
    return b"\x80\x02}q\x01(" + name + b"q\x02]q\x03(" + ids + b"eU\x04dataq\x04" + pixels + b"u."


def python2_names(key: str, names: list[str]) -> bytes:
    """Return a dictionary of names as CIFAR's authors wrote it: by Python 2, in protocol 0, which is text."""
    entries = "".join(f"S'{name}'\np{k}\na" for k, name in enumerate(names, start=3))
    return f"(dp1\nS'{key}'\np2\n(lp0\n{entries}s.".encode()


def pickled_batch(images: np.ndarray, labels: np.ndarray, key: str = "labels") -> bytes:
    """Return a batch as today's Python writes it, in protocol 2."""
    held = {"data": images.reshape(len(images), -1), key: labels.tolist(), "batch_label": "batch 1 of 1"}
    return pickle.dumps(held, protocol=2)


def encoded(array: np.ndarray, suffix: str = "png") -> bytes:
    """Return one image, (h, w) or (h, w, 3), as the bytes of a file."""
    held = io.BytesIO()
    options = {"lossless": True} if suffix == "webp" else {}
    Image.fromarray(array).save(held, suffix, **options)
    return held.getvalue()


def sheets(folder: Path, images: np.ndarray, labels: np.ndarray, names: list[str], split: str = "train") -> None:
    """Write a sheet of two columns for each class; images are (n, h, w, 3)."""
    folder.mkdir()
    _, height, width, _ = images.shape
    files = {}
    for k, name in enumerate(names):
        mine = images[labels == k]
        rows = -(-len(mine) // 2)
        grid = np.zeros((rows * 2, height, width, 3), np.uint8)
        grid[: len(mine)] = mine
        sheet = grid.reshape(rows, 2, height, width, 3).transpose(0, 2, 1, 3, 4)
        file = f"{split}_{k:02}_{name}.webp"
        (folder / file).write_bytes(encoded(sheet.reshape(rows * height, 2 * width, 3), "webp"))
        files[file] = {"split": split, "label": k, "count": len(mine), "columns": 2}
    (folder / "meta.json").write_text(json.dumps({"classes": names, "tile": [height, width], "files": files}))


def image_folder(folder: Path, images: dict[str, np.ndarray]) -> None:
    """Write images from ``class/file`` to array."""
    for name, array in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encoded(array, path.suffix.removeprefix(".")))
