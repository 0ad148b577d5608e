"""A network that was made larger: copies of its units beside them, and layers on top that begin as the identity."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from torch import Tensor, fx, nn

from onward.errors import InputError
from onward.nets.backbone import Backbone
from onward.nets.copied_units import copies_of
from onward.nets.expanded import returned
from onward.nets.larger_layers import enlarge, redraw
from onward.nets.widening import called_as, graph_of, layer_of
from onward.transform import Transform

NEVER_BELOW = frozenset("relu relu_ relu6 sigmoid hardsigmoid softplus abs".split())
NEVER_BELOW_LAYERS = (nn.ReLU, nn.ReLU6, nn.Sigmoid, nn.Hardsigmoid, nn.Softplus)
"""What makes numbers that are >= 0 of any."""

KEEP_SIGN = frozenset(
    "max_pool2d avg_pool2d adaptive_max_pool2d adaptive_avg_pool2d mean dropout flatten view reshape contiguous "
    "clone".split()
)
KEEP_SIGN_LAYERS = (
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d, nn.Flatten, nn.Identity, nn.Dropout,
    nn.Dropout1d, nn.Dropout2d,
)  # fmt: skip
"""What makes numbers that are >= 0 of such."""


class Enlarged(Backbone):
    """A network with more units in its layers, and layers on top. forward: (b, *shape) -> (b, d').

        h' = the network's own forward with larger layers,   φ(.. φ(h' W_1 + b_1) .. W_L + b_L),   φ the ReLU

    ``widen`` and ``deepen`` make it larger and leave at first what it says. All of it is one network, of which all
    moves, and one that is made larger again stays one. Made from its shape, its layers are drawn as torch draws them.

    Chen, Goodfellow & Shlens 2016, "Net2Net: Accelerating learning via knowledge transfer", ICLR, arXiv:1511.05641.

    Args:
        inner: the network as it was before; copied.
        units: how many units each layer gained, by its name in this module; one that is not named gained none.
        layers: L, those on top.

    Raises:
        InputError: when a layer or a function cannot be widened, by its name.
    """

    def __init__(self, inner: Backbone, units: Mapping[str, int], layers: int = 0) -> None:
        """Copy the network and draw what is larger."""
        super().__init__()
        self.network, self.shape, self.features = copy.deepcopy(inner), inner.shape, inner.features
        sizes = [self.features] * layers
        self.top = nn.Sequential(*(part for size in sizes for part in (nn.Linear(size, size), nn.ReLU())))
        self.units: dict[str, int] = {}
        for layer in larger(self, units, seed=0)[1] if units else ():
            redraw(layer)
        self.note(units)
        self.training = inner.training
        self.top.train(inner.training)

    @property
    def transform(self) -> Transform | None:
        """How files become inputs: as for the network within."""
        return self.network.transform

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter: those on top, and what it moves in the network within."""
        part, _, rest = name.partition(".")
        return part == "top" or self.network.trains(rest)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d')."""
        return self.top(self.network(inputs))

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "enlarged", "inner": self.network.spec(), "units": dict(self.units), "layers": len(self.top) // 2
        }  # fmt: skip

    def note(self, added: Mapping[str, int]) -> None:
        """Note the units that layers have gained."""
        every = {place: self.units.get(place, 0) + added.get(place, 0) for place in {**self.units, **added}}
        self.units = {place: count for place, count in every.items() if count}

    def widen(self, added: Mapping[str, int], seed: int) -> Tensor:
        """Give layers more units, copies of those that they have; return of which feature each is now a copy, (d',).

        Args:
            added: how many units each layer gains, by its name.
            seed: of the draws.

        Raises:
            InputError: when the network cannot be widened by copies.
        """
        copies, _ = larger(self, added, seed)
        self.note(added)
        return copies

    def deepen(self, layers: int) -> None:
        """Put layers on top that say at first what comes in.

        Raises:
            InputError: when features can be below zero, which no such layer says again.
        """
        if not layers:
            return
        if not never_below_zero(self):
            raise InputError(
                "a layer with a ReLU says again what comes in where that is never below zero, and the last layer of "
                "this network does not see to it. Leave layers at 0, or let the network end in a ReLU, with pooling, "
                "flatten and dropout after it"
            )
        like = next(self.parameters())
        for _ in range(layers):
            linear = nn.utils.skip_init(nn.Linear, self.features, self.features)
            nn.init.eye_(linear.weight)
            nn.init.zeros_(linear.bias)
            self.note({f"top.{len(self.top)}": self.features - self.network.features})
            self.top.extend([linear.to(like), nn.ReLU()]).train(self.training)


def enlarged(backbone: Backbone) -> Enlarged:
    """Return a copy of a network that can be made larger."""
    return copy.deepcopy(backbone) if isinstance(backbone, Enlarged) else Enlarged(backbone, {})


def larger(network: Enlarged, added: Mapping[str, int], seed: int) -> tuple[Tensor, list[nn.Module]]:
    """Make the layers of a network larger, in place, with copies of their units.

    Returns:
        Of which feature each is now a copy, (d',); and the layers that are larger.
    """
    copies = copies_of(network, added, seed)
    layers = {place: network.get_submodule(place) for place in copies.go}
    held = [parameter for layer in layers.values() for parameter in layer.parameters()]
    if len(set(held)) < len(held):
        raise InputError("layers of this network share their weights, which a widening would part. Take expanse")
    network.features = len(copies.last)
    return copies.last, [
        layer for place, layer in layers.items() if enlarge(layer, copies.come[place], copies.go[place])
    ]


def never_below_zero(network: Backbone) -> bool:
    """Say whether the features cannot be below zero, by what made them."""
    graph = graph_of(network)
    node: fx.Node = returned(graph)
    while node.op.startswith("call"):
        layer = layer_of(node, network)
        if type(layer) in NEVER_BELOW_LAYERS or (layer is None and called_as(node) in NEVER_BELOW):
            return True
        if type(layer) not in KEEP_SIGN_LAYERS and not (layer is None and called_as(node) in KEEP_SIGN):
            return False
        node = node.all_input_nodes[0]
    return False
