"""What a phase tells while it runs. Values stay on the device and are read every so often, never each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from onward.errors import DivergedError
from onward.nets.classifier import Classifier


@dataclass(frozen=True)
class Progress:
    """How far an update is; given to observers, which return nothing.

    Args:
        phase: its name.
        step: optimiser steps done in the phase.
        steps: those planned.
        epoch: the running one, from 1.
        epochs: those planned.
        terms: the mean of each summand since the last reading; {} at a phase's start.
        rate: examples a second since the last reading; 0 at a phase's start.
        model: the network in training, to be looked at and left as it is; None where there is none to see.
    """

    phase: str
    step: int
    steps: int
    epoch: int
    epochs: int
    terms: dict[str, float]
    rate: float
    model: Classifier | None = None


Observer = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Observe nothing."""


class Log:
    """The terms' values of a phase, as device tensors until they are read."""

    def __init__(self, phase: str, terms: Sequence[str], every: int) -> None:
        """Start with nothing read; a reading is due after so many steps."""
        self._phase, self._terms, self._every = phase, tuple(terms), every
        self._pending: list[Tensor] = []
        self._read = 0
        self.curve: dict[str, list[float]] = {term: [] for term in self._terms}

    def add(self, values: Sequence[Tensor]) -> None:
        """Hold the values of one step, one a term, in order."""
        self._pending += [value.detach() for value in values]

    @property
    def due(self) -> bool:
        """Say whether it is time to read."""
        return len(self._pending) >= self._every * len(self._terms)

    @property
    def steps_read(self) -> int:
        """How many steps' values were read."""
        return self._read

    @property
    def pending(self) -> dict[str, Tensor]:
        """The values that were not read yet, (steps × terms,), on the device, under ``pending``; {} without any."""
        return {"pending": torch.stack(self._pending)} if self._pending else {}

    def go_on(self, steps_read: int, curve: Mapping[str, Sequence[float]], pending: Tensor | None) -> None:
        """Hold what a log held before.

        Raises:
            ValueError: when the values are not as many as the terms of some steps.
        """
        if pending is not None and (pending.ndim != 1 or len(pending) % len(self._terms)):
            raise ValueError(f"{tuple(pending.shape)} values are not those of {len(self._terms)} terms")
        self._read = steps_read
        self.curve = {term: list(curve[term]) for term in self._terms}
        self._pending = [] if pending is None else list(pending.unbind())

    def read(self) -> dict[str, float]:
        """Return the mean of each term since the last reading, and add it to the curve.

        Raises:
            DivergedError: when a value was not finite; names the term, the phase and the step.
        """
        if not self._pending:
            return {}
        values = torch.stack(self._pending).float().view(-1, len(self._terms))
        self._pending.clear()
        if not bool(torch.isfinite(values).all()):
            row, column = (~torch.isfinite(values)).nonzero()[0].tolist()
            raise DivergedError(
                f"the term '{self._terms[column]}' became {float(values[row, column])} in phase '{self._phase}' at "
                f"step {self._read + row}. Lower lr or set clip; the parent is unchanged."
            )
        self._read += len(values)
        means = dict(zip(self._terms, values.mean(dim=0).tolist(), strict=True))
        for term, mean in means.items():
            self.curve[term].append(mean)
        return means
