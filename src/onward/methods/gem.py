"""GEM: no step may go against the examples of any earlier update."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from onward.connecting import few
from onward.context import Context, part
from onward.errors import hold
from onward.formulas.conflict import without_conflicts
from onward.memory.exemplars import recalled, remembered, without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.projection import projected
from onward.types import Data, Kept


@dataclass(frozen=True)
class GEM(Method):
    """Learn the new data alone, but follow each gradient only so far as it raises the loss of no earlier update.

    With g the gradient on the new batch and g_k that of the cross-entropy on what is kept of update k, for each of the
    t - 1 updates before, where some gᵀ g_k < 0:

        g̃ = g + Σ_k v_k g_k,   v = argmin ½ vᵀ (G Gᵀ + ρ I) v + gᵀ Gᵀ v,  v_k >= γ          (Eq. 11 of [1])

    with the g_k the rows of G; else g. For γ = ρ = 0 that is the nearest to g with g̃ᵀ g_k >= 0 for every k, where A-GEM
    asks this of all memories as one. A margin γ > 0 lets the memories teach as well: at least γ g_k of each. With ρ > 0
    a memory that was learned by heart, whose gradient is next to nothing, has little say.

    Acts on:      gradients (one edit), by examples apart from the batch
    Keeps:        K/inputs, K/targets: examples of update K, in the form they came in
    Cost:         per step a forward and a backward pass for each earlier update, and their gradients held at once; t²
                  products brought to the host and a quadratic programme of t - 1 variables there: one wait for the
                  device a step
    Needs:        leave to keep raw examples; few updates;  scenarios: all; class-incremental is hard for it
    Status:       matches its paper: as printed of it or above in ``hsu2018-split-mnist`` and ``der2020-mnist``

    Fields:
        size: >= 0, examples of each class of each update. 0 is the warm start, bit for bit. Papers: 256 of each update.
        per_batch: >= 1, of each update in a step, at most what there is of it. Papers: all.
        margin: γ >= 0. Papers: 0.5 (program of [1]).
        ridge: ρ >= 0. Papers: 0.001 (program of [1]). At 0 small memories can break learning down.

    Example:
        >>> from onward.methods.gem import GEM
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> held, free = two_blobs(GEM(size=10), seed=0), two_blobs(WarmStart(), seed=0)
        >>> held.old - free.old > 0.5
        True

    Departures:
        1. Equation 11 has v >= 0, and the text of [1] adds γ to what solves it, after which g̃ may go against a memory;
           the program has v >= γ, and ρ, as here. Directions that are rounding are left out besides.
        2. As many examples are kept of each class of each update, drawn; [1] divides a budget by the number of tasks
           that it is told of, and keeps those that came last.
        3. What other methods of a chain add to the objective is part of g; the g_k are of the cross-entropy alone.
        4. Momentum goes on with what is left of each gradient, and may itself lead against a g_k; [1] has none.
        5. Batch norm's running statistics take in the batches of the memories as well as the new ones.
        6. The memories are drawn from shuffled decks, so each exemplar comes equally often, to within one an epoch.

    References:
        [1] Lopez-Paz & Ranzato 2017, "Gradient Episodic Memory for Continual Learning", NeurIPS, arXiv:1706.08840;
        code: facebookresearch/GradientEpisodicMemory.
    """

    size: int = 10
    per_batch: int = 64
    margin: float = 0.5
    ridge: float = 0.001

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "size must be >= 0": self.size >= 0,
            "per_batch must be >= 1": self.per_batch >= 1,
            "margin must be >= 0": self.margin >= 0,
            "ridge must be >= 0": self.ridge >= 0,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let no step of any phase go against a memory."""
        each = [recalled(part(context.kept, key), model.classes) for key in updates(context.kept)] if self.size else []
        memories = [memory for memory in each if memory is not None]
        project = partial(without_conflicts, margin=self.margin, ridge=self.ridge)
        for phase in phases:
            yield projected(phase, memories, self.per_batch, project) if memories else phase

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Set examples of the new data beside those of the updates before."""
        if not self.size:
            return {}
        key = 1 + max(map(int, updates(context.kept)), default=-1)
        fresh = remembered(few(context, self.size))
        return {**context.kept, **{f"{key}/{name}": tensor for name, tensor in fresh.items()}}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memories; an update of which none is left has no say any more."""
        rest = {key: without(part(kept, key), gone) for key in updates(kept)}
        return {f"{key}/{name}": tensor for key, memory in rest.items() for name, tensor in memory.items()}


def updates(kept: Kept) -> list[str]:
    """Return under which keys the memories stand, the oldest first."""
    return sorted({name.partition("/")[0] for name in kept}, key=int)
