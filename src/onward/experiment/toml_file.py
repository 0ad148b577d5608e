"""An experiment from a TOML file. Everything that is wrong with it is said at once, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

from onward.catalogue import parsed, written
from onward.config import read_toml
from onward.errors import InputError, counted, hold
from onward.experiment.plan import Contender, Experiment
from onward.experiment.trial import Findings, tried_model, tried_stream
from onward.schema import checked, problems
from onward.settings import Settings

OWN = ("method", "at_once")
"""What a method's table may hold beside settings."""


@dataclass(frozen=True)
class Document:
    """The file as it is written.

    Args:
        name: of the experiment; the file's own when left out.
        stream: ``data``, or ``train`` and ``test``; ``scenario``, ``parts``, and the scenario's options.
        model: ``net``, and its arguments.
        methods: each label with a method, as text, or as a table of ``method``, ``at_once`` and the settings in which
            it differs.
        settings: the fields of ``Settings``.
        seeds: how many, counted from 0, or which.
    """

    name: str
    stream: dict[str, Any] = field(default_factory=dict)
    model: dict[str, Any] = field(default_factory=dict)
    methods: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    seeds: Any = 3

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def __post_init__(self) -> None:
        """Refuse what no experiment can be made of, all of it at once."""
        rules = {
            "name must be one that a folder can have": self.name not in ("", ".", "..") and "/" not in self.name,
            "methods must name at least one": bool(self.methods),
            "seeds must be how many, >= 1, or a list of different whole numbers": bool(numbered(self.seeds)),
        }
        hold(rules, vars(self))


def numbered(seeds: object) -> tuple[int, ...]:
    """Return the seeds that a number of them, or a list, stands for; () when it stands for none."""
    if isinstance(seeds, int) and not isinstance(seeds, bool):
        return tuple(range(seeds))
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
    file, folder = Path(path), None if data_dir is None else Path(data_dir)
    values = {"name": file.stem, **read_toml(file)} | ({} if seeds is None else {"seeds": seeds})
    wrong = Findings(problems(Document, values))
    numbers = numbered(values.get("seeds", Document.seeds))
    tried = tried_stream(section(values, "stream"), folder, numbers[0] if numbers else 0, wrong)
    contenders = contending(section(values, "methods"), section(values, "settings"), wrong)
    each_settings = dict.fromkeys(contender.settings for contender in contenders)
    model = tried_model(section(values, "model"), tried, each_settings, wrong)
    if wrong or tried.plan is None:
        every = list(dict.fromkeys(wrong))
        raise InputError(f"{counted(len(every), 'problem')} in {file}:" + "".join(f"\n- {each}" for each in every))
    return Experiment(str(values["name"]), tried.plan, model, tuple(contenders), numbers, folder)


def section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table of the file; {} where there is none."""
    found = values.get(name)
    return found if isinstance(found, dict) else {}


def contending(methods: Mapping[str, Any], settings: Mapping[str, Any], wrong: Findings) -> list[Contender]:
    """Return every method with its settings; what is wrong is noted."""
    amiss = problems(Settings, settings)
    wrong += [f"[settings] {problem}" for problem in amiss]
    shared = {} if amiss else settings
    found: dict[Contender, Contender] = {}
    for label, value in methods.items():
        given = value if isinstance(value, dict) else {"method": value}
        own = {**shared, **{name: each for name, each in given.items() if name not in OWN}}
        amiss = [f"[methods] {label!r}: {problem}" for problem in problems(Settings, own)]
        at_once = given.get("at_once", False)
        if not isinstance(at_once, bool):
            amiss.append(f"[methods] {label!r}: at_once must be true or false, got {at_once!r}")
        wrong += amiss
        method = wrong.tried(lambda given=given, label=label: method_of(label, given))
        if method is None or amiss:
            continue
        contender = Contender(label, method, checked(Settings, own, label), at_once)
        other = found.setdefault(replace(contender, label=""), contender)
        if other is not contender:
            wrong.append(f"[methods] {label!r} and {other.label!r} are the same, {method}; leave one of them out")
    return list(found.values())


def method_of(label: str, given: Mapping[str, Any]) -> str:
    """Return the method of a label, as ``written`` has it.

    Raises:
        InputError: when it is none.
    """
    text = given.get("method")
    if not isinstance(text, str):
        wanted = "a text like 'replay(size=500)', or a table with such a method"
        raise InputError(f"[methods] {label!r} must be {wanted}; got {text!r}")
    try:
        return written(parsed(text))
    except InputError as error:
        raise InputError(f"[methods] {label!r}: {error}") from error
