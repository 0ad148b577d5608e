"""What training will cost, from one real batch on this machine."""

from __future__ import annotations

import copy
import math
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch

from onward.engine.flops import flops_per_example
from onward.engine.update import planned, usable
from onward.learner import Learner
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.record import PhaseRecord
from onward.settings import Settings
from onward.types import Data, known_as, present

TIMED = 3
"""How often a batch is timed, after one that is not counted; the median is taken."""


@dataclass(frozen=True)
class Price:
    """What one example costs on its way through the model.

    Args:
        flops: of the forward and the backward pass.
        seconds: of both, in a batch of the size to train with.
        head_flops: where the head alone is trained: the forward pass, and the backward pass of the head.
        head_seconds: of those.
    """

    flops: int
    seconds: float
    head_flops: int
    head_seconds: float


def price(before: Learner, data: Data, settings: Settings, seed: int) -> Price:
    """Return what one example costs, counted by torch and timed; the model is left as it was.

    Args:
        before: the version in use; a copy of it knows the new classes.
        data: what arrived.
        settings: the batch size, and where to train.
        seed: of the new rows of the head, whose values do not matter.
    """
    model = copy.deepcopy(before.model).to(usable(settings.device)).eval().requires_grad_(True)
    model.grow(present(known_as(data, model.aliases)), seed)
    forward, backward = flops_per_example(model, data)
    batch = data.take(torch.arange(min(settings.batch_size, len(data)))).inputs.to(model.device)
    share = 1 / len(batch)
    weights = [parameter for name, parameter in model.named_parameters() if model.trains(name)]
    whole = share * timed(lambda: descent(model, batch, weights))
    model.backbone.requires_grad_(False)
    head = share * timed(lambda: descent(model, batch, list(model.head.parameters())))
    of_head = 2 * model.head.in_features * model.head.out_features  # a product by rows once more, for its gradient
    return Price(forward + backward, whole, forward + of_head, head)


def descent(model: Classifier, batch: torch.Tensor, weights: list[torch.nn.Parameter]) -> None:
    """Go forward through the model, and back to ``weights``; wait until it is done."""
    total = model(batch).logsumexp(dim=1).mean()
    gradients = torch.autograd.grad(total, weights, allow_unused=True)
    _ = [float(each.sum()) for each in gradients[:1] if each is not None]


def timed(act: Callable[[], None]) -> float:
    """Return the seconds that an act takes."""
    taken = []
    for _ in range(TIMED + 1):
        began = time.perf_counter()
        act()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken[1:])


def samples(before: Learner, data: Data, settings: Settings, seed: int, method: Method) -> int:
    """Return how many examples an update puts through the model: every phase of its plan, what is mixed in included.

    A phase on features puts none through it, and what it costs is small beside those that do.

    Raises:
        InputError: when the data, the method or the settings do not fit.
    """
    phases = planned(before, data, settings, seed, method=method)
    return sum(samples_in(phase, settings.steps) for phase in phases if not phase.on_features)


def samples_in(phase: PhaseRecord, most: int | None) -> int:
    """Return how many examples a planned phase puts through the model in at most so many steps."""
    looks = 2 if phase.climbs else 1
    if most is not None and most < phase.planned:
        return looks * most * (phase.batch_size + phase.mixed)
    epochs = phase.planned // max(1, math.ceil(phase.examples / phase.batch_size))
    return looks * (epochs * phase.examples + phase.planned * phase.mixed)
