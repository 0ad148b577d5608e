"""Shrink and perturb."""

from __future__ import annotations

from dataclasses import dataclass

from onward.context import Context
from onward.errors import hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.zoo import restart


@dataclass(frozen=True)
class ShrinkAndPerturb(Method):
    """Start between the parent and a fresh model: shrink the parent's weights and add a little of a new draw.

    With θ* the parent's parameters and φ a fresh draw of the same network's own initialisation:

        θ_0 = λ θ* + γ φ,   L(θ) = L_new(θ)                                    (section 4 of [1]; its code for φ)

    A model trained on from its parent fits the new data but often generalises less well than a fresh one. Shrunk, it
    orders its classes much as before and has large gradients again.

    Acts on:      initialisation
    Keeps:        nothing
    Cost:         that of the plain training loop
    Needs:        a parent; a model that can be built from its spec;  scenarios: all, meant for more of the same classes
    Status:       not measured

    Fields:
        shrink: λ in [0, 1]. Papers: 0.4 in the code of [1].
        noise: γ >= 0. Papers: 0.1 in the code of [1]. With ``shrink`` 1, 0 is the warm start, bit for bit.

    Example:
        >>> from onward.engine.update import update
        >>> from onward.learner import Learner
        >>> from onward.nets.zoo import fresh
        >>> from onward.settings import Settings
        >>> from onward.toy import blobs
        >>> data = blobs({"left": (-2.0, 0.0), "right": (2.0, 0.0)}, seed=0)
        >>> parent, _ = update(Learner(fresh("mlp", (2,), seed=0), ShrinkAndPerturb(shrink=0.4, noise=0.0)), data)
        >>> start, _ = update(parent, data, Settings(steps=0))            # no step: the start itself
        >>> one, other = (learner.model.head.blocks[0].weight.norm() for learner in (start, parent))
        >>> f"{one / other:.2f} of its length"
        '0.40 of its length'

    Departures:
        1. Rows of the head that the new classes brought are left as they were drawn: there is nothing to shrink.
        2. Batch norm's scale and shift are parameters and go the same way as all others, as in the code of [1]. Its
           running statistics stay the parent's until training renews them; that code starts them afresh.
        3. The text of [1] adds normal noise of one width to all; its code, as here, scales a fresh network, which
           has each layer's own width. New rows and fresh rows of the head have biases of zero.
        4. What an update does not train, as all but the adapter of an adapted network, is not moved.

    References:
        [1] Ash & Adams 2020, "On Warm-Starting Neural Network Training", arXiv:1910.08475.
    """

    shrink: float = 0.4
    noise: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "shrink must be in [0, 1]": 0 <= self.shrink <= 1,
            "noise must be >= 0": self.noise >= 0,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Mix what came from the parent with a draw from this method's own stream."""
        if context.old is None or (self.shrink == 1 and self.noise == 0):
            return model
        inherited = {name for name, _ in context.old.named_parameters() if model.trains(name)}
        restart(model, inherited, context.generator("weights").initial_seed(), self.shrink, self.noise)
        return model
