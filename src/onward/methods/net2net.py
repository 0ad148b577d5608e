"""The network grows by copies of its own units, says at first what it said, and then all of it trains."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from onward.context import Context
from onward.errors import InputError, hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.enlarged import Enlarged, enlarged
from onward.nets.grown import refuse_narrow_rows, refuse_unfit
from onward.nets.larger_layers import disturb, read_copies
from onward.nets.new_units import by_ratio, by_units, each_of
from onward.nets.resting import resting

LOOKED_AT = 8
"""New examples on which the larger network must say what the smaller one did."""


@dataclass(frozen=True)
class Net2Net(Method):
    """Widen every layer with copies of its units, at each update with a parent; say what was said, and train it all.

    With g(j) = j for the n old units of a layer, and drawn from these for its new ones (Net2WiderNet):

        U'[j, k] = U[g(j), f(k)] / |{k' : f(k') = f(k)}|,   b'[j] = b[g(j)]

    where f is the same of what the layer reads. So what a unit said is shared among it and its copies. A little noise
    on the rows of copies lets them part. With L ``layers`` the features go through L more (Net2DeeperNet):

        h ← φ(I h + 0),   φ the ReLU, which is h where h >= 0

    Acts on:      structure (at each update: units in every layer of the backbone, layers on top of it)
    Keeps:        nothing
    Cost:         that of the larger network; per update two forward passes over 8 examples
    Needs:        linear layers, convolutions, embeddings, batch norm and sums; for ``layers`` a ReLU at the end; no
                  other method that puts members, random features or other layers into the network;  scenarios: all;
                  it gives room for the new, and holds nothing of the past
    Status:       not measured

    Fields:
        ratio: new units of a layer for each that it has, rounded up, >= 0. 0 adds none.
        units: so many in each layer instead, where not None; or so many in one layer after another, from the input on.
        layers: put on top at each update, >= 0.
        noise: on the weights of copies, in standard deviations of the layer's, >= 0. 0 holds what is said to rounding,
            and copies then part by dropout alone. Papers: a little [1].

    Example:
        >>> from onward.methods.net2net import Net2Net
        >>> from onward.methods.replay import Replay
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(Net2Net() | Replay(size=20), seed=0)
        >>> after.old > 0.9, after.new > 0.9
        (True, True)

    Departures:
        1. [1] makes a larger network once, for the same data; here it does so at each update, for what is new.
        2. g is one draw for all layers of as many units that gain as many, so that residual sums fit; [1] draws g for
           each layer, and the places where they must agree by hand.
        3. The form and the size of the noise are ours: normal, and only on the weights that make copies.
        4. New layers lie on top alone, and none is a convolution; a network whose features may be below zero has none.
        5. Rows of the head are treated as any layer's are, those of new classes with them.

    References:
        [1] Chen, Goodfellow & Shlens 2016, "Net2Net: Accelerating learning via knowledge transfer", ICLR,
        arXiv:1511.05641.
    """

    ratio: float = 0.5
    units: int | tuple[int, ...] | None = None
    layers: int = 0
    noise: float = 0.01

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "ratio must be >= 0": self.ratio >= 0,
            "units must be >= 0": self.units is None or all(each >= 0 for each in each_of(self.units)),
            "layers must be >= 0": self.layers >= 0,
            "noise must be >= 0": self.noise >= 0,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Make the network larger, once there is a parent.

        Raises:
            InputError: when it cannot be, or what another method put into it stands in the way.
        """
        wider = self.ratio > 0 if self.units is None else any(each_of(self.units))
        if context.old is None or not (wider or self.layers):
            return model
        refuse_unfit(model.backbone, self.name, ())
        refuse_narrow_rows(model, self.name)
        example = context.new.take(torch.arange(min(LOOKED_AT, len(context.new)))).inputs.to(model.device)
        before = said(model, example)
        backbone = enlarged(model.backbone)
        added = self.added(backbone) if wider else {}
        if added:
            read_copies(model.head, backbone.widen(added, context.generator("copies").initial_seed()))
        backbone.deepen(self.layers)
        model.backbone = backbone.eval()
        refuse_other_answers(model, example, before)
        for place, copies in added.items():
            if copies and self.noise:
                layer = backbone.get_submodule(place)
                disturb(layer, copies, self.noise, context.generator("noise", place))
        return model

    def added(self, backbone: Enlarged) -> dict[str, int]:
        """Return how many units each layer gains."""
        return by_ratio(backbone, self.ratio) if self.units is None else by_units(backbone, self.units)


@torch.no_grad()
def said(model: Classifier, inputs: Tensor) -> Tensor:
    """Return the logits at rest, (b, classes)."""
    with resting(model):
        return model(inputs)


def refuse_other_answers(model: Classifier, inputs: Tensor, before: Tensor) -> None:
    """Refuse a network that says something else now that it is larger, or cannot run.

    Args:
        model: the larger network.
        inputs: some examples.
        before: what was said of them, (b, classes).

    Raises:
        InputError: when a size stands in its forward pass.
    """
    try:
        now = said(model, inputs)
    except RuntimeError as error:
        raise InputError(f"the network does not run with larger layers: {error}") from error
    off = float((now - before).abs().max()) / max(float(before.abs().max()), 1.0)
    if off > 10 * torch.finfo(now.dtype).eps ** 0.5:
        raise InputError(
            f"with copied units the network says something else, by {off:.2g} of its largest logit: how many units "
            "a layer has goes into what it says. Take expanse, which puts new units beside the old ones"
        )
