"""Two versions side by side."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from onward.record import Measure
from onward.store.lineage import Lineage
from onward.store.tensors import read_tensors
from onward.store.version import MODEL, Version


@dataclass(frozen=True)
class Moved:
    """How far a group of parameters has gone.

    Args:
        group: the first two parts of the parameters' names.
        numbers: how many there are in the second version.
        distance: the norm of the change over the norm before; None for a group that was nothing, or is not there, in
            one of them.
    """

    group: str
    numbers: int
    distance: float | None


@dataclass(frozen=True)
class Difference:
    """What changed from the first version to the second.

    Args:
        first: id.
        second: id.
        classes_added: names that only the second knows.
        classes_removed: names that only the first knows; none within a lineage.
        changed: facts of the card that differ, as (first, second).
        measures: for each test set what the cards say of it, as (first, second).
        moved: how far the parameters went.
    """

    first: str
    second: str
    classes_added: tuple[str, ...]
    classes_removed: tuple[str, ...]
    changed: dict[str, tuple[Any, Any]]
    measures: dict[str, tuple[Measure | None, Measure | None]]
    moved: tuple[Moved, ...]


def diff(lineage: Lineage, first: str, second: str) -> Difference:
    """Return what changed from one version to another.

    Raises:
        InputError: when a reference leads nowhere.
        StoreError: when a version is not what its card says.
    """
    a, b = lineage.whole(first), lineage.whole(second)
    before, after = facts_of(a), facts_of(b)
    pairs = {key: (before.get(key), after.get(key)) for key in sorted(before | after)}
    told_a, told_b = ({measure.test: measure for measure in v.card.measures} for v in (a, b))
    tests = dict.fromkeys((*told_a, *told_b))
    return Difference(
        first=a.id,
        second=b.id,
        classes_added=tuple(name for name in b.card.classes if name not in a.card.classes),
        classes_removed=tuple(name for name in a.card.classes if name not in b.card.classes),
        changed={key: (was, now) for key, (was, now) in pairs.items() if was != now},
        measures={test: (told_a.get(test), told_b.get(test)) for test in tests},
        moved=moved(a, b),
    )


def facts_of(version: Version) -> dict[str, Any]:
    """Return what of a card is worth comparing, flat."""
    card = version.card
    facts: dict[str, Any] = {"method": card.method, "seed": card.seed}
    facts |= {f"settings.{key}": value for key, value in card.settings.items()}
    facts |= {"data.source": card.data.source, "data.examples": card.data.examples} if card.data else {}
    facts |= {f"cost.{key}": value for key, value in asdict(card.record.cost).items()} if card.record else {}
    return facts


def moved(a: Version, b: Version) -> tuple[Moved, ...]:
    """Return how far each group of parameters went, in float64."""
    before, after = (read_tensors(version.path / MODEL) for version in (a, b))
    groups: dict[str, list[str]] = {}
    for name, tensor in (before | after).items():
        if tensor.is_floating_point():  # a count of batches is no distance
            groups.setdefault(".".join(name.split(".")[:2]), []).append(name)
    found = []
    for group, names in groups.items():
        both = [n for n in names if n in before and n in after and before[n].shape == after[n].shape]
        gone = sum(float((after[n].double() - before[n].double()).square().sum()) for n in both)
        was = sum(float(before[n].double().square().sum()) for n in both)
        numbers = sum(after[n].numel() for n in names if n in after)
        found.append(Moved(group, numbers, (gone / was) ** 0.5 if was else None))
    return tuple(found)
