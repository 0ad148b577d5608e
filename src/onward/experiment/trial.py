"""The stream and the model of an experiment, tried before anything runs."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from onward.datasets.published.named import NAMES
from onward.engine.check import check
from onward.engine.update import usable
from onward.errors import InputError, unknown
from onward.experiment.cell import made_model, made_stream
from onward.experiment.checkpoint import IMPORTED, TAKES, held_to
from onward.experiment.plan import AnyStream, GivenStream, ModelPlan, Part, StreamPlan
from onward.nets.zoo import BACKBONES
from onward.settings import Settings
from onward.store.fingerprint import fingerprint
from onward.streams.experience import Stream
from onward.streams.named import SCENARIOS
from onward.streams.scenario import in_turn
from onward.types import Data

T = TypeVar("T")

Load = Callable[[str], Data]
"""From a source to its examples."""

FIELDS = ("data", "train", "test", "scenario", "parts")
"""What ``[stream]`` may hold beside the options of its scenario."""


class Findings(list[str]):
    """Everything that is wrong, in sentences."""

    def tried(self, make: Callable[[], T]) -> T | None:
        """Return what ``make`` returns; None when it refuses, which is noted."""
        try:
            return make()
        except InputError as error:
            self.append(str(error))
            return None


class Tried(NamedTuple):
    """A stream as it is planned, what arrives in it first, and the stream itself; None where it could not be made."""

    plan: AnyStream | None = None
    train: Data | None = None
    stream: Stream | None = None


def tried_stream(values: Mapping[str, Any], load: Load, seed: int, wrong: Findings) -> Tried:
    """Load the data of ``[stream]`` and cut it with ``seed``; what is wrong is noted."""
    if isinstance(values.get("parts"), list):
        return tried_parts(values, load, wrong)
    scenario, parts = str(values.get("scenario")), values.get("parts")
    wrong += [f"[stream] {name} is missing" for name in ("scenario", "parts") if name not in values]
    options = {name: value for name, value in values.items() if name not in FIELDS}
    if scenario in SCENARIOS:
        known = SCENARIOS[scenario].options
        wrong += [str(unknown("name in [stream]", name, (*FIELDS, *known))) for name in options if name not in known]
        options = {name: value for name, value in options.items() if name in known}
    elif "scenario" in values:
        wrong.append(str(unknown("scenario", scenario, SCENARIOS)))
    sources = wrong.tried(lambda: sources_of(values))
    if sources is None:
        return Tried()
    train, test = (wrong.tried(lambda source=source: load(source)) for source in sources)
    if train is None or test is None or scenario not in SCENARIOS or parts is None:
        return Tried(train=train)
    plan = StreamPlan(*sources, scenario, parts, options, (fingerprint(train), fingerprint(test)))
    return Tried(plan, train, wrong.tried(lambda: made_stream(plan, train, test, seed)))


def tried_parts(values: Mapping[str, Any], load: Load, wrong: Findings) -> Tried:
    """Load the data of every part of ``[stream]`` and put it together; what is wrong is noted."""
    wrong += [
        str(unknown("name in [stream] beside a list of parts", name, ("parts",))) for name in values if name != "parts"
    ]
    parts, read_in = [], {}
    for number, given in enumerate(values["parts"], 1):
        table = given if isinstance(given, dict) else {}
        if set(table) not in ({"name", "train", "test"}, {"name", "data"}) or table["name"] in read_in:
            wrong.append(
                f"[stream] part {number} must be a name of its own, and data, or train and test; got {given!r}"
            )
            continue
        sources = wrong.tried(lambda table=table: sources_of(table)) or ()
        found = [wrong.tried(lambda source=source: load(source)) for source in sources]
        train, test = found if len(found) == 2 else (None, None)
        if train is not None and test is not None:
            read_in[table["name"]] = train, test
            parts.append(Part(str(table["name"]), *sources, (fingerprint(train), fingerprint(test))))
    if len(parts) < len(values["parts"]) or not parts:
        return Tried()
    stream = wrong.tried(lambda: in_turn(read_in))
    return Tried(GivenStream(tuple(parts)), stream[0].train if stream else None, stream)


def sources_of(values: Mapping[str, Any]) -> tuple[str, str]:
    """Return the sources of the training and the test data.

    Raises:
        InputError: when they are not given, or given twice.
    """
    given = {name: str(values[name]) for name in ("data", "train", "test") if name in values}
    if set(given) == {"data"}:
        if given["data"] not in NAMES:
            raise unknown("data set", given["data"], NAMES)
        return f"{given['data']}:train", f"{given['data']}:test"
    if set(given) == {"train", "test"}:
        return given["train"], given["test"]
    raise InputError(
        f"[stream] takes data, a data set's name, or train and test, two sources; got {given or 'neither'}"
    )


def tried_model(
    values: Mapping[str, Any],
    tried: Tried,
    settings: Iterable[Settings],
    wrong: Findings,
    data_dir: Path | None = None,
) -> ModelPlan:
    """Make the model of ``[model]`` and hold it against the stream and the settings; what is wrong is noted."""
    net = str(values.get("net"))
    plan = ModelPlan(net, {name: value for name, value in values.items() if name != "net"})
    taken = {name: set(inspect.signature(backbone).parameters) for name, backbone in BACKBONES.items()}
    ours = {name: arguments - {"shape"} | {"mean", "std"} for name, arguments in taken.items() if "shape" in arguments}
    ours[IMPORTED] = set(TAKES)
    for device in dict.fromkeys(each.device for each in settings):
        wrong.tried(lambda device=device: usable(device))
    if net not in ours:
        wrong.append(str(unknown("network", net, ours)) if "net" in values else "[model] net is missing")
        return plan
    strange = [name for name in plan.arguments if name not in ours[net]]
    wrong += [str(unknown(f"argument of {net}", name, ours[net])) for name in strange]
    if tried.train is None or strange:
        return plan
    try:
        plan = held_to(plan, data_dir)
        model = made_model(plan, tried.train, seed=0, data_dir=data_dir)
    except (
        RuntimeError,
        ValueError,
        TypeError,
        ArithmeticError,
        MemoryError,
    ) as error:  # torch refuses sizes in its own words
        wrong.append(f"[model] {error}")
        return plan
    for each, first in product(settings, (tried.stream or ())[:1]):
        wrong.tried(lambda each=each, first=first: check(first.train, model, each))
    return plan
