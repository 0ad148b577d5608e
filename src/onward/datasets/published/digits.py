"""scikit-learn's handwritten digits: 1797 images of 8 x 8, bundled with it and so always there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from onward.datasets.arrays.tensors import tensor
from onward.datasets.published.part import Part
from onward.errors import optional
from onward.rng import generator

TEST_SHARE = 0.2


def read(split: str) -> Part:
    """Return ``train`` or ``test``: a fixed fifth of each class is the test part.

    Returns:
        images (n, 1, 8, 8) uint8, the original 0 to 16 scaled to 0 to 255.
    """
    bundled = optional("sklearn.datasets", "digits", "the data set 'digits'").load_digits()
    inputs = np.round(bundled.images * (255 / 16)).astype(np.uint8)
    targets = tensor(bundled.target.astype(np.int64))
    chosen, draws = torch.zeros(len(targets), dtype=torch.bool), generator(0, "digits", "test")
    for k in range(10):
        rows = (targets == k).nonzero()[:, 0]
        chosen[rows[torch.randperm(len(rows), generator=draws)[: round(TEST_SHARE * len(rows))]]] = True
    kept = chosen if split == "test" else ~chosen
    return Part(tensor(inputs[:, None])[kept], targets[kept], (), Path("digits"))
