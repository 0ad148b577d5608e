"""The diagonal of the Fisher information, exact in the label."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.func import grad, vmap

from onward.formulas.per_example import AnyLayout, Logits, chunks


def diagonal_fisher(logits: Logits, parameters: Mapping[str, Tensor], batches: Iterable[Tensor]) -> dict[str, Tensor]:
    """Return ``E_x E_{y ~ p(y|x)} [(d log p(y|x) / d theta)^2]`` for each parameter.

    The expectation over the label is a sum over all classes under the model's own probabilities, not the data's
    label ("empirical Fisher") and not a square of a batch's mean gradient; both differ from it by factors that change
    with the batch size (Kunstner et al. 2019; van de Ven 2025, arXiv:2502.11756).

    Args:
        logits: the model as a function; in eval mode, so that an example's logits are its own alone.
        parameters: theta by name.
        batches: the examples, (b, *shape) each.

    Returns:
        One non-negative tensor a parameter, in its shape.
    """
    theta = {name: parameter.detach() for name, parameter in parameters.items()}
    total = {name: torch.zeros_like(parameter) for name, parameter in theta.items()}

    def log_probability(theta: Mapping[str, Tensor], example: Tensor, label: Tensor) -> Tensor:
        return logits(theta, example[None]).log_softmax(dim=1)[0].gather(0, label[None])[0]

    per_example = vmap(grad(log_probability), in_dims=(None, 0, None))
    seen = 0
    for inputs in chunks(batches, theta):
        with torch.no_grad():
            probabilities = logits(theta, inputs).softmax(dim=1)  # (b, c)
        for label in range(probabilities.shape[1]):
            with AnyLayout():
                gradients = per_example(theta, inputs, torch.tensor(label, device=inputs.device))
            for name, gradient in gradients.items():
                total[name] += torch.einsum("b,b...->...", probabilities[:, label], gradient.square())
        seen += len(inputs)
    return {name: value / max(seen, 1) for name, value in total.items()}
