"""The weights of versions of a network averaged, and batch norm's statistics brought in line with them."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator, Mapping, MutableMapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.batchnorm import _BatchNorm

from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.resting import resting
from onward.types import Data

Moved = Callable[[str], bool]
"""Says of a parameter, by its name, whether it has moved."""

BLOCKS = "head.blocks."
"""How the names of the head's tensors begin: its rows are met one by one, for not every version has all of them."""


@torch.no_grad()
def average(model: Classifier, other: Classifier, share: float) -> None:
    """Move a model towards another: each parameter becomes ``(1 - share)`` of its own and ``share`` of the other's.

    Parameters that the other has not, or not in this shape, such as rows of new classes, and those that no update moves
    stay as they are.
    So do batch norm's running statistics, which belong to weights that are no longer there: see ``renormalise``.

    Args:
        model: changed in place.
        other: an earlier or a later version of it.
        share: in [0, 1].
    """
    there = dict(other.named_parameters())
    for name, parameter in model.named_parameters():
        if name in there and there[name].shape == parameter.shape and model.trains(name):
            parameter.lerp_(there[name], share)


class MeanAlong:
    """The mean of parameters over the places that they come to: exponential, and plain while that is shorter.

    After t steps it is ``m ← γ_t m + (1 - γ_t) θ`` with ``γ_t = min(γ, 1 - 1/t)``; with γ = 1 the plain mean of all of
    them. Where the way begins does not count.

    Args:
        parameters: θ by name, which are left as they are until ``put``.
        decay: γ in [0, 1].
        held: where the mean is held, and the count of places; whoever fills it anew decides how the way goes on.
    """

    def __init__(self, parameters: Mapping[str, Tensor], decay: float, held: MutableMapping[str, Tensor]) -> None:
        """Begin with no place."""
        self.parameters, self.decay = list(parameters.values()), decay
        self.mean = [each.detach().clone() for each in self.parameters]
        self.places = torch.tensor(-1)  # on the host, where it is read every step
        held.update({f"mean/{name}": each for name, each in zip(parameters, self.mean, strict=True)})
        held["places"] = self.places

    @torch.no_grad()
    def follow(self, model: nn.Module) -> None:
        """Take in where the parameters of a model are; the first time, only note that the way begins."""
        steps = int(self.places.add_(1))
        if steps == 1:
            torch._foreach_copy_(self.mean, self.parameters)
        elif steps > 1:
            torch._foreach_lerp_(self.mean, self.parameters, 1 - min(self.decay, 1 - 1 / steps))

    @torch.no_grad()
    def put(self) -> None:
        """Put the parameters at their mean; where no step was taken they stay."""
        if self.moved:
            torch._foreach_copy_(self.parameters, self.mean)

    @property
    def moved(self) -> bool:
        """Whether a step was taken."""
        return int(self.places) > 0


@torch.no_grad()
def mean_of_models(frame: Classifier, models: Sequence[Classifier], weights: Sequence[float]) -> Classifier:
    """Return a new network whose tensors are the weighted means of those of several.

    A network that does not know a class counts as one with a row of zeros for it. Batch norm's running statistics are
    averaged as weights are; see ``renormalise`` for those that belong to the mean. Whole numbers, such as a
    count of batches, are those of the network with the largest weight.

    Args:
        frame: one of the networks, which knows every class that another knows; the new one is of its shape and has its
            names.
        models: of one architecture, their classes counted alike.
        weights: one each, >= 0, not all 0; only their ratios count.
    """
    made = copy.deepcopy(frame)
    states = [model.state_dict() for model in models]
    heaviest = list(weights).index(max(weights))
    for name, own in made.state_dict().items():
        if not name.startswith(BLOCKS):
            each = [state[name] for state in states]
            own.copy_(mean_of(each, weights) if own.is_floating_point() else each[heaviest])
    for kind in ("weight", "bias") if frame.head.bias else ("weight",):
        rows = [rows_of(model.head, kind, len(frame.classes)) for model in models]
        for block, own in zip(made.head.linears, mean_of(rows, weights).split(frame.head.sizes), strict=True):
            getattr(block, kind).copy_(own[:, : block.in_features] if kind == "weight" else own)
    return made


def mean_of(tensors: Sequence[Tensor], weights: Sequence[float]) -> Tensor:
    """Return the weighted mean of tensors of one shape, in their type.

    It is summed in float64: the mean of equal tensors is that tensor to the bit, and so is a tensor that alone has a
    weight.

    Args:
        tensors: of floats.
        weights: one each, >= 0, not all 0.
    """
    whole = sum(weights)
    (first, weight), *rest = [pair for pair in zip(tensors, weights, strict=True) if pair[1]]
    total = first.double() * (weight / whole)
    for tensor, weight in rest:
        total.add_(tensor.double(), alpha=weight / whole)
    return total.to(first.dtype)


def rows_of(head: Head, kind: str, count: int) -> Tensor:
    """Return the weights, (count, d), or the biases, (count,), of all blocks of a head, and zeros for what it lacks."""
    read = [head.in_features - block.in_features if kind == "weight" else 0 for block in head.linears]
    rows = torch.cat([F.pad(getattr(b, kind), (0, less)) for b, less in zip(head.linears, read, strict=True)])
    return F.pad(rows, (*(0, 0) * (rows.ndim - 1), 0, count - len(rows)))


@torch.no_grad()
def renormalise(
    model: Classifier, data: Data, draws: torch.Generator, moved: Moved, most: int = 4096, size: int = 256
) -> None:
    """Take batch norm's running statistics anew from data, as the model's weights are now.

    The plain mean over batches of equal size, but for one example, as Izmailov et al. 2018 ("Averaging Weights Leads
    to Wider Optima and Better Generalization", section 3.2) do after averaging. Layers that did not move,
    and those without running statistics, are left as they are; a model without others is not run at all.

    Args:
        model: changed in place; its other layers are at rest meanwhile, and all are afterwards as they were.
        data: what it is to be used on.
        draws: from which the examples are drawn, and their order.
        moved: says by name which parameters have moved.
        most: at most so many examples are gone through; larger than 1.
        size: of a batch, at most; larger than 2, so that none is left with a single example.
    """
    norms = list(moved_norms(model, moved))
    if not norms or len(data) < 2:  # a batch of one has no variance
        return
    before = [norm.momentum for norm in norms]
    with resting(model):
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # torch's word for the plain mean over batches
            norm.train()
        for inputs in batches(data, draws, most, size):
            model.features(inputs.to(model.device))
    for norm, momentum in zip(norms, before, strict=True):
        norm.momentum = momentum


def moved_norms(model: Classifier, moved: Moved) -> Iterator[_BatchNorm]:
    """Yield the batch norms whose statistics training moved: all but those in a part that stood still throughout."""
    still: set[nn.Module] = set()
    for place, module in model.named_modules():
        inside = [name for name, _ in module.named_parameters(place)]
        if inside and not any(map(moved, inside)):
            still.update(module.modules())
    for module in model.modules():
        if isinstance(module, _BatchNorm) and module.track_running_stats and module not in still:
            yield module


def batches(data: Data, draws: torch.Generator, most: int, size: int) -> Iterator[Tensor]:
    """Yield inputs, (b, *shape), in a random order and batches that differ by one example at most."""
    taken = torch.randperm(len(data), generator=draws)[:most]
    for rows in taken.tensor_split(math.ceil(len(taken) / size)):
        yield data.take(rows).inputs
