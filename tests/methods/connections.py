"""What the references of methods that connect are given: the batches of both phases, as the engine draws them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tests.methods.walks import SEED, SETTINGS, grown, seen_by
from torch import Generator, Tensor

from onward.connecting import few
from onward.context import Context
from onward.engine.batches import epoch
from onward.learner import Learner
from onward.memory.exemplars import recalled
from onward.phase import Phase
from onward.rng import generator

XY = tuple[Tensor, Tensor]


def context_of(parent: Learner, name: str) -> Context:
    """What a method is given at the second update of a lineage."""
    whole = Context(seen_by(grown(parent)), parent.model, parent.kept, SETTINGS, SEED)
    return whole.under(name)


def connecting(context: Context, each: int, epochs: int, size: int) -> Iterator[tuple[Generator, XY, XY]]:
    """Yield for each step of ``connect`` the stream of its terms, the batch of the memory and the new one."""
    old, new = recalled(context.kept, context.new.classes), few(context, each)
    assert old is not None
    settings = replace(SETTINGS, epochs=epochs, batch_size=size)
    phase = Phase("connect", old, settings).mixed(new, size)
    for index in range(epochs):
        terms = generator(SEED, "phase", 1, "connect", index, "terms")
        for places in epoch(phase, [old, new], generator(SEED, "phase", 1, "connect", index, "batches")):
            here = [piece.data.take(piece.rows) for piece in places]
            yield (terms, *((batch.inputs, batch.targets) for batch in here))


def weights_before(parent: Learner) -> dict[str, Tensor]:
    """The parent's weights by name."""
    return {name: parameter.detach().clone() for name, parameter in parent.model.named_parameters()}
