"""Units that an expansion added and that carry nothing are taken out: a smaller version, judged by the gate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from onward.amend.child import Origin
from onward.catalogue import written
from onward.engine.evaluate import judge, laid_together
from onward.errors import InputError, hold, listed
from onward.learner import Learner
from onward.nets.added_units import expansion, units_of
from onward.nets.squeezed import changes, in_turn, magnitudes, squeezed, without
from onward.release.held_out import HeldOut, check_apart, examined, tests_of
from onward.release.inputs import reading_for
from onward.release.judging import Standard, judged_by_gate, size_of
from onward.release.making import Release, placed
from onward.release.rules import rules_of
from onward.store.card import Card
from onward.types import Kept, in_order

Criterion = Literal["magnitude", "change"]
"""Which units go first: those that are read by the least weights, or without which held-out logits move least."""


@dataclass(frozen=True)
class Squeeze:
    """What is to be taken out.

    Args:
        by: which units go first.
        share: of the units that the last expansion added, rounded down, in [0, 1]; None where ``tolerance`` decides.
        tolerance: as many as held-out accuracy allows, which may fall by so much, in [0, 1].
        data: sources of held-out data.
        note: the user's words, for the card.

    Raises:
        InputError: when both are given or neither, when a number is out of its range, or data is missing.
    """

    by: Criterion = "magnitude"
    share: float | None = None
    tolerance: float | None = None
    data: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        rules = {
            f"by must be one of {listed(get_args(Criterion))}": self.by in get_args(Criterion),
            "share must be in [0, 1]": self.share is None or 0 <= self.share <= 1,
            "tolerance must be in [0, 1]": self.tolerance is None or 0 <= self.tolerance <= 1,
            "share must be given where tolerance is not, and only there": (self.share is None)
            != (self.tolerance is None),
            "data must be given where by is change, or tolerance is given": bool(self.data)
            or (self.by == "magnitude" and self.tolerance is None),
        }
        hold(rules, vars(self))


@dataclass(frozen=True)
class Squeezed:
    """What came of it.

    Args:
        release: the new version, judged; None where no unit could go.
        units: how many the last expansion had added, and how many of them stay.
        parameters: before and after.
        accuracy: on the held-out data, before and after; None where there is none.
    """

    release: Release | None
    units: tuple[int, int]
    parameters: tuple[int, int]
    accuracy: tuple[float, float] | None


def squeeze(start: Origin, wanted: Squeeze, data_dir: Path | None = None) -> Squeezed:
    """Make the version without units that carry nothing, pass it through the gate, and let the head name it if it may.

    Args:
        start: the version in use.
        wanted: what is to be taken out.
        data_dir: where data sets by name are looked for.

    Raises:
        InputError: when the network was never expanded, the data cannot be read or is in a test set that judges, or a
            method keeps what cannot be cut; nothing is written.
        StoreError: when the head has moved meanwhile; the new version is kept.
    """
    before, rules = start.before, rules_of(start.lineage)
    total = units_of(expansion(before.model)).count
    slices = {name: each.source for name, each in rules.gate.slices.items()}
    tests, missing = tests_of(start.lineage, start.parent, (), before.model, data_dir, slices=slices)
    sets = held_out(start, wanted.data, data_dir)
    check_apart(sets, tests)
    order = in_turn(before.model, scored(before, wanted.by, sets))
    gone = order[: enough(before, order, wanted, sets)]
    if not len(gone):
        size, right = size_of(before.model), accuracy(before, sets)
        return Squeezed(None, (total, total), (size, size), None if right is None else (right, right))
    after = smaller(before, gone)
    example = tests[0].data.take(torch.zeros(1, dtype=torch.int64)).inputs if tests else None
    card = judged_by_gate(
        Standard(rules.gate, before, tests, missing, example), after, card_of(start, wanted, len(gone), total)
    )
    release = placed(start.lineage, after, card, start.parent, start.head, start.heads)
    return Squeezed(release, (total, total - len(gone)), *both(before, after, sets))


def both(
    before: Learner, after: Learner, sets: Sequence[HeldOut]
) -> tuple[tuple[int, int], tuple[float, float] | None]:
    """Return parameters and held-out accuracy before and after."""
    was, now = accuracy(before, sets), accuracy(after, sets)
    sizes = size_of(before.model), size_of(after.model)
    return sizes, None if was is None or now is None else (was, now)


def held_out(start: Origin, sources: Sequence[str], data_dir: Path | None) -> tuple[HeldOut, ...]:
    """Return the data sets that a user names.

    Raises:
        InputError: when one cannot be read, or the version cannot take it.
    """
    model = start.before.model
    reading = reading_for(start.lineage, start.parent, model)
    return tuple(HeldOut(each, examined(each, model, data_dir, reading), old=False) for each in dict.fromkeys(sources))


def scored(learner: Learner, by: Criterion, sets: Sequence[HeldOut]) -> Tensor:
    """Return what each added unit carries, (units,); see ``magnitudes`` and ``changes``."""
    if by == "magnitude":
        return magnitudes(learner.model)
    device = learner.model.device
    return changes(learner.model, [batch.inputs.to(device) for each in sets for batch in in_order(each.data)])


def accuracy(learner: Learner, sets: Sequence[HeldOut]) -> float | None:
    """Return the share of held-out examples that are predicted right; None where there are none."""
    return laid_together([judge(learner, each.data) for each in sets]).accuracy if sets else None


def enough(learner: Learner, order: Tensor, wanted: Squeeze, sets: Sequence[HeldOut]) -> int:
    """Return how many units of an order go."""
    if wanted.share is not None:
        return min(int(wanted.share * (len(order) + 1)), len(order))
    least = (accuracy(learner, sets) or 0.0) - (wanted.tolerance or 0.0)

    def holds(count: int) -> bool:
        right = accuracy(smaller(learner, order[:count]), sets)
        return right is not None and right >= least - 1e-12

    return most(holds, len(order))


def most(holds: Callable[[int], bool], high: int) -> int:
    """Return a number up to ``high`` for which something holds, by halving: for the one after it it does not.

    It is the largest where what holds for a number holds for all below it. 0 is taken to hold.

    >>> most(lambda number: number <= 5, 9), most(lambda number: True, 9), most(lambda number: False, 9)
    (5, 9, 0)
    """
    low, high = 0, high + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def smaller(learner: Learner, gone: Tensor) -> Learner:
    """Return a learner without some added units.

    Raises:
        InputError: when a method keeps what cannot be cut.
    """
    stays = torch.ones(units_of(expansion(learner.model)).count, dtype=torch.bool)
    stays[gone] = False
    return replace(learner, model=squeezed(learner.model, stays), kept=cut(learner, stays))


def cut(learner: Learner, stays: Tensor) -> Kept:
    """Return what a learner keeps, in which tensors that go with a parameter are cut as that is.

    Examples and single numbers stay. Of anything else only its method knows how it hangs on the units.

    Raises:
        InputError: when there is such a thing.
    """
    model, rest = learner.model, dict(learner.kept)
    parameters = dict(model.named_parameters())
    for method, keeper in learner.chain.named:
        for key in [key for key in rest if key.startswith(f"{method}/")]:
            name = next((name for name in parameters if key.endswith(f"/{name}")), "")
            if name and rest[key].shape == parameters[name].shape:
                rest[key] = without({name: rest[key]}, model, stays)[name]
            elif name or (rest[key].numel() > 1 and not keeper.keeps_examples):
                raise InputError(
                    f"what {method} keeps, such as '{key.removeprefix(f'{method}/')}', hangs on all units, so none can "
                    f"be taken out; update once more with a method other than {method}"
                )
    return rest


def card_of(start: Origin, wanted: Squeeze, gone: int, units: int) -> Card:
    """Return what the child says of itself before it is judged."""
    parent = start.parent.card
    on = f" on {listed(wanted.data)}" if wanted.data else ""
    return Card(
        net={},
        method=written(start.before.method),
        act=f"squeeze {gone} of {units} added units by {wanted.by}{on}",
        seed=parent.seed,
        parent=start.parent.id,
        tests=parent.tests,
        exemplar_free=parent.exemplar_free,
        note=wanted.note,
    )
