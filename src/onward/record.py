"""What an update did, what it cost and what came of it, as plain values that go into a version's card."""

from __future__ import annotations

from dataclasses import dataclass


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


@dataclass(frozen=True)
class Cost:
    """The bill of an update.

    Args:
        samples: examples gone through the model in training.
        steps: optimiser steps.
        forward_flops: of training's forward passes through the model, counted by torch on one example.
        backward_flops: of the backward passes.
        seconds: wall time of the whole update.
        peak_memory: bytes of resident memory at its highest (host), or of the device's when it trained on one.
        kept_bytes: what the method carries to the next update.
    """

    samples: int = 0
    steps: int = 0
    forward_flops: int = 0
    backward_flops: int = 0
    seconds: float = 0.0
    peak_memory: int = 0
    kept_bytes: int = 0


@dataclass(frozen=True)
class Record:
    """All phases of an update, and its bill."""

    phases: tuple[PhaseRecord, ...]
    cost: Cost


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
    """

    test: str
    examples: int
    accuracy: float
    parent_accuracy: float | None = None
    negative_flips: float | None = None
    positive_flips: float | None = None
    old: bool = False
