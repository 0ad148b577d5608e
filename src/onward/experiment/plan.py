"""What an experiment is, as values: which stream, which model, which methods, which seeds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from onward.settings import Settings, stated
from onward.store.card import software


@dataclass(frozen=True)
class StreamPlan:
    """How a stream is made from data; see ``streams.named.build_stream``.

    Args:
        train: source of what arrives; see ``datasets.source``.
        test: source of where it is evaluated.
        scenario: the name of the way it is cut.
        parts: how many experiences.
        options: the scenario's own.
        fingerprints: of the training and the test data; see ``store.fingerprint``.
    """

    train: str
    test: str
    scenario: str
    parts: int
    options: Mapping[str, Any] = field(default_factory=dict)
    fingerprints: tuple[str, str] = ("", "")

    @property
    def beginning(self) -> StreamPlan:
        """What decides the first experience: everything."""
        return self


@dataclass(frozen=True)
class Part:
    """One part of a stream that is given part by part.

    Args:
        name: what sets it apart from the others.
        train: source of what arrives.
        test: source of where it is evaluated.
        fingerprints: of the training and the test data.
    """

    name: str
    train: str
    test: str
    fingerprints: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class GivenStream:
    """A stream that is given part by part; see ``streams.scenario.in_turn``."""

    parts: tuple[Part, ...]

    @property
    def beginning(self) -> GivenStream:
        """What decides the first experience: the first part."""
        return GivenStream(self.parts[:1])


AnyStream = StreamPlan | GivenStream
"""A stream as it is planned."""


@dataclass(frozen=True)
class ModelPlan:
    """A network by name, with its arguments but for the shape of the inputs, which the data has.

    The network ``imported`` is one from elsewhere, with weights or without; see ``checkpoint.brought``.
    """

    net: str
    arguments: Mapping[str, Any] = field(default_factory=dict)

    def but(self, values: Mapping[str, Any]) -> ModelPlan:
        """Return the plan with other values of some arguments, or of ``net``."""
        merged = {"net": self.net, **self.arguments, **values}
        return ModelPlan(str(merged.pop("net")), merged)


@dataclass(frozen=True)
class Start:
    """How the first experience is learned where several contenders go on from the same version: once for them all.

    What its method keeps is there for the contenders' methods, by name.

    Args:
        method: as it is written.
        settings: it runs with.
    """

    method: str
    settings: Settings

    @property
    def stated(self) -> dict[str, Any]:
        """It as JSON."""
        return {"method": self.method, "settings": stated(self.settings)}


@dataclass(frozen=True)
class Contender:
    """A method as it is compared.

    Args:
        label: under which it is.
        method: as it is written.
        settings: it runs with.
        at_once: it gets the whole stream as one experience: an oracle, at the price of one training on everything.
        start: what it goes on from, which learned the first experience; None learns that by its own method.
        model: the arguments in which its network differs from that of the others.
        stream: what it runs through where that is not what the others do.
    """

    label: str
    method: str
    settings: Settings
    at_once: bool = False
    start: Start | None = None
    model: Mapping[str, Any] = field(default_factory=dict, hash=False)
    stream: AnyStream | None = field(default=None, hash=False)


@dataclass(frozen=True)
class Cell:
    """One contender with one seed: a run by itself.

    Args:
        contender: what is run.
        seed: of the stream, of the model's weights and of every update.
        stream: what it runs through.
        model: what it starts with.
        data_dir: where data sets by name are looked for.
        watch: how many examples of each test set are looked at while an update trains; 0 does not look.
        seen_only: experiences to come are not evaluated.
        starts: the folder of the versions that contenders start from; None keeps none of them.
    """

    contender: Contender
    seed: int
    stream: AnyStream
    model: ModelPlan
    data_dir: Path | None = None
    watch: int = 0
    seen_only: bool = False
    starts: Path | None = None

    @cached_property
    def definition(self) -> dict[str, Any]:
        """Everything that decides the numbers, as JSON. The label is not in it, nor where files lie."""
        start = self.contender.start
        found: dict[str, Any] = {
            **self.ground,
            "method": self.contender.method,
            "settings": stated(self.contender.settings),
            "at_once": self.contender.at_once,
        }
        more = {"start": start and start.stated, "watch": self.watch, "seen_only": self.seen_only}
        return found | {name: value for name, value in more.items() if value}

    @cached_property
    def key(self) -> str:
        """The hash of the definition: what makes two runs the same one."""
        return hashed(self.definition)

    @cached_property
    def start_key(self) -> str:
        """The hash of everything that decides its start; "" where it has none."""
        start = self.contender.start
        return "" if start is None else hashed(self.ground | {"stream": asdict(self.stream.beginning)} | start.stated)

    @property
    def ground(self) -> dict[str, Any]:
        """What all contenders of one seed share, as JSON."""
        return {
            "stream": asdict(self.stream),
            "model": asdict(self.model),
            "seed": self.seed,
            "software": software(),
        }


@dataclass(frozen=True)
class Experiment:
    """Methods to be compared on the same streams, or each of them on several.

    Args:
        name: what it is called.
        stream: what every method runs through, but for what it says itself; its seed varies.
        model: what every method starts with, but for what it says itself; its seed varies.
        contenders: the methods.
        seeds: one run of each method for each.
        data_dir: where data sets by name are looked for; None is the usual places.
        watch: how many examples of each test set are looked at while an update trains, at each reading of the loss;
            0 does not look.
        seen_only: experiences to come are not evaluated, which takes half of the time that evaluation takes.
    """

    name: str
    stream: AnyStream
    model: ModelPlan
    contenders: tuple[Contender, ...]
    seeds: tuple[int, ...]
    data_dir: Path | None = None
    watch: int = 0
    seen_only: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every contender with every seed."""
        return tuple(
            Cell(
                contender,
                seed,
                contender.stream or self.stream,
                self.model.but(contender.model),
                self.data_dir,
                watch=self.watch,
                seen_only=self.seen_only,
            )
            for contender in self.contenders
            for seed in self.seeds
        )


def hashed(values: Mapping[str, Any]) -> str:
    """Return the hash of values, short enough for a file's name."""
    return hashlib.sha256(canonical(values)).hexdigest()[:20]


def canonical(values: Mapping[str, Any]) -> bytes:
    """Return values as JSON, the same bytes for the same values."""
    return json.dumps(values, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()
