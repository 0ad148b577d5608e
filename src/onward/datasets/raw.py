"""What lies at a place before anything is decoded, and what of it can be used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor

from onward.datasets.arrays.tensors import tensor
from onward.datasets.images.encoded import Reasons, Size
from onward.datasets.labels import NONE, Labels
from onward.datasets.reading import Answer, Reading
from onward.errors import InputError, counted, listed
from onward.types import Data, check_targets

Trouble = Literal["unlabeled", "corrupt"]

SAID: dict[Trouble, tuple[str, str, str]] = {
    "unlabeled": ("has no class", "have no class", "Label them"),
    "corrupt": ("cannot be used", "cannot be used", "Mend them"),
}
"""What is wrong with one, with several, and the way out."""


@dataclass(frozen=True, eq=False)
class Taken:
    """What of a source can be used.

    Args:
        data: the examples.
        unlabeled: names of the files or rows that were left out because they have no class.
        corrupt: of those that were left out because they cannot be used.
        columns: of a table of numbers, those that are the inputs, in order.
        rows: where each example stands among all that lie there, (n,) int64; None is in their order.
        files: of each example; () where they have none of their own.
    """

    data: Data
    unlabeled: tuple[str, ...] = ()
    corrupt: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: Tensor | None = None
    files: Sequence[str] = ()


class Inputs(Protocol):
    """The inputs at a place, in whatever form they lie."""

    @property
    def noun(self) -> str:
        """Return what one is called in messages."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...

    def name(self, row: int) -> str:
        """Return the name of one in messages."""
        ...

    def files_of(self, rows: np.ndarray) -> Sequence[str]:
        """Return the file of each of ``rows``, (m,) int64; () where they have none of their own."""
        ...

    def data(
        self, rows: np.ndarray, targets: Tensor, classes: tuple[str, ...], reading: Reading, size: Size
    ) -> tuple[Data, Reasons]:
        """Return the examples of ``rows`` that can be used, and why the others of them cannot.

        Args:
            rows: (m,) int64.
            targets: of ``rows``, (m,) int64.
            classes: the name of each class id.
            reading: how they are read.
            size: to which images are resized, instead of what ``reading`` says.

        Raises:
            InputError: when they are not what the model takes.
        """
        ...


@dataclass(frozen=True, eq=False)
class Raw:
    """Inputs and labels as they lie.

    Args:
        inputs: n of them.
        labels: the class of each.
        where: the file or folder, for messages.
        beside: why some of them have no class, by name, where there is more to say than that.
        columns: of a table of numbers, those that are the inputs, in order.
    """

    inputs: Inputs
    labels: Labels
    where: Path
    beside: Mapping[str, str] = field(default_factory=dict)
    columns: tuple[str, ...] = ()

    def taken(self, reading: Reading, names: tuple[str, ...] = (), size: Size = None) -> Taken:
        """Return what can be used, as examples.

        Args:
            reading: how, and what is done about the rest.
            names: of the class ids, instead of what is recorded.
            size: to which images are resized, instead of what ``reading`` says.

        Raises:
            InputError: when nothing can be used, labels, names and inputs do not fit one another, or some cannot be
                used and ``reading`` does not say to skip them.
        """
        targets, classes = self._targets(names)
        if not reading.labels:
            targets, classes = nameless(targets, classes)
        rows = torch.nonzero(targets != NONE)[:, 0]
        bare = [self.inputs.name(row) for row in torch.nonzero(targets == NONE)[:, 0].tolist()]
        whys = {name: self.beside.get(name, "") for name in bare}
        unlabeled = self._left_out("unlabeled", whys, reading.care.unlabeled)
        data, broken = self.inputs.data(rows.numpy(), targets[rows], classes, reading, size)
        reasons = {self.inputs.name(row): reason for row, reason in broken.items()}
        corrupt = self._left_out("corrupt", reasons, reading.care.corrupt)
        if not len(data):
            raise InputError(f"{self.where} holds no examples that can be used")
        kept = rows[~torch.isin(rows, torch.tensor([*broken], dtype=torch.int64))]
        return Taken(data, unlabeled, corrupt, self.columns, kept, self.inputs.files_of(kept.numpy()))

    def _targets(self, names: tuple[str, ...]) -> tuple[Tensor, tuple[str, ...]]:
        try:
            ids, classes = self.labels.numbered(names)
            if len(ids) != len(self.inputs):
                raise InputError(f"there are {len(self.inputs)} inputs but {len(ids)} targets")
            check_targets(tensor(ids[ids != NONE]), classes)
        except InputError as error:
            raise InputError(f"{self.where}: {error}") from error
        if not len(ids):
            raise InputError(f"{self.where} holds no examples")
        return tensor(ids), classes

    def _left_out(self, trouble: Trouble, found: Mapping[str, str], answer: Answer) -> tuple[str, ...]:
        if found and answer == "refuse":
            one, several, mend = SAID[trouble]
            state = one if len(found) == 1 else several
            shown = listed((f"{name} ({why})" if why else name for name, why in found.items()), most=3)
            raise InputError(
                f"{len(found):,} of {counted(len(self.inputs), self.inputs.noun)} in {self.where} {state}: {shown}. "
                f"{mend}, or leave them out where the command has --{trouble} skip"
            )
        return tuple(found)


def nameless(targets: Tensor, classes: tuple[str, ...]) -> tuple[Tensor, tuple[str, ...]]:
    """Return class ids and names under which the examples without a class, if there are any, have the class ""."""
    lacking = targets == NONE
    if not bool(lacking.any()):
        return targets, classes
    return targets.masked_fill(lacking, len(classes)), (*classes, "")
