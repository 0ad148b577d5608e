"""A network read as a graph: what can be widened in it, and how wide each value then is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from torch import fx, nn

from onward.errors import InputError
from onward.nets.backbone import Backbone

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.LayerNorm, nn.GroupNorm)
STATELESS = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid,
    nn.Hardtanh, nn.Hardswish, nn.Hardsigmoid, nn.Softplus, nn.Softsign, nn.Identity, nn.Flatten,
    nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout,
    nn.MaxPool2d, nn.AvgPool2d, nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d,
)  # fmt: skip
"""Layers without parameters that treat each channel alike."""

ELEMENTWISE = frozenset(
    "relu relu_ relu6 leaky_relu elu selu celu gelu silu mish tanh sigmoid hardtanh hardswish hardsigmoid softplus "
    "softsign clamp abs neg add iadd sub isub mul imul truediv contiguous clone float".split()
)
POOLS = frozenset("max_pool2d avg_pool2d adaptive_max_pool2d adaptive_avg_pool2d".split())
FACTS = frozenset("size dim getattr getitem".split())
"""Functions and methods by name: those that treat each number alike, each channel alike, and tell of a shape."""

WAY_OUT = (
    "Linear layers, convolutions, embeddings, batch, layer and group norm, activations, dropout, pooling, flatten, "
    "sums and torch.cat can be; write the network with these, or take another method, such as freeze_stem"
)


class Value(NamedTuple):
    """What is known of a value before a number flows: its channels by stream, the network's own first.

    Args:
        channels: 0 where a stream has none.
        flat: whether places of a map were flattened into the channels, so that there are some times as many.
        last: whether they lie on the last axis, else on the one after the batch.
    """

    channels: tuple[int, ...]
    flat: bool = False
    last: bool = False

    def times(self, size: int, place: str) -> int:
        """Return how many features come of each channel where a layer takes ``size`` of the network's own."""
        if size % self.channels[0] or (size != self.channels[0] and not self.flat):
            raise InputError(
                f"layer '{place}' takes {size} features, which are not the {self.channels[0]} channels that come in, "
                f"nor a map of them flattened. {WAY_OUT}"
            )
        return size // self.channels[0]


def graph_of(network: Backbone) -> fx.Graph:
    """Return the calls that a network makes of one input, in order.

    Raises:
        InputError: when they hang on the numbers that come in, or there is more than one input.
    """
    try:
        graph = fx.Tracer().trace(network)
    except Exception as error:  # a user's forward may fail in any way it likes on what is no tensor
        raise InputError(f"the network cannot be read as a graph: {error}. {WAY_OUT}") from error
    if sum(node.op == "placeholder" for node in graph.nodes) != 1:
        raise InputError(f"the network takes more than one input. {WAY_OUT}")
    return graph


def mixes(layer: nn.Module | None) -> bool:
    """Say whether a layer mixes channels: it has units of its own, and may gain some."""
    return isinstance(layer, nn.Linear | nn.Embedding) or (isinstance(layer, nn.Conv2d) and layer.groups == 1)


def layer_of(node: fx.Node, network: nn.Module) -> nn.Module | None:
    """Return the layer that a node calls; None where it calls none."""
    return network.get_submodule(str(node.target)) if node.op == "call_module" else None


def called_as(node: fx.Node) -> str:
    """Return the name of the function, method or layer that a node calls."""
    return str(node.target if isinstance(node.target, str) else getattr(node.target, "__name__", node.target))


def units(layer: nn.Module) -> int:
    """Return how many units a layer has that mixes channels."""
    if isinstance(layer, nn.Linear):
        return layer.out_features
    return layer.out_channels if isinstance(layer, nn.Conv2d) else int(layer.get_parameter("weight").shape[1])


def widths(graph: fx.Graph, network: nn.Module, added: Sequence[Mapping[str, int]]) -> dict[fx.Node, Value | None]:
    """Return the channels of every value by stream; None for one that is no stream, such as a number of examples.

    Args:
        graph: of the network.
        network: whose layers the graph calls.
        added: the units that each layer that mixes gained, expansion by expansion.

    Raises:
        InputError: naming the layer or function that cannot be widened.
    """
    known: dict[fx.Node, Value | None] = {}
    for node in graph.nodes:
        layer = layer_of(node, network)
        if node.op == "output":
            break
        if node.op == "placeholder":
            known[node] = Value((1,) + (0,) * len(added), flat=True)
        elif layer is not None and mixes(layer):
            came = known[node.all_input_nodes[0]]
            if isinstance(layer, nn.Linear) and not (came and (came.flat or came.last)):
                raise not_widened(node, layer, "linear on a map")
            counts = (units(layer), *(each.get(str(node.target), 0) for each in added))
            known[node] = Value(counts, last=not isinstance(layer, nn.Conv2d))
        else:
            known[node] = follows(node, layer, known)
    return known


def follows(node: fx.Node, layer: nn.Module | None, known: Mapping[fx.Node, Value | None]) -> Value | None:
    """Return the channels of a value that has those of what it is made from."""
    name = called_as(node)
    seen = [value for each in node.all_input_nodes if (value := known[each]) is not None]
    if name in FACTS and (name in ("size", "dim") or not seen or node.args[1:] == ("shape",)):
        return None
    if not seen or not treated_alike(node, layer, name, seen[0]):
        raise not_widened(node, layer, name)
    first, flat = seen[0], any(value.flat for value in seen)
    if name == "cat" and not flat:
        return first._replace(channels=tuple(map(sum, zip(*(value.channels for value in seen), strict=True))))
    if name == "cat" or any(value.channels[1:] != first.channels[1:] for value in seen):
        raise InputError(
            f"what meets at '{node.name}' has gained {[value.channels[1:] for value in seen]} channels; branches that "
            "meet gain as many each, and what torch.cat joins is not flattened before. Give these layers as many units"
        )
    if isinstance(layer, nn.Conv2d):
        ratio = layer.out_channels // layer.in_channels
        return Value(tuple(ratio * each for each in first.channels), flat)
    flat = flat or name in ("flatten", "view", "reshape") or isinstance(layer, nn.Flatten)
    return Value(first.channels, flat, first.last or name == "mean")


def not_widened(node: fx.Node, layer: nn.Module | None, name: str) -> InputError:
    """Return the error for what cannot be widened."""
    called = f"layer '{node.target}', a {type(layer).__name__}," if layer is not None else f"'{name}'"
    return InputError(f"{called} cannot be widened. {WAY_OUT}")


def treated_alike(node: fx.Node, layer: nn.Module | None, name: str, came: Value) -> bool:
    """Say whether a node does the same with each channel of a value, whatever the others are."""
    if layer is not None:
        depthwise = isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels
        by_features = isinstance(layer, nn.LayerNorm)
        if by_features and (len(layer.normalized_shape) > 1 or not (came.last or came.flat)):
            return False
        if isinstance(layer, nn.Flatten) and (layer.start_dim, layer.end_dim) != (1, -1):
            return False
        return depthwise or type(layer) in (*NORMS, *STATELESS)
    if node.op not in ("call_function", "call_method"):
        return False
    if name in ("view", "reshape"):
        return len(node.args) == 3 and bool(node.args[2] == -1)
    if name in ("flatten", "cat"):
        axis = node.kwargs.get("start_dim" if name == "flatten" else "dim", (*node.args, None)[1])
        return bool(axis == (-1 if name == "cat" and came.last else 1))
    if name == "mean":
        over = node.kwargs.get("dim", (*node.args, None)[1])
        return over in ((1, (1,), [1]) if came.last else ((2, 3), [2, 3], (-2, -1), [-2, -1], (-1, -2), [-1, -2]))
    return name in ELEMENTWISE | POOLS
