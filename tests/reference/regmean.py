"""Regression mean: Jin et al. 2023, arXiv:2212.09849, Eq. 2, as the least squares over examples that it solves."""

from __future__ import annotations

import torch
from torch.nn import functional as F


def regression_mean(one, other, one_inputs, other_inputs, correlation=1.0, strength=1.0):
    """The rows whose answers are nearest to those of ``one`` on its inputs and of ``other`` on its.

    What lies off the diagonals of the sums of h h^T counts ``correlation``: for the rest of the diagonals each input
    has an example of its own, in which it stands alone. Such a one it has besides, a thousandth as large as they are
    in the mean, shared by both.
    """
    asked, answers = [], []
    both = ((one, one_inputs, strength), (other, other_inputs, 1.0))
    mean = sum(weight * inputs.square().sum(dim=0) for _, inputs, weight in both).mean()
    for rows, inputs, weight in both:
        alone = torch.diag(inputs.square().sum(dim=0).sqrt())
        least = torch.eye(len(alone), dtype=alone.dtype) * (0.0005 * mean).sqrt()
        for examples, share in ((inputs, weight * correlation), (alone, weight * (1 - correlation)), (least, 1.0)):
            asked.append(share**0.5 * examples)
            answers.append(share**0.5 * (examples @ rows.T))
    return torch.linalg.lstsq(torch.cat(asked), torch.cat(answers), driver="gelsd").solution.T


def with_one(inputs):
    """What a bias is multiplied by, as one more input."""
    return F.pad(inputs, (0, 1), value=1.0)


def layers_of(model):
    """The matrices of an MLP with a head of one block, biases as the last columns."""
    linear = [layer for layer in model.backbone.layers if isinstance(layer, torch.nn.Linear)] + [model.head.blocks[0]]
    return [torch.cat([layer.weight, layer.bias[:, None]], dim=1).detach().double() for layer in linear]


def inputs_of(model, inputs):
    """What goes into each of these on some examples."""
    inputs, all_inputs = inputs.flatten(1).double(), []
    for rows in layers_of(model):
        all_inputs.append(with_one(inputs))
        inputs = (all_inputs[-1] @ rows.T).relu()
    return all_inputs
