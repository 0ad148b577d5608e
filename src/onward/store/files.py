"""Files that appear whole or not at all, and the hashes they are known by."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from onward.errors import StoreError


def sha256(path: Path) -> str:
    """Return the hash of a file's content, in hex.

    Raises:
        StoreError: when it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise StoreError(f"{path} cannot be read ({error.strerror}); restore it from a copy.") from error


def write(path: Path, content: bytes) -> None:
    """Write a file and have it on the disk when this returns."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def settle(path: Path) -> None:
    """Have a file that something else wrote, or the names in a folder, on the disk when this returns."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def replace(path: Path, content: bytes) -> None:
    """Give a file new content: whoever reads it sees the old or the new, whatever happens in between."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(beside, content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    settle(path.parent)


@contextmanager
def writing_to(folder: Path) -> Generator[None]:
    """Say in our words what the system refuses meanwhile: a full disk, a folder of someone else's.

    Raises:
        StoreError: in place of the system's error.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(f"cannot write to {folder} ({error.strerror}). Nothing that was there is lost.") from error


@contextmanager
def locked(folder: Path) -> Generator[None]:
    """Hold a folder's lock to write there; what the system refuses meanwhile is said in our words."""
    with writing_to(folder), held(folder):
        yield


@contextmanager
def held(folder: Path, shared: bool = False, wait: bool = True) -> Generator[None]:
    """Hold a folder's lock; it is let go of when the process ends, however it ends.

    Args:
        folder: where the lock's file is.
        shared: let others hold it too who share it; else nobody else holds it.
        wait: until it can be held.

    Raises:
        StoreError: when the file cannot be written, or another process holds the lock and is not waited for.
    """
    with writing_to(folder):
        file = (folder / ".lock").open("w")
    with file:
        try:
            fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError as error:
            raise StoreError(f"another process is at work in {folder}; try again when it has ended") from error
        except OSError as error:
            way = "keep it on a disk that has locks"
            raise StoreError(f"{folder} cannot be locked ({error.strerror}); {way}") from error
        yield


def plain(path: Path) -> bool:
    """Say whether a file lies there itself: no link, no pipe, no folder, and no name that none can have."""
    try:
        return path.is_file() and not path.is_symlink()
    except OSError:
        return False


def read(path: Path, what: str) -> bytes:
    """Return a file's content.

    Raises:
        StoreError: when it cannot be read, or is a link or a pipe: what is in a lineage lies there.
    """
    try:
        if path.exists() and not plain(path):
            raise StoreError(f"{what} cannot be read (it is no plain file): {path}")
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{what} cannot be read ({error.strerror}): {path}") from error
