"""How a phase is optimised: the run's choice, not the method's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from onward.errors import hold
from onward.schema import LATER, on_record

Optimiser = Literal["sgd", "adamw"]
Schedule = Literal["constant", "cosine", "one_cycle"]
Augmentation = Literal["flip", "crop", "cutout"]
Precision = Literal["float32", "bfloat16"]
Part = Literal["all", "head"]


@dataclass(frozen=True)
class Settings:
    """Optimiser, schedule, batches, device. A plain record, so its many fields are its documentation.

    Args:
        trains: what a phase moves unless its method says otherwise: ``all`` that the model lets move, or its ``head``
            alone, which leaves the features as they are.
        epochs: passes over a phase's data, >= 0.
        steps: at most this many optimiser steps a phase; 0 is a dry run; None is no limit.
        batch_size: new examples a step, >= 1.
        optimiser: ``sgd`` (with ``momentum``, ``nesterov``) or ``adamw``.
        lr: the peak learning rate, > 0.
        momentum: of SGD, in [0, 1).
        nesterov: SGD looks ahead along its momentum.
        weight_decay: >= 0; added to SGD's gradient, decoupled in AdamW.
        schedule: of the learning rate over a phase: ``constant``, ``cosine`` to zero, or ``one_cycle``.
        warmup: share of a phase's steps in which the rate rises linearly to ``lr``, in [0, 1); not for ``one_cycle``.
        clip: the largest norm of a whole gradient, > 0; None does not clip.
        augment: done to each training batch, in this order: ``flip``, ``crop``, ``cutout``.
        precision: of the forward and backward pass: ``float32``, or ``bfloat16`` by autocast.
        device: where to train: ``cpu``, ``cuda``, ``cuda:1``, ``mps``.
        compile: run the features through ``torch.compile``.
        validation: share of the new data that is held back, in [0, 1).
        patience: stop a phase after this many epochs without a better validation loss, and take the best
            epoch's weights; None never stops early. Needs ``validation``.
        read_every: steps between two readings of the loss, >= 1: how fine its curve is. Each reading waits for the
            device; at 1 that is felt.
        deterministic: the same bits on the same machine each time: on a GPU of algorithms that give them, or the update
            is refused; on a CPU of one thread, so that they do not depend on how many there are. It may be slower.

    Raises:
        InputError: naming every field that is out of its range.
    """

    trains: Part = "all"
    epochs: int = 5
    steps: int | None = None
    batch_size: int = 64
    optimiser: Optimiser = "sgd"
    lr: float = 0.05
    momentum: float = 0.9
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    warmup: float = 0.0
    clip: float | None = None
    augment: tuple[Augmentation, ...] = ()
    precision: Precision = "float32"
    device: str = "cpu"
    compile: bool = False
    validation: float = 0.0
    patience: int | None = None
    read_every: int = 50
    deterministic: bool = field(default=False, metadata=LATER)

    __pydantic_config__: ClassVar = {"extra": "forbid", "strict": False}

    def __post_init__(self) -> None:
        """Refuse values outside their ranges, all of them at once."""
        rules = {
            "trains must be all or head": self.trains in ("all", "head"),
            "epochs must be >= 0": self.epochs >= 0,
            "steps must be >= 0 or left out": self.steps is None or self.steps >= 0,
            "batch_size must be >= 1": self.batch_size >= 1,
            "optimiser must be sgd or adamw": self.optimiser in ("sgd", "adamw"),
            "lr must be > 0 and finite": 0 < self.lr < math.inf,
            "momentum must be in [0, 1)": 0 <= self.momentum < 1,
            "nesterov needs momentum > 0": not self.nesterov or self.momentum > 0,
            "weight_decay must be >= 0 and finite": 0 <= self.weight_decay < math.inf,
            "schedule must be constant, cosine or one_cycle": self.schedule in ("constant", "cosine", "one_cycle"),
            "warmup must be in [0, 1)": 0 <= self.warmup < 1,
            "warmup must be 0 with one_cycle, which rises by itself": self.schedule != "one_cycle" or not self.warmup,
            "clip must be > 0 and finite, or left out": self.clip is None or 0 < self.clip < math.inf,
            "augment may hold flip, crop, cutout": set(self.augment) <= {"flip", "crop", "cutout"},
            "precision must be float32 or bfloat16": self.precision in ("float32", "bfloat16"),
            "validation must be in [0, 1)": 0 <= self.validation < 1,
            "patience must be >= 1 or left out": self.patience is None or self.patience >= 1,
            "read_every must be >= 1": self.read_every >= 1,
            "patience needs validation > 0": self.patience is None or self.validation > 0,
        }
        hold(rules, vars(self))


def stated(settings: Settings) -> dict[str, Any]:
    """Return settings as they are put on record, on cards and in what an experiment's run is known by."""
    values = asdict(settings)
    return {name: values[name] for name in on_record(settings)}


def unusual(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of some settings, as JSON has them, is not the usual."""
    usual = asdict(Settings())
    own = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    return {name: value for name, value in own.items() if value != usual.get(name)}
