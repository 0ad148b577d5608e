"""The corners of a subspace as one flat buffer, of which a network's parameters are a point; and SGD over them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from onward.errors import InputError
from onward.nets.subspace import Look

ALIGNED = 16
"""Every parameter begins at a multiple of so many numbers: a row that begins in the middle of a cache line is slow."""


class Corners(Optimizer):
    """SGD with momentum over n corners, by the gradient at a point between them.

    The corners are one buffer W, (n, P). A point is one matrix-vector product ``Wᵀα``, written where the parameters
    lie: they are views of one flat vector. With g the gradient there, the corners move by the exact chain rule,

        V ← μ V + α gᵀ + λ W,    W ← W − η V

    in two passes over memory. Each look is a further ``α gᵀ``, with the point of its own.
    """

    def __init__(
        self,
        parameters: Mapping[str, nn.Parameter],
        offsets: Mapping[str, Tensor],
        lr: float,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        paces: Sequence[float] = (),
    ) -> None:
        """Lay the parameters into one vector, and the corners around it.

        Args:
            parameters: that move, by name. They lie elsewhere until ``release``.
            offsets: of each corner, by name, (n, *shape); one that has none begins with its corners in one place.
            lr: η.
            momentum: μ.
            weight_decay: λ.
            paces: by what each parameter's rate is multiplied; () is 1 for all.

        Raises:
            InputError: when they are not of one type on one device.
        """
        held = list(parameters.values())
        if len({(each.dtype, each.device) for each in held}) > 1:
            kinds = sorted({f"{each.dtype} on {each.device}" for each in held})
            raise InputError(f"a subspace needs parameters of one type on one device, got {', '.join(kinds)}")
        super().__init__(held, {"lr": lr, "pace": 1.0})
        self.names, self.held, self.momentum, self.decay = list(parameters), held, momentum, weight_decay
        starts = accumulate((each.numel() + -each.numel() % ALIGNED for each in held), initial=0)
        self.bounds = [(start, start + each.numel()) for start, each in zip(starts, held, strict=False)]
        self.homes = [each.data for each in held]
        n = len(next(iter(offsets.values())))
        short = [(place, -each.numel() % ALIGNED) for place, each in enumerate(held, start=1)]
        self.gaps = [(place, held[0].new_zeros(missing)) for place, missing in reversed(short) if missing]
        self.point = self.laid(self.homes)
        apart = [offsets[name].to(each) if name in offsets else each.new_zeros(n, *each.shape)
                 for name, each in parameters.items()]  # fmt: skip
        self.corners = torch.stack([self.laid([each[row] for each in apart]) for row in range(n)]).add_(self.point)
        self.velocity = torch.zeros_like(self.corners) if momentum else self.corners[:, :0]
        for each, (start, end) in zip(held, self.bounds, strict=True):
            each.data = self.point[start:end].view(each.shape)
        self.paces = list(paces) or [1.0] * len(held)
        self.pace: Tensor | float = 1.0  # of every number, for what goes over all of them
        if len(set(paces)) > 1 or set(paces) - {1.0}:
            self.pace = self.laid([torch.full_like(each, pace) for each, pace in zip(held, paces, strict=True)])
        self._felt: list[tuple[Tensor, list[Tensor]]] = []
        self._pushes: list[tuple[int, Tensor]] = []
        moving = self.velocity if momentum else self.corners
        self._moving = [moving[:, start:end] for start, end in self.bounds]

    def laid(self, values: Sequence[Tensor]) -> Tensor:
        """Return one tensor for each parameter as one vector, (P,), with zeros where one does not fill its line."""
        pieces = [value.reshape(-1) for value in values]
        for place, gap in self.gaps:
            pieces.insert(place, gap)
        return torch.cat(pieces)

    def flat(self, values: Mapping[str, Tensor]) -> Tensor:
        """Return values by name as one vector, (P,)."""
        return self.laid([values[name].to(self.point) for name in self.names])

    @torch.no_grad()
    def place(self, look: Look, anchor: Tensor | None = None) -> None:
        """Put the parameters at the point of a look; ``anchor`` is flat, (P,)."""
        torch.mv(self.corners.t(), look.shares.to(self.point), out=self.point)
        if anchor is not None:
            self.point.add_(anchor, alpha=1 - float(look.shares.sum()))

    def feel(self, look: Look) -> None:
        """Take the gradient that the parameters have now as that at the point of a look."""
        slopes = look.slopes if look.weight == 1 else look.slopes * look.weight
        self._felt.append((slopes.to(self.point), [slope_of(each) for each in self.held]))

    @torch.no_grad()
    def part(self, one: int, other: int, strength: float) -> None:
        """Push two corners apart: down the gradient of ``strength cos²`` between them."""
        a, b = self.corners[one], self.corners[other]
        lengths = a.norm() * b.norm()
        cosine = torch.dot(a, b) / lengths
        for row, here, there in ((one, a, b), (other, b, a)):
            gradient = (there / lengths).sub_(here * (cosine / here.square().sum())).mul_(2 * strength * cosine)
            self._pushes.append((row, gradient.mul_(self.pace)))

    @torch.no_grad()
    def step(self, _closure: None = None) -> None:  # ty: ignore[incompatible-method-override]
        """Move the corners by all gradients felt since the last step."""
        lr, decay = self.param_groups[0]["lr"], self.decay * self.pace
        if self.decay and not self.momentum:
            self.corners.mul_(1 - lr * decay)
        by, stays = (1.0, self.momentum) if self.momentum else (-lr, 1.0)
        for slopes, gradients in self._felt:  # parameter by parameter: to gather the gradients first costs two passes
            for part, gradient, pace in zip(self._moving, gradients, self.paces, strict=True):
                part.addr_(slopes, gradient, beta=stays, alpha=by * pace)
            stays = 1.0
        for row, push in self._pushes:
            (self.velocity if self.momentum else self.corners)[row].add_(push, alpha=by)
        if self.momentum:
            if self.decay:
                self.velocity.add_(self.corners * decay)
            self.corners.add_(self.velocity, alpha=-lr)
        self._felt, self._pushes = [], []

    @torch.no_grad()
    def settle(self) -> None:
        """Put the parameters at the midpoint."""
        self.point.copy_(self.corners.mean(0, dtype=torch.float64))

    @torch.no_grad()
    def put(self, corners: Tensor, velocity: Tensor) -> None:
        """Take corners and their velocities, (n, P) each, from where others of this shape were."""
        self.corners.copy_(corners)
        self.velocity.copy_(velocity)

    @torch.no_grad()
    def offsets(self) -> dict[str, Tensor]:
        """Return the offset of each corner from the midpoint, by parameter, (n, *shape)."""
        apart = self.corners.double()
        apart = (apart - apart.mean(0)).to(self.corners)
        return {
            name: apart[:, start:end].reshape(-1, *each.shape)
            for name, each, (start, end) in zip(self.names, self.held, self.bounds, strict=True)
        }

    @torch.no_grad()
    def release(self) -> None:
        """Let the parameters lie where they lay before, with the values that they have now."""
        for each, home in zip(self.held, self.homes, strict=True):
            each.data = home.copy_(each)


def slope_of(parameter: nn.Parameter) -> Tensor:
    """Return the gradient of a parameter, flat; zeros where no loss reached it."""
    return torch.zeros(parameter.numel()).to(parameter) if parameter.grad is None else parameter.grad.reshape(-1)
