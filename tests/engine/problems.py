"""Small problems for the engine: a few vectors or images, and a network that can tell them apart."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim import SGD
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, OneCycleLR

from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.methods.ewc import EWC
from onward.methods.replay import Replay
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.settings import Settings
from onward.toy import blobs
from onward.types import Examples


def vectors(names: str = "ab", n: int = 20, seed: int = 0) -> Examples:
    """``n`` points in the plane for each letter, around a place on the circle that the letter decides."""
    angles = {name: math.tau * "abcdef".index(name) / 6 for name in names}
    return blobs({name: (2 * math.cos(a), 2 * math.sin(a)) for name, a in angles.items()}, seed, n)


def images(names: str = "ab", n: int = 10, seed: int = 0) -> Examples:
    """``n`` noisy byte images of 8x8 for each letter, the brighter the later the letter."""
    targets = torch.arange(len(names)).repeat_interleave(n)
    light = torch.tensor(["abcdef".index(name) * 40 for name in names])[targets]
    noise = torch.randint(0, 40, (len(targets), 1, 8, 8), generator=generator(seed, "images"))
    return Examples((light[:, None, None, None] + noise).byte(), targets, tuple(names))


def learner(names: str = "ab", method: Method | None = None, dropout: float = 0.0) -> Learner:
    """A small untrained perceptron that knows some classes."""
    model = fresh("mlp", (2,), seed=5, width=8, depth=2, dropout=dropout)
    model.grow(names, seed=5)
    return Learner(model.eval(), *([method] if method else []))


def seeing(names: str = "ab", method: Method | None = None) -> Learner:
    """A small untrained convolutional network, with batch norm."""
    model = fresh("cnn", (1, 8, 8), seed=5, width=2)
    model.grow(names, seed=5)
    return Learner(model.eval(), *([method] if method else []))


def bits(tensors: Mapping[str, Tensor]) -> dict[str, tuple[str, tuple[int, ...], bytes]]:
    """What there is to know of tensors, in a form that ``==`` compares."""
    return {
        name: (str(tensor.dtype), tuple(tensor.shape), tensor.detach().cpu().contiguous().numpy().tobytes())
        for name, tensor in tensors.items()
    }


def everything(learner: Learner) -> tuple:
    """All of a learner that an update might touch by mistake."""
    model = learner.model
    flags = [(name, module.training) for name, module in model.named_modules()]
    free = [(name, parameter.requires_grad, parameter.grad is None) for name, parameter in model.named_parameters()]
    return bits(model.state_dict()), bits(learner.kept), flags, free, model.classes, model.spec()


def torch_rates(schedule: str, lr: float, total: int) -> list[float]:
    """The learning rate that torch's own schedules give in each of ``total`` steps."""
    descent = SGD([nn.Parameter(torch.zeros(1))], lr=lr)
    following = {
        "constant": lambda: ConstantLR(descent, factor=1.0),
        "cosine": lambda: CosineAnnealingLR(descent, T_max=total),
        "one_cycle": lambda: OneCycleLR(descent, max_lr=lr, total_steps=total, cycle_momentum=False),
    }[schedule]()
    rates = [descent.param_groups[0]["lr"]]
    while len(rates) < total:
        descent.step()
        following.step()
        rates.append(descent.param_groups[0]["lr"])
    return rates


def digest() -> str:
    """A hash of what comes out of two updates with everything that draws: dropout, a memory, shuffling."""
    chain, settings = EWC(3.0) | Replay(7, 3), Settings(epochs=2, batch_size=6, validation=0.2)
    version = learner("a", chain, dropout=0.5)
    for names, seed in (("ab", 1), ("bc", 2)):
        version, _ = update(version, vectors(names, seed=seed), settings, seed)
    tensors = {**bits(version.model.state_dict()), **bits(version.kept)}
    return hashlib.sha256(repr(sorted(tensors.items())).encode()).hexdigest()
