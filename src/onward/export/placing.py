"""A folder that appears with all that is in it, or not at all."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path

from onward.errors import InputError, listed
from onward.store import files


def vacant(path: Path, parts: Collection[str], force: bool) -> Path:
    """Return the whole path of a folder that may be written.

    Args:
        path: as the user has it.
        parts: the names of the files that it may hold.
        force: whether a folder of such files, that is there, may be replaced. Another one never is.

    Raises:
        InputError: when something is there.
    """
    whole = path.resolve()
    if suffix := {Path(part).suffix for part in parts} & {whole.suffix} - {""}:
        raise InputError(f"an export is a folder, got {path}; leave the {suffix.pop()} away")
    if not whole.exists():
        return whole
    if not force:
        raise InputError(f"there is {path} already; give another path, or replace it with --force")
    held = sorted(each.name for each in whole.iterdir()) if whole.is_dir() else [path.name]
    if others := [name for name in held if name not in parts]:
        raise InputError(
            f"{path} is no export, there is {listed(others, most=3)} in it; such a folder is never replaced"
        )
    return whole


@contextmanager
def placed(target: Path) -> Generator[Path]:
    """Yield a new folder that becomes ``target`` when all went well, and is gone when not.

    What was at ``target`` stays until then.

    Raises:
        StoreError: when it cannot be written there.
    """
    root = next(folder for folder in target.parents if folder.exists())
    folder, old = (root / f".{target.name}.{uuid.uuid4().hex}" for _ in range(2))
    try:
        with files.writing_to(root):
            folder.mkdir()
            yield folder
            for path in (*folder.iterdir(), folder):
                files.settle(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.exists():
                target.rename(old)
            folder.rename(target)
            files.settle(target.parent)
    finally:
        if old.exists() and not target.exists():  # the new one could not take its place
            old.rename(target)
        for left in (folder, old):
            shutil.rmtree(left, ignore_errors=True)
