"""The methods of an experiment's file, each with its settings and with what it goes on from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from onward.catalogue import parsed, written
from onward.errors import InputError, unknown
from onward.experiment.plan import Contender, Start
from onward.experiment.trial import Findings
from onward.schema import checked, problems
from onward.settings import Settings

OWN = ("method", "at_once", "start", "model")
"""What a method's table may hold beside settings."""


class Entry(NamedTuple):
    """A line of a table as it was found. place: where it stands, for a message; given: its values."""

    place: str
    given: dict[str, Any]


def contending(
    methods: Mapping[str, Any], starts: Mapping[str, Any], settings: Mapping[str, Any], wrong: Findings
) -> list[Contender]:
    """Return every method with its settings and its start; what is wrong is noted.

    Args:
        methods: what each label has, as it is written.
        starts: what each name of a start has, likewise.
        settings: those that all share.
        wrong: where it is noted.
    """
    amiss = problems(Settings, settings)
    wrong += [f"[settings] {problem}" for problem in amiss]
    shared = {} if amiss else settings
    begun = {name: Start(*made) for name, made in tried(starts, "starts", ("method",), shared, wrong)}
    unused = dict.fromkeys(starts)
    found: dict[Contender, Contender] = {}
    for label, made in tried(methods, "methods", OWN, shared, wrong):
        entry = entry_of(methods, "methods", label)
        start, at_once = entry.given.get("start"), entry.given.get("at_once", False)
        unused.pop(start, None)
        if start is not None and start not in starts:
            wrong.append(f"{entry.place}: {unknown('start', str(start), starts)}")
        if not isinstance(at_once, bool) or (at_once and start is not None):
            wrong.append(f"{entry.place}: at_once must be true or false, and not true beside a start; got {at_once!r}")
        model = entry.given.get("model", {})
        if not isinstance(model, dict):
            wrong.append(f"{entry.place}: model must be a table like {{ width = 64 }}, got {model!r}")
            continue
        contender = Contender(label, *made, at_once is True, begun.get(start), model)
        other = found.setdefault(replace(contender, label=""), contender)
        if other is not contender:
            wrong.append(f"{entry.place} and {other.label!r} are the same, {made[0]}; leave one of them out")
    wrong += [f"[starts] {name!r} is no method's start; leave it out" for name in unused]
    return list(found.values())


def tried(
    table: Mapping[str, Any], name: str, own: tuple[str, ...], shared: Mapping[str, Any], wrong: Findings
) -> Iterator[tuple[str, tuple[str, Settings]]]:
    """Yield each label with its method, as ``written`` has it, and its settings; what is wrong is noted.

    Args:
        table: of the labels.
        name: the table's.
        own: what an entry may hold beside settings.
        shared: settings of all.
        wrong: where it is noted.
    """
    for label in table:
        entry = entry_of(table, name, label)
        settings = {**shared, **{key: value for key, value in entry.given.items() if key not in own}}
        amiss = [f"{entry.place}: {problem}" for problem in problems(Settings, settings)]
        wrong += amiss
        method = wrong.tried(lambda entry=entry: method_of(entry))
        if method is not None and not amiss:
            yield label, (method, checked(Settings, settings, label))


def entry_of(table: Mapping[str, Any], name: str, label: str) -> Entry:
    """Return what a label has in a table; a text stands for a method."""
    value = table[label]
    return Entry(f"[{name}] {label!r}", value if isinstance(value, dict) else {"method": value})


def method_of(entry: Entry) -> str:
    """Return the method of an entry, as ``written`` has it.

    Raises:
        InputError: when it is none.
    """
    text = entry.given.get("method")
    if not isinstance(text, str):
        wanted = "a text like 'replay(size=500)', or a table with such a method"
        raise InputError(f"{entry.place} must be {wanted}; got {text!r}")
    try:
        return written(parsed(text))
    except InputError as error:
        raise InputError(f"{entry.place}: {error}") from error


def settings_of(contender: Contender) -> tuple[Settings, ...]:
    """Return all settings with which a contender's run trains."""
    return (contender.settings,) if contender.start is None else (contender.settings, contender.start.settings)
