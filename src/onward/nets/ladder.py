"""A network and a smaller one beside it, which hears what goes on in it."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, cast

import torch
from torch import Tensor, cat, nn
from torch.nn import functional as F
from torch.nn.modules.conv import _ConvNd

from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.grown import Grown, innermost
from onward.rng import isolated

TEMPERATURE = 0.1
"""By which a gate is divided (the program of Sung, Cho & Bansal 2022)."""

Heard = dict[str, Tensor]
"""What comes into layers, (b, size), by their names."""

Taps = Sequence[tuple[str, int]]
"""Layers that are listened to, in order: the name, in the network before it ever grew, and how many features come."""


class Ladder(Grown):
    """Features h and those of a small network that is joined to a large one by rungs, [h, g]. forward: -> (b, d + d').

    With h_1 .. h_k what comes into some layers of the large one, over a map or a sequence its mean, and h_{k+1} its
    features, the small one's state is

        s_1 = r(h_1 D_1),   s_i = r(μ_i s_{i-1} + (1 - μ_i) h_i D_i),   g = n(s_{k+1})
        r(s) = s + φ(n(s) W_i + b_i),   μ_i = sigmoid(a_i / 0.1),   a_i = 0 at first

    where each D has a bias too, and n divides by the root mean square.

    No gradient goes from it into the large one. Gates and norms are those of Sung, Cho & Bansal 2022, "LST: Ladder
    Side-Tuning", arXiv:2206.06522.

    Args:
        inner: the network as it was.
        taps: the layers that are heard.
        width: d'.
        seed: of the new weights, which are drawn as torch draws a layer.
    """

    def __init__(self, inner: Backbone, taps: Taps, width: int, seed: int) -> None:
        """Draw the rungs."""
        super().__init__(inner)
        self.taps: Taps = [(place, size) for place, size in taps]
        self.width, self.seed = width, seed
        self.features = inner.features + width
        with isolated(seed, "added"):
            sizes = [*(size for _, size in self.taps), inner.features]
            self.put_beside(nn.ModuleList(Rung(size, width, gated=k > 0) for k, size in enumerate(sizes)))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d + d')."""
        places = [place for place, _ in self.taps]
        with listening(innermost(self.inner), places) as heard:
            old = self.inner(inputs)
        state = old  # which the first rung does not read
        for rung, value in zip(self.rungs, (*(heard[place] for place in places), old.detach()), strict=True):
            state = rung(value, state)
        return cat([old, normed(state)], dim=1)

    @property
    def rungs(self) -> list[Rung]:
        """The rungs, the first one first."""
        return cast("list[Rung]", list(self.added.children()))

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "ladder", "inner": self.inner.spec(), "taps": [list(each) for each in self.taps],
            "width": self.width, "seed": self.seed,
        }  # fmt: skip


class Rung(nn.Module):
    """What one layer of a large network adds to the state of a small one. forward: (b, size), (b, width) -> (b, width).

    Args:
        size: of what is heard.
        width: of the state.
        gated: whether there is a state before it; the first rung has none.
    """

    def __init__(self, size: int, width: int, gated: bool) -> None:
        """Draw the layers; a gate begins half open."""
        super().__init__()
        self.down, self.layer = nn.Linear(size, width), nn.Linear(width, width)
        self.gate = nn.Parameter(torch.zeros(1)) if gated else None

    def forward(self, heard: Tensor, state: Tensor) -> Tensor:
        """Return the next state."""
        came = self.down(heard)
        if self.gate is not None:
            came = came.lerp(state, torch.sigmoid(self.gate / TEMPERATURE).to(came))
        return came + F.relu(self.layer(normed(came)))


def normed(state: Tensor) -> Tensor:
    """Return a state divided by its root mean square."""
    return F.rms_norm(state, state.shape[1:], eps=1e-6)


@contextmanager
def listening(network: nn.Module, places: Iterable[str]) -> Generator[Heard]:
    """Give a place where what comes into some layers is noted while a network runs, each the first time.

    Nothing stays on the network: another one that has the same layers in it hears nothing of this.
    """
    heard: Heard = {}

    def note(place: str, layer: nn.Module, came: tuple[Tensor, ...]) -> None:
        if came and place not in heard:
            heard[place] = averaged(layer, came[0].detach())

    hooks = [network.get_submodule(place).register_forward_pre_hook(partial(note, place)) for place in places]
    try:
        yield heard
    finally:
        for hook in hooks:
            hook.remove()


def averaged(layer: nn.Module, came: Tensor) -> Tensor:
    """Return what comes into a layer, (b, size): its mean over a map or a sequence."""
    if isinstance(layer, nn.Linear):
        return came.flatten(1, -2).mean(1) if came.ndim > 2 else came
    return came.flatten(2).mean(2)


@torch.no_grad()
def taps_of(model: Classifier, example: Tensor, most: int) -> Taps:
    """Return the linear layers and convolutions that a ladder is to listen to, evenly spaced among all that run.

    Those where the examples of a batch do not lie side by side, as in attention by windows, are passed over.

    Args:
        model: in eval mode.
        example: one input, (1, *shape).
        most: so many of them, or all where there are fewer; in the order of their runs, with the last one.
    """
    network, batch = innermost(model.backbone), example.expand(EXAMPLES, *example.shape[1:])
    layers = {place: layer for place, layer in network.named_modules() if isinstance(layer, nn.Linear | _ConvNd)}
    with listening(network, layers) as heard:
        model.features(batch)
    fit = [(place, each.shape[1]) for place, each in heard.items() if each.ndim == 2 and len(each) == EXAMPLES]
    count = min(most, len(fit))
    return [fit[(k + 1) * len(fit) // count - 1] for k in range(count)]


EXAMPLES = 3
"""In the batch by which layers are found: few, and not one, which many a value has as its first dimension."""
