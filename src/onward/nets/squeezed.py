"""An expanded network without some of the units that were added last."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from onward.nets.added_units import expansion, marks_of, units_of
from onward.nets.classifier import Classifier
from onward.nets.expanded import Expanded
from onward.nets.head import Head
from onward.nets.resting import resting
from onward.rng import isolated


def squeezed(model: Classifier, stays: Tensor) -> Classifier:
    """Return a network without some added units, with smaller tensors and what was there before as it is.

    What a unit gives to others goes with it. Where nothing reads it, nothing else changes, unless a layer norm or group
    norm of the added channels had it among them.

    Args:
        model: an expanded network, left as it is; what was there before is shared with it.
        stays: whether each unit stays, (units,), in the order of ``units_of``.

    Raises:
        InputError: when it was never expanded.
    """
    before, units = expansion(model), units_of(expansion(model))
    added = {place: int(stays[each].sum()) for place, each in units.go.items()}
    more = {place: count for place, count in added.items() if count}
    backbone = Expanded(before.inner, more, before.crossed, before.seed)
    with isolated(0, "squeezed"):
        head = narrowed(model.head, before.inner.features, backbone.features)
    made = Classifier(backbone, head, model.classes, model.tasks, model.mean, model.std, model.aliases)
    made.to(device=model.device, dtype=model.dtype)
    state = without(model.state_dict(), model, stays)
    for part, module in (("backbone.added", backbone.added), ("head", head)):
        module.load_state_dict({name: state[f"{part}.{name}"] for name in module.state_dict()})
    return made.eval()


def narrowed(head: Head, before: int, features: int) -> Head:
    """Return a head of the same classes that reads fewer features; blocks that read those before read them all."""

    def reads(count: int) -> int:
        return min(count, before) if count <= before else features

    corrections = [{"rows": each.places.tolist(), "reads": reads(each.in_features)} for each in head.added]
    return Head(features, head.sizes, head.bias, [reads(each) for each in head.reads], corrections)


def without(tensors: dict[str, Tensor], model: Classifier, stays: Tensor) -> dict[str, Tensor]:
    """Return tensors, each of the shape of the model's one of that name, without what belongs to some units."""
    rest = dict(tensors)
    for name, axis, units, _ in marks_of(model):
        if name in rest:
            places = ((units < 0) | stays[units]).nonzero()[:, 0]
            rest[name] = rest[name].index_select(axis, places.to(rest[name].device))
    return rest


@torch.no_grad()
def magnitudes(model: Classifier) -> Tensor:
    """Return the norm of the weights by which each added unit is read, (units,) float64; 0 where nothing reads it.

    The output-weights norm of He et al. 2014, "Reshaping deep neural network for fast decoding by node-pruning",
    here of order 2 and over all that reads the unit: layers, their blocks into what was there, rows of the head. How
    strong the unit itself is does not count.

    Raises:
        InputError: when the network was never expanded.
    """
    squares = torch.zeros(units_of(expansion(model)).count, dtype=torch.float64)
    tensors = model.state_dict()
    for name, axis, units, read in marks_of(model):
        if read:
            each = tensors[name].double().cpu().square().movedim(axis, 0).flatten(1).sum(dim=1)
            squares.index_add_(0, units[units >= 0], each[units >= 0])
    return squares.sqrt()


@torch.inference_mode()
def changes(model: Classifier, batches: Sequence[Tensor]) -> Tensor:
    """Return by how much the logits move when one added unit alone is taken out, (units,) float64.

    That is the mean of their absolute differences over all examples and classes. Each unit is really taken out, and all
    batches go through the rest: one pass over them for each.

    Args:
        model: an expanded network.
        batches: inputs, (b, *shape) each.

    Raises:
        InputError: when the network was never expanded.
    """
    count = units_of(expansion(model)).count
    found = torch.zeros(count, dtype=torch.float64)
    with resting(model):
        wanted = [model(batch) for batch in batches]
        for unit in range(count):
            smaller = squeezed(model, torch.arange(count) != unit)
            moved = [(smaller(batch) - said).abs().double().sum() for batch, said in zip(batches, wanted, strict=True)]
            found[unit] = torch.stack(moved).sum().cpu()
    return found / sum(each.numel() for each in wanted)


def in_turn(model: Classifier, scores: Tensor) -> Tensor:
    """Return the added units in the order in which they are taken out, the least first; one of them never is.

    A unit that the head reads stays: by what the head reads, it knows which of its rows are the source's.

    Args:
        model: an expanded network.
        scores: one for each unit, (units,).
    """
    last = units_of(expansion(model)).last.unique()
    kept = last[scores[last].argmax()]
    order = scores.argsort(stable=True)
    return order[order != kept]
