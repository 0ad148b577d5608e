"""An experiment from a TOML file. Everything that is wrong with it is said at once, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any, ClassVar

from onward.config import read_toml
from onward.datasets.source import read as read_source
from onward.errors import InputError, MissingExtraError, counted, hold
from onward.experiment.contenders import contending, settings_of
from onward.experiment.plan import Contender, Experiment, ModelPlan
from onward.experiment.trial import Findings, Tried, tried_model, tried_stream
from onward.schema import problems

MOST_SEEDS = 10_000
"""More is a slip of the pen: each seed is a run of every method."""


@dataclass(frozen=True)
class Document:
    """The file as it is written.

    Args:
        name: of the experiment; the file's own when left out.
        stream: ``data``, or ``train`` and ``test``; ``scenario``, ``parts``, and the scenario's options. Or ``parts``
            alone, a list of tables, each of them a part: ``name`` and ``data``, or ``train`` and ``test``.
        streams: instead, several by name. Every method runs through each, as "label, name".
        model: ``net``, and its arguments.
        methods: each label with a method, as text, or as a table of ``method``, ``at_once``, ``start``, ``model``, the
            arguments in which its network differs, and the settings in which it differs.
        settings: the fields of ``Settings``.
        starts: each name with how the first experience is learned, once for all methods that have it as their
            ``start``: a method, as text, or as a table of ``method`` and the settings in which it differs.
        seeds: how many, counted from 0, or which.
        watch: how many examples of each test set are looked at whenever the loss is read; see ``Experiment``.
        seen_only: experiences to come are not evaluated.
    """

    name: str
    stream: dict[str, Any] = field(default_factory=dict)
    streams: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    methods: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    starts: dict[str, Any] = field(default_factory=dict)
    seeds: Any = 3
    watch: int = 0
    seen_only: bool = False

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse what no experiment can be made of, all of it at once."""
        rules = {
            "name must be one that a folder can have": self.name not in ("", ".", "..") and "/" not in self.name,
            "methods must name at least one": bool(self.methods),
            "streams must be tables like stream, and stream left out": not self.streams
            or (not self.stream and all(isinstance(each, dict) for each in self.streams.values())),
            "watch must be >= 0": self.watch >= 0,
            f"seeds must be how many, 1 to {MOST_SEEDS}, or a list of different whole numbers": bool(
                numbered(self.seeds)
            ),
        }
        hold(rules, vars(self))


def numbered(seeds: object) -> tuple[int, ...]:
    """Return the seeds that a number of them, or a list, stands for; () when it stands for none."""
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        return tuple(range(seeds)) if seeds <= MOST_SEEDS else ()
    given = seeds if isinstance(seeds, list | tuple) else []
    whole = all(isinstance(seed, int) and not isinstance(seed, bool) for seed in given)
    return tuple(given) if whole and len(set(given)) == len(given) else ()


def read(path: str | Path, data_dir: str | Path | None = None, seeds: int | None = None) -> Experiment:
    """Return the experiment that a file describes, after it was tried: the data is there and the parts fit together.

    Args:
        path: of the TOML file.
        data_dir: where data sets by name are looked for; None is the usual places.
        seeds: how many, instead of those that the file says.

    Raises:
        InputError: with everything that is wrong; unknown names come with the nearest known ones.
        MissingExtraError: when the data needs a package that is not installed.
    """
    file = Path(path)
    values = {"name": file.stem, **read_toml(file)} | ({} if seeds is None else {"seeds": seeds})
    return made(values, str(file), None if data_dir is None else Path(data_dir))


def made(values: Mapping[str, Any], where: str, folder: Path | None = None) -> Experiment:
    """Return the experiment that the values of a document describe, after it was tried.

    Args:
        values: of ``Document``.
        where: they stand, for what is said of problems.
        folder: where data sets by name are looked for; None is the usual places.

    Raises:
        InputError: with everything that is wrong; unknown names come with the nearest known ones.
        MissingExtraError: when the data needs a package that is not installed.
    """
    wrong = Findings(problems(Document, values))
    numbers = numbered(values.get("seeds", Document.seeds))
    load = cache(partial(read_source, data_dir=folder))  # several streams may begin with the same data
    several = {name: table for name, table in section(values, "streams").items() if isinstance(table, dict)}
    streams = {}
    for name, table in (several or {"": section(values, "stream")}).items():
        amiss = Findings()
        streams[name] = tried_stream(table, load, numbers[0] if numbers else 0, amiss)
        wrong += [f"[streams] {name!r}: {each}" if name else each for each in amiss]
    contenders = contending(*(section(values, name) for name in ("methods", "starts", "settings")), wrong)
    models = [tried_models(section(values, "model"), each, contenders, wrong, folder) for each in streams.values()]
    first = next(iter(streams.values())).plan
    if wrong or first is None:
        every = list(dict.fromkeys(wrong))
        raise InputError(f"{counted(len(every), 'problem')} in {where}:" + "".join(f"\n- {each}" for each in every))
    if several:
        contenders = [
            replace(each, label=f"{each.label}, {name}", stream=tried.plan)
            for name, tried in streams.items()
            for each in contenders
        ]
    watch, seen_only = int(values.get("watch", 0)), bool(values.get("seen_only", False))
    return Experiment(
        str(values["name"]), first, models[0], tuple(contenders), numbers, folder, watch=watch, seen_only=seen_only
    )


def tried_models(
    network: Mapping[str, Any], tried: Tried, contenders: Sequence[Contender], wrong: Findings, folder: Path | None
) -> ModelPlan:
    """Make the model of the file, and those of methods that have their own, for a stream; what is wrong is noted."""
    every = dict.fromkeys(given for each in contenders for given in settings_of(each))
    model = tried_model(network, tried, every, wrong, folder)
    for each in contenders:
        if each.model:
            with suppress(MissingExtraError):  # its runs will say what they lack, and those of others go on
                tried_model({**network, **each.model}, tried, settings_of(each), wrong, folder)
    return model


def section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table of the file; {} where there is none."""
    found = values.get(name)
    return found if isinstance(found, dict) else {}
