"""A fresh model on the new data."""

from __future__ import annotations

from dataclasses import dataclass

from onward.context import Context
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.zoo import again


@dataclass(frozen=True)
class Scratch(Method):
    """Throw the parent's weights away and train a fresh model on the new data alone.

    The architecture and the class names stay; every weight is drawn anew:

        θ_0 ~ the network's own initialisation,   L(θ) = L_new(θ)

    It shows what the new data is worth by itself. With all data at hand, ``joint`` is the reference.

    Acts on:      initialisation
    Keeps:        nothing
    Cost:         that of the plain training loop
    Needs:        a model that can be built from its spec;  scenarios: all
    Status:       no paper

    Fields:
        none

    Example:
        >>> from onward.methods.scratch import Scratch
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(Scratch(), seed=0)
        >>> f"old {after.old:.2f}, new {after.new:.2f}"          # of the old classes nothing is left
        'old 0.00, new 1.00'

    Departures:
        none.

    References:
        [1] Ash & Adams 2020, arXiv:1910.08475: training afresh generalises better than the warm start.
    """

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Return a model of the same shape and classes, drawn from this method's own stream."""
        return again(model, context.generator("weights").initial_seed())
