"""What each parameter did for the loss on the way that training took."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


@torch.no_grad()
def add_contributions(
    contributions: Sequence[Tensor], gradients: Sequence[Tensor], before: Sequence[Tensor], after: Sequence[Tensor]
) -> None:
    """Add ``-g (θ_after - θ_before)``: by how much the loss fell, to first order, for each number that moved.

    Over a whole way the sum is the path integral of Zenke et al. 2017, Eq. 3, and over all parameters the fall of the
    loss, as far as steps are short.

    Args:
        contributions: ω, one tensor a parameter; changed in place.
        gradients: of the loss, where the step begins.
        before: the parameters there.
        after: where it ends.
    """
    moved = torch._foreach_sub(list(after), list(before))
    torch._foreach_addcmul_(list(contributions), list(gradients), moved, value=-1.0)


def consolidated(contribution: Tensor, moved: Tensor, damping: float) -> Tensor:
    """Return ``ω / (Δ² + ξ)``: the curvature of the parabola that has the same fall over the same way.

    Zenke et al. 2017, Eq. 5. Negative where the loss would have fallen further without this parameter's motion.

    Args:
        contribution: ω.
        moved: Δ, from the way's beginning to its end, in the same shape.
        damping: ξ > 0, which bounds it where a parameter hardly moved.
    """
    return contribution / (moved.square() + damping)
