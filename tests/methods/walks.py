"""One update of fifty steps, and what a reference needs to go the same way without the engine."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from tests.conformance.scenarios import clouds, mlp
from torch import Tensor, nn

from onward.context import Context
from onward.engine.batches import epoch
from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.mlp import MLP
from onward.phase import Phase
from onward.rng import generator
from onward.settings import Settings
from onward.types import Data, Examples, aligned, present

SETTINGS = Settings(epochs=10, batch_size=12, lr=0.02, momentum=0.9)
RATE: dict[str, Any] = {"lr": SETTINGS.lr, "momentum": SETTINGS.momentum}
FIRST, SECOND = clouds("abc", 1), clouds("de", 2)  # 90 and 60 examples: the second takes 10 x 5 steps
SEED = 4


def begun(method: Method) -> Learner:
    """A learner after a first update, of the classes a, b and c."""
    return update(Learner(mlp(), method), FIRST, SETTINGS, seed=3)[0]


def grown(learner: Learner, new: Data = SECOND) -> Classifier:
    """A copy of a learner's model that knows the classes of ``new``, as the engine grows it."""
    model = copy.deepcopy(learner.model)
    model.grow(present(new), SEED)
    return model


def seen_by(model: Classifier, new: Data = SECOND) -> Examples:
    """The new data with the targets that a model counts."""
    data = aligned(new, model.classes)
    assert isinstance(data, Examples)
    return data


def orders(phase: Phase) -> list[tuple[Tensor, ...]]:
    """The rows of each step of an update's only phase: of its data, and of each memory beside it or apart from it."""
    sources = [phase.data, *(mix.data for mix in (*phase.mixes, *phase.apart))]
    streams = [generator(SEED, "phase", 0, phase.name, k, "batches") for k in range(phase.settings.epochs)]
    return [tuple(piece.rows for piece in pieces) for draws in streams for pieces in epoch(phase, sources, draws)]


def batches(data: Examples) -> list[tuple[Tensor, Tensor]]:
    """The (x, y) of each step of a plain phase on ``data``."""
    plain = Phase("train", data, SETTINGS)
    return [(data.inputs[rows], data.targets[rows]) for (rows,) in orders(plain)]


def assert_same_parameters(ours: nn.Module, theirs: nn.Module, start: nn.Module) -> None:
    """Hold two walks against one another; both must have left where they started."""
    there, before = dict(theirs.named_parameters()), dict(start.named_parameters())
    assert there.keys() == dict(ours.named_parameters()).keys() == before.keys()
    for name, parameter in ours.named_parameters():
        assert not torch.equal(parameter, before[name]), name
        torch.testing.assert_close(parameter, there[name], rtol=1e-3, atol=1e-5, msg=lambda m, n=name: f"{n}: {m}")


class Identity(nn.Module):
    """No backbone at all, so that a classifier is a softmax regression."""

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs.flatten(1)


class HalfTrained(MLP):
    """A network of which only biases are trained, as of an adapted one only the adapter is."""

    def trains(self, name: str) -> bool:
        return name.endswith("bias")


def regression(d: int, c: int, bias: bool = True) -> Classifier:
    """A softmax regression with normal weights."""
    head = Head(d, [c], bias=bias)
    with torch.no_grad():
        for number, parameter in enumerate(head.parameters()):
            parameter.copy_(torch.randn(parameter.shape, generator=generator(number, "weights")))
    return Classifier(Identity(), head, tuple(map(str, range(c)))).eval()


def pair(tasks: Sequence[int] | None = None) -> tuple[Classifier, Classifier]:
    """A parent of four classes, and a child that has moved on and knows two more; features are the inputs."""
    plain = regression(3, 4)
    old = Classifier(Identity(), plain.head, plain.classes, tasks=tasks).eval()
    model = copy.deepcopy(old)
    with torch.no_grad():
        model.head.blocks[0].weight.mul_(0.5)
    model.grow(["4", "5"], seed=0)
    return old, model


def context(
    new: Data, old: Classifier | None = None, kept: Mapping[str, Tensor] | None = None, seed: int = 0
) -> Context:
    """What a method is given, without an engine."""
    return Context(new, old, kept or {}, SETTINGS, seed)
