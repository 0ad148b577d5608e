"""NumPy's arrays and torch's tensors, images in both."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

CHANNELS = (1, 3, 4)
"""The counts of channels by which an image's last axis is recognised as its channels."""


def tensor(array: np.ndarray) -> Tensor:
    """Return an array as a tensor, copied only where torch could not write to it as it lies."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def images(array: np.ndarray) -> np.ndarray:
    """Return images as (n, channels, height, width); arrays of other ranks as they are.

    Args:
        array: (n, height, width), (n, height, width, channels) or (n, channels, height, width).
    """
    if array.ndim == 3:
        return array[:, None]
    if array.ndim == 4 and array.shape[3] in CHANNELS and array.shape[1] not in CHANNELS:
        return array.transpose(0, 3, 1, 2)
    return array
