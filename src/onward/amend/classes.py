"""A class gets another name, or is counted as another class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from onward.amend.child import Origin, as_before, child, measured_anew
from onward.errors import InputError, unknown
from onward.nets.classifier import Classifier
from onward.store.version import Version


def renamed(start: Origin, old: str, new: str) -> Version:
    """Make the version in which a class has another name. Its id stays, and the old name goes on to mean it.

    Args:
        start: the version in use.
        old: the class.
        new: what it is to be called; an older name of its own may come back.

    Raises:
        InputError: when there is no such class, or the new name is taken; nothing is written.
        StoreError: when the head has moved meanwhile; the new version is kept.
    """
    model = start.before.model
    stands_for_itself(model, old, "rename")
    allow_name(new)
    if new in model.classes:
        raise InputError(
            f"'{new}' is a class already (id {model.classes.index(new)}), so '{old}' (id {model.classes.index(old)}) "
            "cannot be called that. To count one as the other: `onward merge`"
        )
    if (meant := model.aliases.get(new, old)) != old:
        raise InputError(
            f"'{new}' is another name of '{meant}' (id {model.classes.index(meant)}) already, so '{old}' "
            f"(id {model.classes.index(old)}) cannot be called that; give it a name of its own"
        )
    names = tuple(new if name == old else name for name in model.classes)
    aliases = {name: new if meant == old else meant for name, meant in model.aliases.items() if name != new}
    after = replace(start.before, model=under_names(model, names, aliases | {old: new}))
    return child(start, after, f"rename {old} -> {new}", as_before(start.parent.card.measures, {old: new}))


def merged(start: Origin, name: str, into: str, data_dir: Path | None = None) -> Version:
    """Make the version in which a name is counted as a class.

    A class of the model keeps its row, and its probability is added to the other's. A name that the model does not know
    becomes another name of the class. The test sets that can be read are judged anew.

    Args:
        start: the version in use.
        name: a class, or a name unknown so far.
        into: the class that it is to mean.
        data_dir: where data sets by name are looked for.

    Raises:
        InputError: when the name means something else already, or there is no class to merge it into; nothing is
            written.
        StoreError: when the head has moved meanwhile; the new version is kept.
    """
    model = start.before.model
    stands_for_itself(model, into, "merge into")
    allow_name(name)
    if name == into:
        raise InputError(f"'{name}' cannot be merged into itself; name two")
    if name in model.aliases:
        raise InputError(
            f"'{name}' means '{model.aliases[name]}' already, so it cannot mean '{into}'; merge "
            f"'{model.aliases[name]}' into '{into}' if they are one"
        )
    of_one_task(model, name, into)
    aliases = {alias: into if meant == name else meant for alias, meant in model.aliases.items()}
    after = replace(start.before, model=under_names(model, model.classes, aliases | {name: into}))
    return child(start, after, f"merge {name} -> {into}", measured_anew(start, after, data_dir))


def stands_for_itself(model: Classifier, name: str, verb: str) -> None:
    """Refuse a name that is no class of the model, or means another one.

    Raises:
        InputError: with the class that is meant, or the nearest names.
    """
    if name in model.aliases:
        meant = model.aliases[name]
        raise InputError(
            f"'{name}' is counted as '{meant}' (id {model.classes.index(meant)}); {verb} '{meant}' instead"
        )
    if name not in model.classes:
        raise unknown("class", name, model.live)


def allow_name(name: str) -> None:
    """Refuse what cannot be a class's name.

    Raises:
        InputError: with what came.
    """
    if not name.strip() or name != name.strip():
        raise InputError(f"a class's name is a text that neither begins nor ends with a blank, got {name!r}")


def of_one_task(model: Classifier, name: str, into: str) -> None:
    """Refuse to merge classes between which the model is never asked to tell.

    Raises:
        InputError: naming both tasks.
    """
    if model.tasks is None or name not in model.classes:
        return
    one, other = (model.tasks[model.classes.index(each)] for each in (name, into))
    if one != other:
        raise InputError(
            f"'{name}' is of task {one} and '{into}' of task {other}, and a head with tasks never has to tell them "
            "apart; merge classes of one task"
        )


def under_names(model: Classifier, classes: Sequence[str], aliases: Mapping[str, str]) -> Classifier:
    """Return a model of the same parts, under other names."""
    named = Classifier(model.backbone, model.head, classes, model.tasks, model.mean, model.std, aliases)
    return named.eval()
