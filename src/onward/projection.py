"""What of a step's gradient is followed where memories have a say: the edit of every method that projects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Generator, Tensor

from onward.step import Edit, Step, cross_entropy
from onward.types import Batch, Examples

Projection = Callable[[Sequence[Tensor], Sequence[Sequence[Tensor]]], Sequence[Tensor]]
"""From a gradient and those of the memories to what is followed, in the same order and shapes; a tensor that stays as
it is, is the same object."""


def beside(memories: Sequence[Examples], size: int, project: Projection) -> Edit:
    """Return the edit that projects a gradient by those of the cross-entropy on memories.

    Args:
        memories: on the model's device.
        size: the most examples of each in a step.
        project: says what is followed.
    """

    def edit(step: Step) -> None:
        moving = [parameter for parameter in step.model.parameters() if parameter.requires_grad]
        references = []
        for memory in memories:
            loss = cross_entropy(Step(step.model, drawn(memory, size, step.generator), step.generator))
            references.append(torch.autograd.grad(loss, moving, allow_unused=True, materialize_grads=True))
        gradient = [torch.zeros_like(each) if each.grad is None else each.grad for each in moving]
        for parameter, whole, left in zip(moving, gradient, project(gradient, references), strict=True):
            if left is not whole:
                parameter.grad = left

    return edit


def drawn(memory: Examples, size: int, draws: Generator) -> Batch:
    """Return some examples of a memory; all of it, without a draw, where it holds no more."""
    if len(memory) <= size:
        return Batch(memory.inputs, memory.targets)
    return memory.take(torch.randperm(len(memory), generator=draws)[:size].to(memory.targets.device))
