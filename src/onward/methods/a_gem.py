"""A-GEM: no step may go against the examples that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from onward.connecting import few
from onward.context import Context
from onward.errors import hold
from onward.formulas.conflict import without_conflict
from onward.memory.exemplars import recalled, remembered
from onward.memory.reservoir import passed_by, passed_by_without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.projection import projected
from onward.types import Data, Kept, joined


@dataclass(frozen=True)
class AGEM(Method):
    """Learn the new data alone, but take out of each step what would raise the loss on examples that are kept.

    With g the gradient on the new batch and r that of the cross-entropy on M examples of the memory, drawn in each
    step:

        g̃ = g − (gᵀ r / rᵀ r) r  where gᵀ r < 0, else g                                   (Eq. 11 of [1])

    The memory does not teach, as in replay: it only says which way not to go.

    Acts on:      gradients (one edit), by examples apart from the batch
    Keeps:        inputs, targets: examples in the form they came in; with ``reservoir``, seen: one number
    Cost:         per step a forward and a backward pass on M examples
    Needs:        leave to keep raw examples;  scenarios: all; class-incremental stays near chance
    Status:       matches its paper: as printed of it or above in ``doan2023-table6`` (two streams) and
                  ``der2020-mnist``

    Fields:
        memory: ``by_class``, ``size`` examples of each class of each update; or ``reservoir``, a uniform sample of
            ``size`` examples of everything seen.
        size: >= 0. 0 is the warm start, bit for bit. Papers: 25 of each class (program of [1]), 1 [2].
        per_batch: M >= 1, at most what the memory holds. Papers: 256 (program of [1]).

    Example:
        >>> from onward.methods.a_gem import AGEM
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> held, free = two_blobs(AGEM(size=10), seed=0), two_blobs(WarmStart(), seed=0)
        >>> held.old - free.old > 0.5
        True

    Departures:
        1. Which examples of a class are kept is drawn; the program of [1] keeps those that came last.
        2. What other methods of a chain add to the objective is part of g; r is the memory's cross-entropy alone.
        3. Momentum goes on with what is left of each gradient, and may itself lead against r.
        4. Batch norm's running statistics take in the batches of the memory as well as the new ones.
        5. The memory is drawn from shuffled decks, so each exemplar comes equally often, to within one an epoch.

    References:
        [1] Chaudhry, Ranzato, Rohrbach & Elhoseiny 2019, "Efficient Lifelong Learning with A-GEM", ICLR,
        arXiv:1812.00420; code: facebookresearch/agem.
        [2] Doan, Mirzadeh & Farajtabar 2023, arXiv:2202.09826 (as a baseline).
    """

    memory: Literal["by_class", "reservoir"] = "by_class"
    size: int = 10
    per_batch: int = 64

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "memory must be by_class or reservoir": self.memory in ("by_class", "reservoir"),
            "size must be >= 0": self.size >= 0,
            "per_batch must be >= 1": self.per_batch >= 1,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let no step of any phase go against the memory."""
        memory = recalled(context.kept, model.classes) if self.size else None
        for phase in phases:
            yield phase if memory is None else projected(phase, [memory], self.per_batch, project)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Take examples of the new data into the memory."""
        if not self.size:
            return {}
        if self.memory == "reservoir":
            return passed_by(context.kept, context.new, self.size, context.generator("reservoir"))
        before, fresh = recalled(context.kept, model.classes), few(context, self.size)
        return remembered(fresh if before is None else joined(before, fresh))

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory; fewer have then passed by."""
        return passed_by_without(kept, gone)


def project(gradient: Sequence[Tensor], references: Sequence[Sequence[Tensor]]) -> list[Tensor]:
    """Return what of a gradient does not go against that of the one memory there is."""
    return without_conflict(gradient, *references)
