"""NumPy's arrays of numbers and text: a ``.npz`` archive, or a folder with a ``.npy`` file for each array."""

from __future__ import annotations

import shutil
import zipfile
import zlib
from collections.abc import Collection
from pathlib import Path

import numpy as np

from onward.datasets.arrays import npy
from onward.datasets.arrays.numbers import Numbers
from onward.datasets.arrays.paged import Paged, no_room, temporary
from onward.datasets.labels import Labels, text
from onward.datasets.raw import Raw
from onward.datasets.reading import Reading
from onward.errors import InputError, listed

PAIRS = (("x", "y"), ("inputs", "targets"), ("images", "labels"), ("data", "labels"))
"""The names under which inputs and targets are kept, alone or with a split before or after them."""

ALONE = tuple((x, "") for x in dict.fromkeys(x for x, _ in PAIRS))
"""Those of inputs without targets."""

LOCAL_HEADER = 30
"""Bytes that stand before a member's name in a zip archive; the lengths of name and extra field are the last four."""

MEMORY = Reading().memory


def holds(folder: Path, split: str) -> bool:
    """Return whether an archive in ``folder`` has ``split``, by its keys or by the end of its name."""
    return _found(folder, split) is not None


def read(folder: Path, split: str, memory: int = MEMORY) -> Raw:
    """Return ``split`` from the first archive in ``folder`` that has it; see :func:`read_file`."""
    path = _found(folder, split)
    if path is None:
        raise InputError(f"no .npz file in {folder} has the {split} part")
    return read_file(path, split if keys(_names(path), split) else None, memory)


def read_file(path: Path, split: str | None = None, memory: int = MEMORY, labels: bool = True) -> Raw:
    """Return what an archive holds.

    Args:
        path: the ``.npz`` file. Keys: a pair of ``PAIRS``, with the split joined by ``_`` when it keeps
            several (``x_train``, ``train_x``). Optionally ``classes``, the class names.
        split: the part to read; None takes the keys without a split, else ``train``.
        memory: inputs of more bytes stay in the file.
        labels: whether there must be targets.

    Raises:
        InputError: when the file is cut or hostile, lacks the keys, or holds what are no inputs or targets.
    """
    names = _names(path)
    x, y = _wanted(names, split, path, labels)
    arrays = {key: _array(path, key, memory) for key in _present(names, x, y)}
    return _raw(path, arrays[x], arrays.get(y), arrays.get("classes"))


def holds_pair(folder: Path, split: str | None, labels: bool = True) -> bool:
    """Return whether ``folder`` has inputs and targets as two ``.npy`` files, with or without their split."""
    return bool(_key_of(_stems(folder), split, labels))


def read_pair(folder: Path, split: str | None = None, memory: int = MEMORY, labels: bool = True) -> Raw:
    """Return what two ``.npy`` files hold, named as the keys of an archive; see :func:`read_file`."""
    names = _stems(folder)
    x, y = _wanted(names, split, folder, labels)
    arrays = {key: npy.read(folder / f"{key}.npy", memory) for key in _present(names, x, y)}
    return _raw(folder, arrays[x], arrays.get(y), arrays.get("classes"))


def keys(
    names: Collection[str], split: str | None, pairs: Collection[tuple[str, str]] = PAIRS
) -> tuple[str, str] | None:
    """Return the names of inputs and targets among ``names``, targets "" where none belong; None when they lack."""
    forms = ("{}",) if split is None else (f"{{}}_{split}", f"{split}_{{}}")
    named = ((form.format(x), form.format(y) if y else "") for x, y in pairs for form in forms)
    return next((pair for pair in named if set(pair) <= {*names, ""}), None)


def _key_of(names: Collection[str], split: str | None, labels: bool) -> tuple[str, str] | None:
    splits = (split,) if split else (None, "train")
    found = (keys(names, each, pairs) for pairs in ((PAIRS,) if labels else (PAIRS, ALONE)) for each in splits)
    return next(filter(None, found), None)


def _present(names: Collection[str], *keys: str) -> list[str]:
    return [key for key in (*keys, "classes") if key in names]


def _wanted(names: Collection[str], split: str | None, where: Path, labels: bool) -> tuple[str, str]:
    found = _key_of(names, split, labels)
    if found is None:
        end = f"_{split}" if split else ""
        known = listed(f"{x}{end} and {y}{end}" if labels else f"{x}{end}" for x, y in (PAIRS if labels else ALONE))
        raise InputError(f"{where} holds {listed(names) or 'nothing'}; wanted the keys {known}")
    return found


def _raw(
    where: Path,
    inputs: tuple[np.ndarray, Paged | None],
    targets: tuple[np.ndarray, Paged | None] | None,
    names: tuple[np.ndarray, Paged | None] | None,
) -> Raw:
    try:
        classes = tuple(str(name) for name in text(names[0]).ravel()) if names else ()
        numbers = Numbers(inputs[0], where, inputs[1])
        return Raw(numbers, Labels.of(targets[0], classes) if targets else Labels.none(len(numbers)), where)
    except InputError as error:
        raise InputError(f"{where}: {error}") from error


def _stems(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.npy"))


def _found(folder: Path, split: str) -> Path | None:
    for path in sorted(folder.glob("*.npz")):
        names = _names(path)
        if keys(names, split) or (keys(names, None) and path.stem.lower().endswith(split)):
            return path
    return None


def _names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [name.removesuffix(".npy") for name in archive.namelist()]
    except Exception as error:  # on bytes that lie, numpy and zipfile raise nearly anything
        raise InputError(f"{path} is not a whole .npz file: {error}. Copy or make it again.") from error


def _array(path: Path, key: str, memory: int) -> tuple[np.ndarray, Paged | None]:
    try:
        with zipfile.ZipFile(path) as archive:
            member = archive.getinfo(f"{key}.npy")
            with archive.open(member) as file:
                header = npy.header(file, member.file_size, key)
            if header.bytes > memory:
                paged, offset = _in_place(path, member) if _stored(member) else _unpacked(archive, member)
                return header.paged(paged, offset), paged
        with np.load(path, allow_pickle=False) as held:
            return held[member.filename], None  # of "x" and "x.npy" the one that was looked at
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    except Exception as error:  # on bytes that lie, numpy and zipfile raise nearly anything
        raise InputError(f"{path} cannot be read: {error}. Copy or make it again.") from error


def _stored(member: zipfile.ZipInfo) -> bool:
    return member.compress_type == zipfile.ZIP_STORED and not member.flag_bits & 1  # nor encrypted


def _in_place(path: Path, member: zipfile.ZipInfo) -> tuple[Paged, int]:
    """Return the archive as memory and where the member begins, held to its checksum."""
    paged = Paged.at(path)
    head = paged.memory[member.header_offset : member.header_offset + LOCAL_HEADER]
    offset = member.header_offset + LOCAL_HEADER + sum(np.frombuffer(head[-4:], "<u2").tolist())
    end, checksum = offset + member.file_size, 0
    for start in range(offset, end, 2**24):
        checksum = zlib.crc32(paged.memory[start : min(start + 2**24, end)], checksum)
        paged.let_go()
    if checksum != member.CRC:
        raise InputError(f"{member.filename!r} is not what was written: its checksum differs")
    return paged, offset


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> tuple[Paged, int]:
    """Return a compressed member, unpacked into a temporary file; zipfile holds it to its checksum."""
    with temporary() as file, archive.open(member) as packed:
        try:
            shutil.copyfileobj(packed, file, 2**20)
            file.flush()
        except OSError as error:
            raise no_room(error) from error
        return Paged.of(file), 0
