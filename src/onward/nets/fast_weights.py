"""An ensemble whose members share their weights but for a factor of rank one in each layer."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from onward.errors import InputError
from onward.nets.backbone import Backbone
from onward.rng import generator
from onward.transform import Transform


class FastLayer(nn.Module):
    """A linear layer or a convolution with weights ``w ∘ (s_i r_iᵀ)`` for the i-th of n members.

    The k-th example of a batch is the member's k mod n. What comes in is multiplied by r_i, channel by channel, and
    what goes out, its bias included, by s_i: two products of vectors beside the layer's own.

    Args:
        shared: the layer.
        members: n.
        spread: of r and s, which are drawn from N(1, spread²).
        draws: from which.
    """

    def __init__(self, shared: nn.Linear | nn.Conv2d, members: int, spread: float, draws: torch.Generator) -> None:
        """Draw what the members have of their own."""
        super().__init__()
        self.shared = shared
        size, wider = (
            (shared.in_features, shared.out_features)
            if isinstance(shared, nn.Linear)
            else (shared.in_channels, shared.out_channels)
        )
        drawn = 1 + spread * torch.randn(members, size + wider, generator=draws)
        parts = drawn.split([size, wider], dim=1)
        self.ins, self.outs = (nn.Parameter(part.to(shared.weight).contiguous()) for part in parts)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return what the layer makes of a batch, each example by its member."""
        return self.shared(inputs * self.by_example(self.ins, inputs)) * self.by_example(self.outs, inputs)

    def by_example(self, factors: Tensor, batch: Tensor) -> Tensor:
        """Return the factors, (n, c), of each example of a batch, in a shape that multiplies its channels."""
        own = factors[torch.arange(batch.shape[0], device=factors.device) % len(factors)]
        others = (None,) * (batch.ndim - 2)
        return own[:, *others] if isinstance(self.shared, nn.Linear) else own[..., *others]


class FastWeights(Backbone):
    """A network of which each layer has n versions, apart by a factor of rank one. forward: (b, *shape) -> (b, d).

    In training the examples of a batch are divided among the members in turn. Else the features are the mean over all
    members, and with them the logits of whatever linear head is on top.

    Wen, Tran & Ba 2020, "BatchEnsemble", arXiv:2002.06715.

    Args:
        inner: the network; its linear layers and convolutions that are trained get factors.
        members: n.
        spread: of the first factors around 1.
        seed: of their draws.

    Raises:
        InputError: when it has no such layer.
    """

    def __init__(self, inner: Backbone, members: int, spread: float, seed: int) -> None:
        """Put the factors around the layers."""
        super().__init__()
        self.inner, self.members, self.spread, self.seed = inner, members, spread, seed
        self.shape, self.features = inner.shape, inner.features
        self.plain = inner.spec()
        self.places = [
            place
            for place, layer in inner.named_modules()
            if type(layer) in (nn.Linear, nn.Conv2d) and inner.trains(f"{place}.weight")
        ]
        if not self.places:
            raise InputError(
                "a batch ensemble puts factors around linear layers and convolutions that are trained, and this "
                "network has none; take vanilla_ensemble"
            )
        for place in self.places:
            layer, draws = inner.get_submodule(place), generator(seed, "fast weights", place)
            assert isinstance(layer, nn.Linear | nn.Conv2d)
            inner.set_submodule(place, FastLayer(layer, members, spread, draws))

    @property
    def transform(self) -> Transform | None:
        """How files become inputs: as for the network itself."""
        return self.inner.transform

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter: factors, and what it moves in the network itself."""
        name = name.removeprefix("inner.")
        for place in self.places:
            if name.startswith(f"{place}."):
                return not name.startswith(f"{place}.shared.") or self.inner.trains(name.replace(".shared.", ".", 1))
        return self.inner.trains(name)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d)."""
        if self.training:
            return self.inner(inputs)
        each = inputs[:, None].expand(-1, self.members, *inputs.shape[1:])
        return self.inner(each.flatten(0, 1)).unflatten(0, (-1, self.members)).mean(1)

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "fast_weights", "inner": self.plain, "members": self.members, "spread": self.spread,
            "seed": self.seed,
        }  # fmt: skip
