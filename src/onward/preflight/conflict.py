"""Names of classes that would become new classes by mistake."""

from __future__ import annotations

import re
import shlex
import unicodedata
from collections.abc import Sequence

from onward.errors import counted, listed
from onward.nets.classifier import Classifier

REALLY_NEW = "If they are really new, say --new-classes."


def conflict(classes: Sequence[str], model: Classifier) -> str | None:
    """Return what is wrong with the names of the classes that arrived, and the way out; None when nothing is.

    Two things are: one side counts its classes where the other names them, or a name differs from a known one only in
    how it is written.

    Args:
        classes: names that the data has examples of.
        model: the version in use, which knows some by name and by alias.
    """
    known = (*model.classes, *model.aliases)
    if not known or not classes:
        return None
    if numbered(classes) and not any(map(str.isdecimal, known)):
        return unlike("numbers", classes, "words", model)
    if numbered(known) and not any(map(str.isdecimal, classes)):
        return unlike("words", classes, "numbers", model)
    place = {plain(name): name for name in reversed(known)}
    pairs = [(name, place[plain(name)]) for name in classes if name not in known and plain(name) in place]
    return respelt(pairs) if pairs else None


def unlike(came: str, classes: Sequence[str], kind: str, model: Classifier) -> str:
    """Return that the data names classes in another kind than the model."""
    return (
        f"the data names its classes by {came} ({listed(classes, most=5)}), the model by {kind} "
        f"({listed(model.live, most=5)}): as they stand, all {len(classes)} would become new classes. Give the data "
        f"the model's names: @names=FILE after the source, with one name a line. {REALLY_NEW}"
    )


def respelt(pairs: Sequence[tuple[str, str]]) -> str:
    """Return that names differ from known ones only in how they are written: pairs of the data's and the model's."""
    told = listed((f"{name!r} where the model knows {meant!r}" for name, meant in pairs), most=5)
    name, meant = (shlex.quote(each) for each in pairs[0])
    return (
        f"the data has {told}: as they stand, {counted(len(pairs), 'new class')} would come of it. If they are the "
        f"same, say so: onward merge REFERENCE {name} {meant}; or give the data the model's names: @names=FILE after "
        f"the source. {REALLY_NEW}"
    )


def numbered(names: Sequence[str]) -> bool:
    """Say whether all names are bare whole numbers."""
    return all(map(str.isdecimal, names))


def plain(name: str) -> str:
    """Return a name without case, blanks, underscores, hyphens, and zeros before a number."""
    bare = re.sub(r"[\s_-]+", "", unicodedata.normalize("NFKC", name)).casefold()
    return str(int(bare)) if bare.isdecimal() else bare
