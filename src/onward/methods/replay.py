"""Experience replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from onward.context import Context
from onward.errors import hold
from onward.memory.exemplars import recalled
from onward.memory.reservoir import passed_by, passed_by_without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.types import Data, Kept


@dataclass(frozen=True)
class Replay(Method):
    """Keep a uniform sample of everything seen, and put some of it beside every new batch.

    With B of the new data and M of the memory, drawn in each step:

        L(θ) = Σ_{(x, y) ∈ B ∪ M} ℓ(x, y; θ) / (|B| + |M|)

    The memory is a reservoir: every example ever seen is in it with the same probability, size / seen.

    Acts on:      batches
    Keeps:        inputs, targets: ``size`` examples in the form they came in; seen: one number
    Cost:         per step |M| / |B| of a plain step more
    Needs:        leave to keep raw examples;  scenarios: all

    Fields:
        size: the most examples kept, >= 0. 0 is the warm start, bit for bit. Papers: 200-5000 [1], [2].
        per_batch: |M| >= 0, at most what the memory holds.

    Example:
        >>> from onward.methods.replay import Replay
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(Replay(size=20), seed=0)
        >>> f"old {after.old:.2f}, new {after.new:.2f}"
        'old 1.00, new 1.00'

    Departures:
        1. The memory is drawn from shuffled decks, so each exemplar comes equally often, to within one an epoch;
           papers draw each batch independently.
        2. The memory takes in the new data after the update, not during it, so within an update it holds the past
           alone. In one pass over a stream [2] inserts each batch as it goes by.

    References:
        [1] Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning", arXiv:1902.10486.
        [2] Buzzega et al. 2020, arXiv:2004.07211 (the ER baseline).  [3] Vitter 1985, Algorithm R.
    """

    size: int = 500
    per_batch: int = 32

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "size must be >= 0": self.size >= 0,
            "per_batch must be >= 0": self.per_batch >= 0,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Put exemplars beside every batch."""
        memory = recalled(context.kept, model.classes) if self.size else None
        for phase in phases:
            yield phase if memory is None else phase.mixed(memory, self.per_batch)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Let the new data pass by the reservoir."""
        return passed_by(context.kept, context.new, self.size, context.generator("reservoir"))

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory; fewer have then passed by."""
        return passed_by_without(kept, gone)
