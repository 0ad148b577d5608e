"""How strongly a model's answers hang on each parameter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.func import grad, vmap

from onward.formulas.per_example import AnyLayout, Logits, chunks


def mean_absolute_slope(
    logits: Logits, parameters: Mapping[str, Tensor], batches: Iterable[Tensor]
) -> dict[str, Tensor]:
    """Return ``E_x |d ‖f(x)‖² / d theta|`` for each parameter: the absolute value of each example's gradient, averaged.

    That of a batch's mean gradient is smaller wherever examples pull apart, and changes with the batch size.

    Args:
        logits: f, the model as a function; in eval mode, so that an example's logits are its own alone.
        parameters: theta by name.
        batches: the examples, (b, *shape) each.

    Returns:
        One non-negative tensor a parameter, in its shape.
    """
    theta = {name: parameter.detach() for name, parameter in parameters.items()}
    total = {name: torch.zeros_like(parameter) for name, parameter in theta.items()}

    def squared_length(theta: Mapping[str, Tensor], example: Tensor) -> Tensor:
        return logits(theta, example[None]).square().sum()

    per_example = vmap(grad(squared_length), in_dims=(None, 0))
    seen = 0
    for inputs in chunks(batches, theta):
        with AnyLayout():
            gradients = per_example(theta, inputs)
        for name, gradient in gradients.items():
            total[name] += gradient.abs().sum(dim=0)
        seen += len(inputs)
    return {name: value / max(seen, 1) for name, value in total.items()}
