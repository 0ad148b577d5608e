"""Experience replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, Literal, get_args

from torch import Tensor

from onward.context import Context
from onward.errors import hold, listed
from onward.interference import most_disturbed
from onward.memory.balanced import at_random, balanced, by_herding
from onward.memory.exemplars import recalled
from onward.memory.reservoir import passed_by, passed_by_without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.schema import LATER
from onward.types import Data, Kept

Memory = Literal["reservoir", "balanced", "herding"]
"""Who is kept: a uniform sample; as many of each class at random; as many of each class, near its mean."""
Draw = Literal["uniform", "mir"]
"""Who comes beside a batch: each equally often; or those that the batch would harm most."""


@dataclass(frozen=True)
class Replay(Method):
    """Keep some examples of everything seen, and put some of these beside every new batch.

    With B of the new data and M of the memory, drawn in each step:

        L(θ) = Σ_{(x, y) ∈ B ∪ M} ℓ(x, y; θ) / (|B| + |M|)

    The memory is a ``reservoir``: every example ever seen is in it with the same probability, size / seen. Or every
    class has as many places in it: a reservoir of each (``balanced``), or those examples whose mean comes nearest to
    that of all normalised features φ of the class (``herding``, Alg. 4 of [4]), one after another:

        p_k = argmin_x ‖μ − (φ(x) + Σ_{j < k} φ(p_j)) / k‖

    M is drawn ``uniform``, or by maximal interference (``mir``, §3.1 of [5]): of C candidates those with the largest

        s(x, y) = ℓ(x, y; θ − η ∇L_B(θ)) − ℓ(x, y; θ)

    Acts on:      batches
    Keeps:        inputs, targets: ``size`` examples in the form they came in; seen: one number, or one a class
    Cost:         per step |M| / |B| of a plain step more; with ``mir`` another plain step and two forward passes on C
                  examples, of which the bill counts the C examples; with ``herding`` a forward pass over the new data
    Needs:        leave to keep raw examples;  scenarios: all
    Status:       matches its paper: as printed of it or above in ``doan2023-table6`` (two streams) and
                  ``der2020-mnist``

    Fields:
        size: the most examples kept, >= 0. 0 is the warm start, bit for bit. Papers: 200-5000 [1], [2].
        per_batch: |M| >= 0, at most what the memory holds.
        memory: ``reservoir``, ``balanced`` or ``herding``.
        draw: ``uniform`` or ``mir``.
        candidates: C >= 1 of ``mir``, at most what the memory holds. Papers: 50 [5].

    Example:
        >>> from onward.methods.replay import Replay
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(Replay(size=20), seed=0)
        >>> f"old {after.old:.2f}, new {after.new:.2f}"
        'old 1.00, new 1.00'

    Departures:
        1. The memory is drawn from shuffled decks, so each exemplar comes equally often, to within one an epoch, and
           so does each candidate; papers draw each batch independently.
        2. The memory takes in the new data after the update, not during it, so within an update it holds the past
           alone. In one pass over a stream [2] inserts each batch as it goes by.
        3. ``mir``: η is the phase's learning rate without its schedule, and dropout and batch norm rest while s is
           found. The step is on the mean over B ∪ M; the program of [5] adds the means over B and over M.
        4. ``herding``: [4] has no new examples of an old class. Here they are herded with the exemplars it has, which
           stand for all that had come. Features are those of the model when the examples are chosen.

    References:
        [1] Chaudhry et al. 2019, "On Tiny Episodic Memories in Continual Learning", arXiv:1902.10486.
        [2] Buzzega et al. 2020, arXiv:2004.07211 (the ER baseline).  [3] Vitter 1985, Algorithm R.
        [4] Rebuffi et al. 2017, "iCaRL: Incremental Classifier and Representation Learning", arXiv:1611.07725.
        [5] Aljundi et al. 2019, "Online Continual Learning with Maximally Interfered Retrieval", arXiv:1908.04742;
        code: optimass/Maximally_Interfered_Retrieval.
    """

    size: int = 500
    per_batch: int = 32
    memory: Memory = field(default="reservoir", metadata=LATER)
    draw: Draw = field(default="uniform", metadata=LATER)
    candidates: int = field(default=50, metadata=LATER)

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "size must be >= 0": self.size >= 0,
            "per_batch must be >= 0": self.per_batch >= 0,
            f"memory must be one of {listed(get_args(Memory))}": self.memory in get_args(Memory),
            f"draw must be one of {listed(get_args(Draw))}": self.draw in get_args(Draw),
            "candidates must be >= 1": self.candidates >= 1,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Put exemplars beside every batch."""
        memory = recalled(context.kept, model.classes) if self.size else None
        for phase in phases:
            if memory is None:
                yield phase
            elif self.draw == "mir" and not phase.on_features and 0 < self.per_batch < len(memory):
                yield most_disturbed(phase, memory, self.candidates, self.per_batch)
            else:
                yield phase.mixed(memory, self.per_batch)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Let the new data pass by the memory."""
        if self.memory == "reservoir":
            return passed_by(context.kept, context.new, self.size, context.generator("reservoir"))

        def features(inputs: Tensor) -> Tensor:
            return model.features(inputs.to(model.device))

        choose = by_herding(features) if self.memory == "herding" else at_random(lambda k: context.generator("of", k))
        return balanced(context.kept, context.new, self.size, choose)

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory; fewer have then passed by."""
        return passed_by_without(kept, gone)
