"""What one example costs, counted by torch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch.utils.flop_counter import FlopCounterMode

from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.phase import everything
from onward.types import Data


def flops_per_example(
    model: Classifier, data: Data, trains: Callable[[str], bool] = everything, *, on_features: bool = False
) -> tuple[int, int]:
    """Return the floating-point operations of one example's forward pass, and of its backward pass.

    Matrix products and convolutions are counted, as torch's counter does; the model is left as it was.

    Args:
        model: the forward pass goes through all of it, or through the head.
        data: from which the example is taken.
        trains: says by name which parameters move; the backward pass goes no further than to them.
        on_features: whether the example's features are there already.
    """
    example = data.take(torch.zeros(1, dtype=torch.int64)).inputs.to(model.device)
    parameters = [p for name, p in model.named_parameters() if p.requires_grad and trains(name)]
    with resting(model), torch.enable_grad():
        if on_features:
            example = model.features(example).detach()
        with FlopCounterMode(display=False) as forward:
            total = (model.logits(example) if on_features else model(example)).sum()
        with FlopCounterMode(display=False) as backward:
            torch.autograd.grad(total, parameters, allow_unused=True)
    return forward.get_total_flops(), backward.get_total_flops()
