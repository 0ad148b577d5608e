"""A balanced memory, and a fresh model that is trained on it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from onward.context import Context
from onward.errors import hold
from onward.memory.balanced import at_random, balanced
from onward.memory.exemplars import recalled
from onward.memory.reservoir import passed_by_without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.zoo import again
from onward.phase import Phase
from onward.types import Data, Kept


@dataclass(frozen=True)
class GDumb(Method):
    """Keep as many examples of every class, and at each update train a fresh model on these alone.

    With M the memory after the new data has passed by, ``size`` examples of all classes alike:

        θ_0 ~ the network's own initialisation,   L(θ) = E_{(x, y) ∈ M} ℓ(x, y; θ)

    It asks of a method that goes on from its parent with as large a memory what it is worth: more than to start anew
    from the memory. With room for every example it is ``joint``.

    Acts on:      batches; initialisation
    Keeps:        inputs, targets: ``size`` examples in the form they came in; seen: one number a class
    Cost:         per update an epoch over the memory, whatever arrives
    Needs:        leave to keep raw examples; a model that can be built from its spec;  scenarios: all
    Status:       matches its paper: as its program on another library in ``cl-baselines-split``

    Fields:
        size: the most examples kept, >= 1.

    Example:
        >>> from onward.methods.gdumb import GDumb
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(GDumb(size=40), seed=0)
        >>> f"old {after.old:.2f}, new {after.new:.2f}"
        'old 1.00, new 1.00'

    Departures:
        1. The sampler of [1] is greedy: a class that has its share takes no more, so that its first examples stay. Here
           every example of a class that ever came is as likely to be in the memory, so that a domain that shifts is
           in it. The shares are the same, to within one, but for places that a rare class leaves: others get them.
        2. [1] trains when it is asked to predict; here that is the end of an update. Its schedule, its CutMix and the
           mask of classes that cannot be meant are settings or left out.
        3. Other methods' phases are given the memory as well, whatever they proposed, but those on features.

    References:
        [1] Prabhu, Torr & Dokania 2020, "GDumb: A Simple Approach that Questions Our Progress in Continual Learning",
        ECCV; code: drimpossible/GDumb.
    """

    size: int = 500

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"size must be >= 1": self.size >= 1}, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Return a fresh model of the same shape."""
        return again(model, context.generator("weights").initial_seed())

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let each phase pass over the memory, the new data's part in it included."""
        context.scratch.update(self.passed_by(context))
        memory = recalled(context.scratch, model.classes)
        for phase in phases:
            yield phase if phase.on_features or memory is None else replace(phase, data=memory)

    def passed_by(self, context: Context) -> Kept:
        """Return what is kept after the new data has passed by."""
        return balanced(context.kept, context.new, self.size, at_random(lambda name: context.generator("of", name)))

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep the memory; made now where a later method of the chain asked for no phase of this one."""
        return dict(context.scratch) or self.passed_by(context)

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory; fewer have then passed by."""
        return passed_by_without(kept, gone)
