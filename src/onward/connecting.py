"""Learn, then connect: a phase that seeks weights to which low-loss paths lead from before an update and from after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Generator

from onward.context import Context
from onward.memory.by_class import some_of_each
from onward.memory.exemplars import recalled, remembered
from onward.nets.classifier import Classifier
from onward.nets.subspace import Look, Subspace, put_between, spread, weights
from onward.phase import Phase
from onward.step import cross_entropy
from onward.types import Data, Kept, joined

BEFORE, FOUND = "before", "found"
"""The ends of the paths: the weights before the update, and those that it has learned."""


@dataclass(frozen=True)
class Connection:
    """How the phase goes.

    Args:
        points: the looks of a step; at ``BEFORE`` they are weighed by ``past``, the number of earlier updates or 1.
        corners: that move.
        spread: how far they lie apart at first.
        mix: where they begin: the share of the weights before.
        lr: learning rate; without momentum.
        epochs: passes over the examples of earlier updates.
        batch_size: of them, and of the new ones beside them.
        new: examples of each new class from which those are drawn.
        clip: the most that the gradient of a look may be long; None for any length.
    """

    points: Callable[[int, Generator], Iterable[Look]]
    corners: int
    spread: float
    mix: float
    lr: float
    epochs: int
    batch_size: int
    new: int
    clip: float | None


def ranges(fields: Mapping[str, Any]) -> dict[str, bool]:
    """Return what must hold of the fields that all methods have that connect, and whether it does."""
    new, clip = fields["connect_new"], fields["connect_clip"]
    return {
        "per_class must be >= 0": fields["per_class"] >= 0,
        "mix must be in [0, 1]": 0 <= fields["mix"] <= 1,
        "connect_lr must be > 0": fields["connect_lr"] > 0,
        "connect_epochs must be >= 1": fields["connect_epochs"] >= 1,
        "connect_batch must be >= 1": fields["connect_batch"] >= 1,
        "connect_new must be >= 1, or None": new is None or new >= 1,
        "connect_clip must be > 0, or None": clip is None or clip > 0,
    }


def few(context: Context, each: int) -> Data:
    """Return so many examples of each class of an update: the same whenever asked."""
    return some_of_each(context.new, each, lambda name: context.generator("memory", name))


def memory_after(model: Classifier, context: Context, each: int) -> Kept:
    """Return what is kept of the examples: some of each class of every update, and how many updates there were."""
    before, fresh = recalled(context.kept, model.classes), few(context, each)
    held = remembered(fresh if before is None else joined(before, fresh))
    return {**held, "updates": context.kept["updates"] + 1 if "updates" in context.kept else fresh.targets.new_ones(())}


def connected(phase: Phase, model: Classifier, context: Context, how: Connection) -> Phase | None:
    """Return the phase that connects, with the model put where it begins; None where there is no past to connect to.

    It is the given phase with another objective: what that one holds still stays still, and its paces hold, and its
    edits but those by examples that went apart. What is learned from goes with the objective: what stands beside the
    batches or apart from them, what is chosen of it, where gradients are taken, and who follows. Parameters that were
    not there before, or in another shape, as the rows of new classes, stand at both ends where they are found.

    Args:
        phase: one that has run; with its model.
        model: as it was found.
        context: of the method.
        how: it goes.
    """
    memory = recalled(context.kept, model.classes)
    if memory is None or context.old is None:
        return None
    found = weights(model)
    before = dict(found)
    for name, value in weights(context.old).items():
        if name in found and found[name].shape == value.shape and phase.trains(name):
            before[name] = value
    put_between(model, before, found, how.mix)
    space = Subspace(
        spread(model, how.corners, how.spread, lambda name: context.generator("connect", name)),
        how.points,
        anchors={BEFORE: before, FOUND: found},
        resting=True,
        normalised_on=joined(context.new, memory),
    )
    calm = replace(phase, name="connect", data=memory, mixes=(), apart=(), choices=())
    calm = replace(calm, terms={"cross_entropy": cross_entropy}, within=None, climb=None, followers=())
    calm = calm.tuned(lr=how.lr, momentum=0.0, epochs=how.epochs, batch_size=how.batch_size, augment=())
    calm = calm.tuned(schedule="constant", warmup=0.0, patience=None, clip=how.clip)
    return calm.mixed(few(context, how.new), how.batch_size).inside(space)
