"""How far what the layers of a network give is from what another network's give, where the distance looks at sums.

Douillard et al. 2020, "PODNet", arXiv:2004.13513; code: arthurdouillard/incremental_learning.pytorch, whose forms these
are. All are means over the batch.
"""

from __future__ import annotations

import torch
from torch import Tensor

from onward.formulas.feature_distance import cosine_distance, exact, of_unit_length

CORNER = 1e-4
"""Below it a distance is a parabola: what is apart by rounding alone, as at first a model is from its parent, is not
pulled as hard as what is far."""


def pooled(outputs: Tensor) -> Tensor:
    """Return the squares of what a layer gives, summed over each dimension of a map in turn, one after the other.

    Args:
        outputs: a map (b, c, h, w), or a sequence (b, n, d).

    Returns:
        (b, c h + c w): where in height, and where in width, each channel is active; of a sequence, (b, d).
    """
    wide = outputs.to(torch.promote_types(outputs.dtype, torch.float32)).square()
    if wide.ndim == 3:
        return wide.sum(dim=1)
    return torch.cat([wide.sum(dim=3).flatten(1), wide.sum(dim=2).flatten(1)], dim=1)


def pod_spatial(new: Tensor, old: Tensor) -> Tensor:
    """Return ``‖p/‖p‖ - q/‖q‖‖``, mean over the batch, for p and q what was pooled.

    Args:
        new: (b, k), from ``pooled``.
        old: (b, k), without gradient.
    """
    new, old = exact(new, old)
    apart = (of_unit_length(new) - of_unit_length(old)).square().sum(dim=1)
    return (apart / ((apart + CORNER**2).sqrt() + CORNER)).mean()  # the root less CORNER, and exactly 0 at 0


def pod_flat(new: Tensor, old: Tensor) -> Tensor:
    """Return ``1 - cos(f, g) = ‖f/‖f‖ - g/‖g‖‖² / 2``, mean over the batch.

    Args:
        new: (b, d) features.
        old: (b, d) features, without gradient.
    """
    return cosine_distance(new, old) / 2
