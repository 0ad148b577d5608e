"""What one example costs, counted by torch."""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.types import Data


def flops_per_example(model: Classifier, data: Data) -> tuple[int, int]:
    """Return the floating-point operations of one example's forward and backward pass through the whole model.

    Matrix products and convolutions are counted, as torch's counter does; the model is left as it was.
    """
    example = data.take(torch.zeros(1, dtype=torch.int64)).inputs.to(model.device)
    parameters = [p for p in model.parameters() if p.requires_grad]
    with resting(model), torch.enable_grad():
        with FlopCounterMode(display=False) as forward:
            total = model(example).sum()
        with FlopCounterMode(display=False) as backward:
            torch.autograd.grad(total, parameters, allow_unused=True)
    return forward.get_total_flops(), backward.get_total_flops()
