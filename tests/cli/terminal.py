"""Commands as a user types them, in this process, and what became of them."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from onward.cli.app import main
from onward.types import Data

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Typed:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What was printed, all of it, as JSON."""
        return json.loads(self.out)

    def fact(self, name: str) -> str:
        """The text behind a word of the first column."""
        return next(line[14:] for line in self.out.splitlines() if line.startswith(f"  {name:<11} "))


def typed(command: str) -> Typed:
    """Run ``onward COMMAND``."""
    out, err, before = io.StringIO(), io.StringIO(), sys.argv
    try:
        sys.argv = ["onward", *shlex.split(command)]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as end:
        return Typed(int(end.code or 0), out.getvalue(), err.getvalue())
    finally:
        sys.argv = before
    raise AssertionError("the command did not end with an exit code")


def done(command: str) -> Typed:
    """Run a command that is to succeed."""
    ended = typed(command)
    assert (ended.code, ended.err) == (0, ""), ended
    return ended


def refused(command: str, lines: int = 1) -> str:
    """Run a command that is to be refused: a message, exit code 1, nothing written. Return the message."""
    before = contents(Path())
    ended = typed(command)
    assert ended.code == 1, ended
    assert ended.err.startswith("error: ") and ended.err.count("\n") == lines, ended.err
    assert contents(Path()) == before
    return ended.err


def contents(folder: Path) -> dict[str, bytes]:
    """Every folder and file below a folder; a lock is no content."""
    every = sorted(path for path in folder.rglob("*") if path.name != ".lock")
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in every}


def put(path: Path | str, data: Data) -> None:
    """Write examples as a user has them."""
    batch = data.take(torch.arange(len(data)))
    np.savez(path, x=batch.inputs.numpy(), y=batch.targets.numpy(), classes=np.array(data.classes))
