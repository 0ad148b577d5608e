"""The classes of a lineage: by name, append-only, with an id that never means another class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from onward.errors import InputError


@dataclass(frozen=True)
class ClassFacts:
    """One class.

    Args:
        name: as it is called now.
        id: its logit; the same in every version that knows it.
        since: the id of the version that first knew it; "" where that is the version whose card says so.
        examples: how many it has been trained on so far, as the cards tell.
        aliases: other names that mean it: those it had, and those of classes merged into it.
        merged_into: the name of the class that it is counted as now; "" where it stands for itself.
    """

    name: str
    id: int
    since: str = ""
    examples: int = 0
    aliases: tuple[str, ...] = ()
    merged_into: str = ""


def class_map(
    before: Sequence[ClassFacts],
    parent: str,
    classes: Sequence[str],
    aliases: Mapping[str, str],
    counts: Mapping[str, int],
) -> tuple[ClassFacts, ...]:
    """Return the classes of a version as they go on from its parent's.

    Args:
        before: the parent's; () where there is none.
        parent: the parent's id.
        classes: the name of each logit now.
        aliases: other names, each with the class it means.
        counts: of the examples that the version was trained on, by any name of a class; others are left aside.

    Raises:
        InputError: when a class of the parent's is gone, has another id, or a name of it means something else now.
    """
    if wrong := "; ".join(broken(before, classes, aliases)):
        raise InputError(
            f"the classes do not go on from those of version {parent[:8]}: {wrong}. A class keeps its id for ever: let "
            "new classes come after the old ones, and change names with `onward rename` and `onward merge`."
        )
    names = tuple(classes)
    added = [0] * len(names)
    for name, count in counts.items():
        if (meant := aliases.get(name, name)) in names:
            added[names.index(meant)] += count
    fresh = [ClassFacts(name, id) for id, name in enumerate(names)]
    return tuple(
        ClassFacts(
            name=name,
            id=id,
            since=was.since or (parent if id < len(before) else ""),
            examples=was.examples + added[id],
            aliases=tuple(alias for alias, meant in aliases.items() if meant == name),
            merged_into=aliases.get(name, ""),
        )
        for id, (name, was) in enumerate(zip(names, [*before, *fresh[len(before) :]], strict=True))
    )


def broken(before: Sequence[ClassFacts], classes: Sequence[str], aliases: Mapping[str, str]) -> Iterator[str]:
    """Yield a phrase for each thing that was said of a class and no longer holds."""
    meaning = {**{name: name for name in classes}, **aliases}
    for was in before:
        now = classes[was.id] if was.id < len(classes) else None
        if now is None:
            yield f"'{was.name}' (id {was.id}) is there and not here"
        elif now != was.name and meaning.get(was.name) != now:
            yield f"id {was.id} is '{was.name}' there and '{now}' here"
        else:
            strayed = [alias for alias in was.aliases if meaning.get(alias) != meaning[now]]
            yield from (f"'{a}' means '{was.name}' there and '{meaning.get(a, 'nothing')}' here" for a in strayed)
