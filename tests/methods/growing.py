"""Worlds in which a network grows, and what must hold in each: the source within says what the parent said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torch
from tests.conformance.scenarios import clouds, cnn, images, mlp, task_headed, with_dropout
from tests.methods.walks import FIRST, RATE, SECOND, SEED, SETTINGS, batches, grown, seen_by
from tests.reference.descent import descend_leaves
from torch import Tensor

from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.grown import source
from onward.nets.zoo import fresh
from onward.settings import Settings
from onward.types import Examples

SGD = Settings(epochs=2, batch_size=16, lr=0.1, momentum=0.9, weight_decay=0.1)
NESTEROV = replace(SGD, nesterov=True, weight_decay=0.01, clip=1.0)
ADAMW = Settings(epochs=2, batch_size=16, lr=0.01, weight_decay=0.5, optimiser="adamw")
PICTURES, MORE = images("abc", 1), images("bd", 2)


def resnet() -> Classifier:
    """A residual network with batch norm."""
    return fresh("resnet18", (1, 4, 4), seed=0, width=2)


@dataclass(frozen=True, eq=False)
class World:
    """A network without classes, what it learns first, what arrives then, and how hard its optimiser pulls."""

    net: Callable[[], Classifier]
    first: Examples
    second: Examples
    settings: Settings


WORLDS = {
    "new classes": World(mlp, FIRST, SECOND, SGD),
    "the same classes": World(mlp, FIRST, clouds("abc", 2, shift=1.0), SGD),
    "some new and some again": World(mlp, FIRST, clouds("dca", 2, shift=0.5), NESTEROV),
    "adamw": World(mlp, FIRST, SECOND, ADAMW),
    "adamw, the same classes": World(mlp, FIRST, clouds("abc", 2, shift=1.0), ADAMW),
    "dropout": World(with_dropout, FIRST, SECOND, SGD),
    "batch norm": World(cnn, PICTURES, MORE, SGD),
    "batch norm, adamw": World(cnn, PICTURES, MORE, ADAMW),
    "sums and batch norm": World(resnet, PICTURES, MORE, SGD),
    "bfloat16": World(mlp, FIRST, SECOND, replace(SGD, precision="bfloat16")),
    "parts of a head": World(task_headed, FIRST, SECOND, NESTEROV),
}


def assert_the_source_stays(world: World, method: Method) -> None:
    """Grow twice; hold each source against its parent, bit for bit, and the logits that nothing taught."""
    first, second = world.first, world.second
    parent, _ = update(Learner(world.net(), method), first, world.settings, seed=3)
    child, _ = update(parent, second, world.settings, seed=4)
    assert same_bits(source(child.model), parent.model, first)
    again = {second.classes[k] for k in second.targets.unique().tolist()}
    stays = [k for k, name in enumerate(parent.classes) if name not in again]
    joint, before = child.model(first.inputs), parent.model(first.inputs)
    assert torch.equal(joint[:, stays], before[:, stays])
    for k in range(len(parent.classes)):
        assert k in stays or not torch.equal(joint[:, k], before[:, k])
    third, _ = update(child, first, world.settings, seed=5)
    assert same_bits(source(third.model), child.model, second)
    assert same_bits(source(source(third.model)), parent.model, first)


def assert_steps_are_those_written_out(parent: Learner, names: Sequence[str], said: Callable[..., Tensor]) -> None:
    """Grow and learn in fifty steps; hold the new parameters, by their names, against a descent by the logits ``said``.

    What is old stands still there: ``said`` reads it beside what is new.
    """
    start, _ = update(parent, SECOND, replace(SETTINGS, steps=0), SEED)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    old = [each.detach() for each in parent.model.parameters()]
    new = [start.model.get_parameter(name).detach().clone().requires_grad_() for name in names]
    descend_leaves(partial(said, old, new), new, batches(seen_by(grown(parent))), **RATE)
    assert record.cost.steps == 50
    assert record.phases[0].trained == sum(leaf.numel() for leaf in new)
    for name, leaf in zip(names, new, strict=True):
        assert not torch.equal(start.model.get_parameter(name), leaf)
        torch.testing.assert_close(child.model.get_parameter(name), leaf, rtol=1e-3, atol=1e-5)
    torch.testing.assert_close(child.predict(FIRST.inputs).logits, said(old, new, FIRST.inputs), rtol=1e-3, atol=1e-4)


def same_bits(one: Classifier, other: Classifier, data: Examples) -> bool:
    """Whether two networks are one: their tensors, and what they say."""
    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    return torch.equal(one(data.inputs), other(data.inputs))
