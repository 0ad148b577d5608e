"""An experiment from a TOML file. Everything that is wrong with it is said at once, before anything runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from onward.config import read_toml
from onward.errors import InputError, counted, hold
from onward.experiment.contenders import contending, settings_of
from onward.experiment.plan import Experiment
from onward.experiment.trial import Findings, tried_model, tried_stream
from onward.schema import problems


@dataclass(frozen=True)
class Document:
    """The file as it is written.

    Args:
        name: of the experiment; the file's own when left out.
        stream: ``data``, or ``train`` and ``test``; ``scenario``, ``parts``, and the scenario's options.
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
            "watch must be >= 0": self.watch >= 0,
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
    contenders = contending(*(section(values, name) for name in ("methods", "starts", "settings")), wrong)
    each_settings = dict.fromkeys(given for each in contenders for given in settings_of(each))
    network = section(values, "model")
    model = tried_model(network, tried, each_settings, wrong)
    for each in contenders:
        if each.model:
            tried_model({**network, **each.model}, tried, settings_of(each), wrong)
    if wrong or tried.plan is None:
        every = list(dict.fromkeys(wrong))
        raise InputError(f"{counted(len(every), 'problem')} in {file}:" + "".join(f"\n- {each}" for each in every))
    watch, seen_only = int(str(values.get("watch", 0))), bool(values.get("seen_only", False))
    return Experiment(
        str(values["name"]), tried.plan, model, tuple(contenders), numbers, folder, watch=watch, seen_only=seen_only
    )


def section(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return a table of the file; {} where there is none."""
    found = values.get(name)
    return found if isinstance(found, dict) else {}
