"""Which examples a step on others would harm most."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional as F

from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.phase import Mix, Phase
from onward.step import Step, cross_entropy
from onward.types import Data


def most_disturbed(phase: Phase, memory: Data, candidates: int, size: int) -> Phase:
    """Put beside every batch, of some candidates, those that a step on the batch alone would harm most.

    Args:
        phase: not on features.
        memory: from which the candidates are dealt.
        candidates: how many; no fewer than ``size``.
        size: how many of them are put beside the batch.
    """
    beside, lr = Mix.of(memory, max(candidates, size)), phase.settings.lr

    def choice(step: Step) -> Step:
        some = step.apart[beside]
        worst = interference(step, some, lr).topk(size).indices.sort().values
        rows = some.pieces[0].rows
        pieces = [some.pieces[0]._replace(rows=rows.to(worst.device)[worst])]
        return step.joined(some.part(worst, pieces))

    return replace(phase.aside(beside), choices=(*phase.choices, choice))


def interference(step: Step, others: Step, lr: float) -> Tensor:
    """Return by how much a step of gradient descent on a batch raises the loss of each of some other examples, (b',).

        s(x, y) = ℓ(x, y; θ − η ∇L(θ)) − ℓ(x, y; θ)                      (Aljundi et al. 2019, arXiv:1908.04742, §3.1)

    The model is left as it was: normalisation goes by its running statistics, and dropout rests.

    Args:
        step: with the batch, of which L is the mean cross-entropy.
        others: with the examples.
        lr: η.
    """
    model = step.model
    moving = {name: each for name, each in model.named_parameters() if each.requires_grad}
    with resting(model):
        loss = cross_entropy(step.part(slice(None)))
        slope = torch.autograd.grad(loss, list(moving.values()), allow_unused=True, materialize_grads=True)
        with torch.no_grad():
            ahead = {name: each - lr * g for (name, each), g in zip(moving.items(), slope, strict=True)}
            return losses(model, others, ahead) - losses(model, others, {})


def losses(model: Classifier, step: Step, weights: dict[str, Tensor]) -> Tensor:
    """Return the cross-entropy of each example, (b,), with some of the weights replaced."""
    logits = functional_call(model, weights, (step.inputs,))
    return F.cross_entropy(model.among_task(logits, step.targets), step.targets, reduction="none")
