"""New layers at the end of a network that stands still."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onward.context import Context
from onward.errors import hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.deepened import Deepened
from onward.nets.grown import let_new_rows_hear, names_of_old, new_features, refuse_unfit
from onward.phase import Phase


@dataclass(frozen=True)
class Progressive(Method):
    """Freeze the network and add new layers at its end, at each update with a parent.

    With h the features that there are, φ the ReLU and L ``layers``:

        g = φ(.. φ(h W_1 + b_1) .. W_L + b_L),   z_new = [h, g] V + c

    Only W, b, V and c move; the network stands still, with norm statistics, and rows of old classes read h alone. So
    the source, which ``onward.nets.grown.source`` takes out, says bit for bit what the parent said. An old class that
    arrives again gets a correction from h and g, which begins at zero and which the source leaves out.

    The next update puts its layers on all features that there are by then, h and g, and these stand still in turn.

    Acts on:      structure (at each update: layers on top of the backbone); which parameters move
    Keeps:        nothing
    Cost:         the network's forward pass, and both passes through the new layers; none back through the network
    Needs:        no other method that puts members or random features into the network;  scenarios: all; holds the
                  answers among old classes, and needs examples beside it, as of ``replay``, to hold new rows below them
    Status:       not measured: ``expanse-distant`` has it beside ``expanse``

    Fields:
        layers: how many at each update, >= 0. 0 trains new rows on the features as they are. Papers: "a new layer" [1].
        ratio: units of each, for each feature that the network had before it first grew, rounded up, > 0.
        width: so many instead, where not None, >= 1.

    Example:
        >>> from onward.methods.progressive import Progressive
        >>> from onward.methods.replay import Replay
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(Progressive() | Replay(size=20), seed=0)
        >>> after.old > 0.9, after.new > 0.9
        (True, True)

    Departures:
        1. [1] compares with progressive learning in words: its abstract says "adding a new layer to the end of a frozen
           pre-trained model", and its programs have none. The rest is ours: dense layers, their widths, and how many.
        2. New rows read h beside g, for which nothing in [1] speaks or against it. So the frozen features are a case of
           it: it can say all that rows on h alone can.
        3. Columns of new rows at g begin at zero.
        4. Rows for old classes that arrive again, and updates after the second, are ours.

    References:
        [1] Iman et al. 2022, "EXPANSE: A Deep Continual / Progressive Learning System for Deep Transfer Learning",
        arXiv:2205.10356; its abstract and programs.
    """

    layers: int = 1
    ratio: float = 1.0
    width: int | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "layers must be >= 0": self.layers >= 0,
            "ratio must be > 0": self.ratio > 0,
            "width must be >= 1": self.width is None or self.width >= 1,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Put new layers on top, once there is a parent.

        Raises:
            InputError: when another method put members or random features into the network.
        """
        if context.old is None:
            return model
        if self.layers:
            refuse_unfit(model.backbone, "progressive")
            width, seed = (
                new_features(model.backbone, self.ratio, self.width),
                context.generator("added").initial_seed(),
            )
            model.backbone = Deepened(model.backbone, self.layers, width, seed).eval()
        let_new_rows_hear(model, context.old, context.new.targets)
        return model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Hold the network still."""
        old = set() if context.old is None else names_of_old(model, context.old)
        for phase in phases:
            yield phase.only(lambda name: name not in old) if old else phase
