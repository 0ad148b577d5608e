"""A network that was widened: what was there computes what it did, and new units stand beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn

from onward.errors import InputError, unknown
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.cross import Cross, beside
from onward.nets.widening import graph_of, layer_of, mixes, widths
from onward.transform import Transform

Streams = list[Tensor | None]
"""One value in a widened network: the network's own, and what each expansion put beside it; None where that is none."""


class Expanded(Backbone):
    """A network with more units in its layers. forward: (b, *shape) -> (b, d + d'), its own d features first.

    A layer from a to b units that gains b' where a' came in is four blocks, each with parameters of its own:

        new = old_in from_old + new_in from_new + bias,   old = what it was, or that + new_in to_old where ``crossed``

    What was there runs as it did, call by call. So where the expansion is not crossed its features are bit-equal to
    those before, whatever the new units learn: in one larger product they would not be, for the order of a sum hangs
    on the shape. A network that is expanded again has all its units as old ones.

    Iman et al. 2022, "EXPANSE", arXiv:2205.10356, whose programs copy a small network into the corner of a large one.

    Args:
        inner: the network as it was.
        added: how many units each layer gains, by its name in the innermost network; one that is not named gains none.
        crossed: whether what was there gets something from the new units.
        seed: of the new weights, which are drawn as torch draws a layer of all inputs, old and new.

    Raises:
        InputError: when a layer or a function cannot be widened, by its name, or is not there.
    """

    graph: fx.Graph

    def __init__(self, inner: Backbone, added: Mapping[str, int], crossed: bool = False, seed: int = 0) -> None:
        """Put the new units beside the old."""
        super().__init__()
        self.inner, self.crossed, self.seed = inner, crossed, seed
        self.units, self.shape = dict(added), inner.shape
        self.graph = inner.graph if isinstance(inner, Expanded) else graph_of(inner)
        counts = [each.units for each in self.stages]
        known = widths(self.graph, self.own, counts)
        self.axes = {
            str(node.target): -1 if value.last else 1
            for node, value in known.items()
            if value is not None and mixes(layer_of(node, self.own))
        }
        if wrong := [name for name in added if name not in self.axes]:
            raise unknown("layer with units", wrong[0], self.axes)
        last = known[returned(self.graph)]
        assert last is not None
        self.features = inner.features + last.times(self.own.features, "head") * last.channels[-1]
        self.added = nn.Module()
        for place, layer in beside(self.graph, self.own, counts, crossed, seed):
            put(self.added, place, layer)
        like = next(inner.parameters(), None)
        if like is not None:
            self.added.to(like)

    @property
    def own(self) -> Backbone:
        """The network under all expansions."""
        return self.inner.own if isinstance(self.inner, Expanded) else self.inner

    @property
    def stages(self) -> list[Expanded]:
        """The expansions, the first one first."""
        return [*(self.inner.stages if isinstance(self.inner, Expanded) else ()), self]

    @property
    def transform(self) -> Transform | None:
        """How files become inputs: as for the network as it was."""
        return self.inner.transform

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter: the new ones, and what it moves in the network as it was."""
        part, _, rest = name.partition(".")
        return part == "added" or self.inner.trains(rest)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d + d')."""
        own, stages = self.own, self.stages
        seen: dict[fx.Node, Any] = {}
        for node in self.graph.nodes:
            if node.op == "placeholder":
                seen[node] = [inputs, *[None] * len(stages)]
            elif node.op == "output":
                return torch.cat([each for each in seen[node.args[0]] if each is not None], dim=1)
            elif node.op == "call_module" and (axis := self.axes.get(node.target)):
                place, came = str(node.target), seen[node.all_input_nodes[0]]
                seen[node] = mixed(own.get_submodule(place), [found(each.added, place) for each in stages], came, axis)
            else:
                seen[node] = each_by_itself(node, own, stages, seen)
        raise AssertionError("a graph ends in its output")

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "expanded", "inner": self.inner.spec(), "added": self.units, "crossed": self.crossed,
            "seed": self.seed,
        }  # fmt: skip


def mixed(layer: nn.Module, blocks: Sequence[nn.Module | None], came: Streams, axis: int) -> Streams:
    """Return what a layer that mixes channels, which lie on an axis, makes of a value with the blocks beside it."""
    said: Streams = [layer(came[0])]
    for number, new in enumerate(blocks, 1):
        if not isinstance(new, Cross):
            said.append(None)
            continue
        old = [each for each in came[:number] if each is not None]
        if (back := new.back(came[number])) is not None:
            parts = iter(back.split([each.shape[axis] for each in said if each is not None], axis))
            said = [each if each is None else each + next(parts) for each in said]
        said.append(new(old[0] if len(old) == 1 else torch.cat(old, dim=axis), came[number]))
    return said


def each_by_itself(node: fx.Node, own: nn.Module, stages: Sequence[Expanded], seen: Mapping[fx.Node, Any]) -> Any:  # noqa: ANN401 - a value
    """Return what a node that treats channels alike makes of every stream by itself; of plain numbers, numbers."""
    streams = [seen[each] for each in node.all_input_nodes if isinstance(seen[each], list)]
    said = [called(node, own, seen, 0)]
    if not isinstance(said[0], Tensor):
        return said[0]
    for number, stage in enumerate(stages, 1):
        there = any(each[number] is not None for each in streams)
        said.append(called(node, stage.added, seen, number) if there else None)
    return said


def called(node: fx.Node, layers: nn.Module, seen: Mapping[fx.Node, Any], number: int) -> Any:  # noqa: ANN401 - a value
    """Return what a node makes of the stream of a number, with the layers that belong to it."""

    def taken(each: fx.Node) -> Any:  # noqa: ANN401 - a value
        return seen[each][number] if isinstance(seen[each], list) else seen[each]

    args, kwargs = fx.node.map_arg((node.args, node.kwargs), taken)
    args = tuple([each for each in arg if each is not None] if isinstance(arg, list) else arg for arg in args)
    if node.op == "call_module":
        return layers.get_submodule(str(node.target))(*args, **kwargs)
    if isinstance(node.target, str):
        return getattr(args[0], node.target)(*args[1:], **kwargs)
    return node.target(*args, **kwargs)


def returned(graph: fx.Graph) -> fx.Node:
    """Return the node whose value a graph returns."""
    *_, end = graph.nodes
    if not isinstance(end.args[0], fx.Node):
        raise InputError(f"the network returns {end.args[0]!r}, and one tensor of features is wanted")
    return end.args[0]


def put(root: nn.Module, place: str, layer: nn.Module) -> None:
    """Put a layer under a dotted name, with what lies above it."""
    *above, last = place.split(".")
    for name in above:
        if name not in root._modules:
            root.add_module(name, nn.Module())
        root = root.get_submodule(name)
    root.add_module(last, layer)


def found(root: nn.Module, place: str) -> nn.Module | None:
    """Return the layer of a dotted name; None where there is none."""
    there: nn.Module | None = root
    for name in place.split("."):
        there = None if there is None else there._modules.get(name)
    return there


def source(model: Classifier) -> Classifier:
    """Return a network as it was before it was last expanded, by the same modules: its classes, features and head.

    Where nothing old was trained it says, bit for bit, what the parent said.

    Raises:
        InputError: when it was never expanded, or what was there gets something from the new units.
    """
    if not isinstance(model.backbone, Expanded):
        raise InputError("only an expanded network has a source within it; this one was never expanded")
    if model.backbone.crossed:
        raise InputError("new units of this network go into the old ones, which say nothing without them: no source")
    inner = model.backbone.inner
    head = model.head.within(inner.features)
    classes = model.classes[: head.out_features]
    tasks = None if model.tasks is None else model.tasks[: len(classes)]
    aliases = {name: meant for name, meant in model.aliases.items() if meant in classes}
    made = Classifier(inner, head, classes, tasks, model.mean, model.std, aliases)
    made.training = head.training = model.training
    return made
