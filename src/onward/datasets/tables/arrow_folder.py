"""What ``save_to_disk`` of Hugging Face's library ``datasets`` writes: Arrow streams and what they hold in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

from onward.datasets.tables import tabular
from onward.datasets.tables.tabular import Table
from onward.errors import InputError, listed

SPLITS, STATE, INFO = "dataset_dict.json", "state.json", "dataset_info.json"


def holds(folder: Path) -> bool:
    """Return whether ``folder`` is one."""
    return (folder / SPLITS).is_file() or (folder / STATE).is_file() or any(folder.glob("*.arrow"))


def table(folder: Path, split: str | None) -> Table:
    """Return a split of the folder as a table; its files are mapped, not loaded.

    Raises:
        InputError: when there is no such split, or a file is broken.
    """
    if (folder / SPLITS).is_file():
        folder, split = _chosen(folder, split), None
    paths = _files(folder, split)
    if not paths:
        raise InputError(f"{folder} has no Arrow file{f' of the split {split!r}' if split else ''}")
    features = _json(folder / INFO).get("features") if (folder / INFO).is_file() else None
    return tabular.stream(paths, folder, tabular.class_names(features) or None)


def _chosen(folder: Path, split: str | None) -> Path:
    splits = _json(folder / SPLITS).get("splits")
    names = [name for name in splits if isinstance(name, str)] if isinstance(splits, list) else []
    if (name := split or (names[0] if len(names) == 1 else "train")) not in names:
        raise InputError(f"{folder} has no split {name!r}, only {listed(names)}: {folder}:{listed(names[:1])}")
    return folder / name


def _files(folder: Path, split: str | None) -> list[Path]:
    if not (folder / STATE).is_file():
        return sorted(folder.glob(f"*{split}*.arrow" if split else "*.arrow"))
    state = _json(folder / STATE)
    if split not in (None, state.get("_split")):
        raise InputError(f"{folder} is not divided into splits; it has no {split!r}")
    try:
        names = [str(entry["filename"]) for entry in cast(list, state["_data_files"])]
    except (KeyError, TypeError) as error:
        raise InputError(f"{folder / STATE} does not list the data files: {error!r}") from error
    if outside := [name for name in names if Path(name).name != name]:
        raise InputError(f"{folder / STATE} lists {outside[0]!r}, which is not the name of a file beside it")
    return [folder / name for name in names]


def _json(path: Path) -> dict[str, object]:
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(held, dict):
        raise InputError(f"{path} holds a {type(held).__name__}, wanted an object")
    return held
