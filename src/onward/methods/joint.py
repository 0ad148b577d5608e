"""Training on all data so far: the oracle."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from onward.context import Context
from onward.errors import hold
from onward.memory.exemplars import recalled, remembered, without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.zoo import again
from onward.phase import Phase
from onward.types import Data, Kept, joined


@dataclass(frozen=True)
class Joint(Method):
    """Keep every example ever seen and train on all of them: the oracle, and the reference for cost.

    With D_1 … D_t the data of all updates so far:

        L(θ) = Σ_{(x, y) ∈ D_1 ∪ … ∪ D_t} ℓ(x, y; θ) / Σ_j |D_j|

    The other methods are measured by how near they come, and by how much less they spend: its cost grows with t.

    Acts on:      batches; initialisation
    Keeps:        inputs, targets: all data so far
    Cost:         per update an epoch over all data so far
    Needs:        room for all data;  scenarios: all
    Status:       no paper

    Fields:
        start: ``fresh`` draws new weights each time, as retraining does; ``parent`` goes on from the parent's.

    Example:
        >>> from onward.methods.joint import Joint
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(Joint(), seed=0)
        >>> f"old {after.old:.2f}, new {after.new:.2f}"
        'old 1.00, new 1.00'

    Departures:
        1. Phases of other methods of a chain are given all data as well, whatever they proposed, unless it is features.

    References:
        [1] van de Ven & Tolias 2019, arXiv:1904.07734: "joint" or "offline" training, the upper target.
    """

    start: Literal["fresh", "parent"] = "fresh"

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"start must be fresh or parent": self.start in ("fresh", "parent")}, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Return a fresh model of the same shape, or the given one."""
        return again(model, context.generator("weights").initial_seed()) if self.start == "fresh" else model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let each phase pass over all data so far."""
        every = everything_seen(model, context)
        for phase in phases:
            yield phase if phase.on_features else replace(phase, data=every)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep all data so far."""
        return remembered(everything_seen(model, context))

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of all data so far."""
        return without(kept, gone)


def everything_seen(model: Classifier, context: Context) -> Data:
    """Return the new data and all that came before it."""
    before = recalled(context.kept, model.classes)
    return context.new if before is None else joined(before, context.new)
