"""How far up the slope of a loss lies the highest point near a network's weights, to first order."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

STEADY = 0.01
"""η of Kwon et al. 2021: it is added to each |θ|, so that what is 0 counts a little."""


@torch.no_grad()
def ascent(
    parameters: Sequence[Tensor], gradients: Sequence[Tensor], rho: float, adaptive: bool = False
) -> list[Tensor]:
    """Return ``ρ g / ‖g‖``, the step of length ρ along which a loss rises most; of no gradient, none.

    With ``adaptive`` the ball is one of relative changes, ``‖ε / T‖ <= ρ``, and the step ``ρ T² g / ‖T g‖`` with
    T = |θ| + η: multiplying a layer's weights and dividing the next one's then changes nothing.

    Args:
        parameters: θ, one tensor or more, of any shapes.
        gradients: g, in the same order and shapes.
        rho: > 0.
        adaptive: Kwon et al. 2021 (ASAM), in place of Foret et al. 2021, Eq. 2 (SAM).

    Returns:
        The step, in the same order and shapes.
    """
    steps = list(gradients)
    if adaptive:
        scales = torch._foreach_abs(list(parameters))
        torch._foreach_add_(scales, STEADY)
        steps = torch._foreach_mul(steps, scales)
    length = torch.stack(torch._foreach_norm(steps)).norm()
    steps = torch._foreach_mul(steps, rho / length.clamp(min=torch.finfo(length.dtype).tiny))
    return list(torch._foreach_mul(steps, scales) if adaptive else steps)
