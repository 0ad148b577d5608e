"""What an update did, what it cost and what came of it, as plain values that go into a version's card."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class PhaseRecord:
    """One phase as it ran.

    Args:
        name: the phase's.
        examples: new examples in an epoch.
        batch_size: new examples a step.
        mixed: examples of a memory beside each batch.
        terms: the name of each summand of the objective.
        trained: parameters that were free to move.
        epochs: passes made; with early stopping, fewer than planned.
        planned: optimiser steps that its epochs come to.
        steps: optimiser steps taken.
        samples: examples gone through the model in training, mixed ones included.
        curve: for each term its mean over each stretch of steps between two readings.
        validation: loss on the held-back data after each epoch; () without such data.
        seconds: wall time.
        on_features: whether its data was features already: its samples went through the head alone.
        climbs: whether each step takes its gradient twice, first where it begins and then where that leads; its samples
            are counted twice.
    """

    name: str
    examples: int
    batch_size: int
    mixed: int
    terms: tuple[str, ...]
    trained: int
    epochs: int
    planned: int
    steps: int
    samples: int
    curve: dict[str, tuple[float, ...]]
    validation: tuple[float, ...]
    seconds: float
    on_features: bool = False
    climbs: bool = False


@dataclass(frozen=True)
class Cost:
    """The bill of an update.

    Args:
        samples: examples gone through the whole model in training.
        steps: optimiser steps.
        forward_flops: of training's forward passes through the model, counted by torch on one example.
        backward_flops: of the backward passes.
        seconds: wall time of the whole update.
        peak_memory: bytes of resident memory at its highest (host), or of the device's when it trained on one.
        kept_bytes: what the method carries to the next update.
        joules: energy of the whole update; None where the machine does not tell it.
    """

    samples: int = 0
    steps: int = 0
    forward_flops: int = 0
    backward_flops: int = 0
    seconds: float = 0.0
    peak_memory: int = 0
    kept_bytes: int = 0
    joules: float | None = None

    @property
    def flops(self) -> int:
        """Of both passes."""
        return self.forward_flops + self.backward_flops


@dataclass(frozen=True)
class Record:
    """All phases of an update, and its bill."""

    phases: tuple[PhaseRecord, ...]
    cost: Cost


@dataclass(frozen=True)
class Blend:
    """Of which versions a version is the mean.

    Args:
        weights: by id, of every version that was named; they sum to 1.
        frame: the id of the one whose classes, method, and what that kept, it has.
        chosen_on: sources of the data on which the weights were chosen; () where they were given.
        statistics: sources of the data from which batch norm's running statistics were taken anew; () averaged them.
    """

    weights: dict[str, float]
    frame: str
    chosen_on: tuple[str, ...] = ()
    statistics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Share:
    """What an update cost over what training from scratch on all data so far costs.

    Args:
        value: the ratio: of all FLOPs where it is measured, of examples gone through the model where it is projected.
        kind: ``measured`` on a version of the lineage that was trained from scratch, or ``projected``.
        of: what it was compared with, in words.
        seconds: the ratio of wall times; None where it is projected.
    """

    value: float
    kind: Literal["measured", "projected"]
    of: str
    seconds: float | None = None


@dataclass(frozen=True)
class Score:
    """A version on the examples of one class, beside its parent.

    Args:
        examples: how many.
        right: how many of them are predicted right.
        parent_right: how many the parent has right; None when there is no parent that knows a class.
        negative_flips: how many the parent had right and this version has wrong; None as well.
    """

    examples: int
    right: int
    parent_right: int | None = None
    negative_flips: int | None = None


@dataclass(frozen=True)
class Measure:
    """A version on one test set, beside its parent.

    Args:
        test: the source of the test set.
        examples: how many.
        accuracy: share predicted right.
        parent_accuracy: the parent's; None when there is no parent that knows a class.
        negative_flips: share that the parent had right and this version has wrong.
        positive_flips: share that it mended.
        old: whether the test set came with an earlier version.
        by_class: the examples of each class, by its name; {} in cards written before it was told.
        slice: the name under which the gate's rules ask for this test set; "" where it is one of the lineage's.
    """

    test: str
    examples: int
    accuracy: float
    parent_accuracy: float | None = None
    negative_flips: float | None = None
    positive_flips: float | None = None
    old: bool = False
    by_class: dict[str, Score] = field(default_factory=dict)
    slice: str = ""
