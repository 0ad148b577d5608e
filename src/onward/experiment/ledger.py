"""The cells that were run, a file each: they appear whole or not at all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from pathlib import Path

from onward.errors import InputError, StoreError
from onward.experiment.plan import Cell, canonical
from onward.experiment.results import CellResult
from onward.schema import checked
from onward.store import files


class Ledger:
    """A folder of cells, each under its key.

    Args:
        folder: made when the first cell is written.
    """

    def __init__(self, folder: Path) -> None:
        """Look at nothing yet."""
        self.folder = folder

    def path(self, cell: Cell) -> Path:
        """Return where a cell's file is, or would be."""
        return self.folder / f"{cell.key}.json"

    def find(self, cell: Cell) -> CellResult | None:
        """Return what came of a cell; None when it was not run.

        Raises:
            StoreError: when its file is damaged.
        """
        path = self.path(cell)
        if not path.exists():
            return None
        try:
            held = json.loads(files.read(path, "a finished cell"))
            if held["definition"] != json.loads(canonical(cell.definition)) or held["sha256"] != digest(held["result"]):
                raise StoreError(f"{path} is not what was written there")
            result = checked(CellResult, held["result"], str(path))
        except (ValueError, KeyError, TypeError, InputError) as error:
            raise StoreError(f"{path} is not the record of a cell") from error
        return replace(result, label=cell.contender.label)

    def write(self, cell: Cell, result: CellResult) -> None:
        """Keep what came of a cell."""
        self.folder.mkdir(parents=True, exist_ok=True)
        values = asdict(result)
        record = {"definition": cell.definition, "result": values, "sha256": digest(values)}
        files.replace(self.path(cell), json.dumps(record, indent=1, ensure_ascii=False).encode() + b"\n")


def digest(result: dict) -> str:
    """Return the hash of a result, by which a damaged one is told."""
    return hashlib.sha256(canonical(result)).hexdigest()
