"""What of a step's gradient is followed where memories have a say: for every method that projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from onward.phase import Mix, Phase
from onward.step import Step, cross_entropy
from onward.types import Data

Projection = Callable[[Sequence[Tensor], Sequence[Sequence[Tensor]]], Sequence[Tensor]]
"""From a gradient and those of the memories to what is followed, in the same order and shapes; a tensor that stays as
it is, is the same object."""


def projected(phase: Phase, memories: Sequence[Data], size: int, project: Projection) -> Phase:
    """Return the phase with each gradient projected by those of the cross-entropy on memories.

    Examples of the memories go with every batch, apart from it: dealt evenly, augmented as it is, and on the bill.
    Where another phase goes on from this one without them, its gradients are not projected.

    Args:
        phase: any.
        memories: that have a say, one by one.
        size: the most examples of each in a step.
        project: says what is followed.
    """
    mixes = [Mix.of(memory, size) for memory in memories]

    def edit(step: Step) -> None:
        others = [step.apart[mix] for mix in mixes if mix in step.apart]
        if not others:
            return
        moving = [parameter for parameter in step.model.parameters() if parameter.requires_grad]
        references = [
            torch.autograd.grad(cross_entropy(each), moving, allow_unused=True, materialize_grads=True)
            for each in others
        ]
        gradient = [torch.zeros_like(each) if each.grad is None else each.grad for each in moving]
        for parameter, whole, left in zip(moving, gradient, project(gradient, references), strict=True):
            if left is not whole:
                parameter.grad = left

    return phase.aside(*mixes).edited(edit)
