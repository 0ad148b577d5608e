"""Direction-aware shrinking."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onward.context import Context
from onward.errors import hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.step import Step, cross_entropy
from onward.types import Batch, in_order, subset

LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""The layers that are shrunk. Norms, embeddings and whatever else has weights are left as they are."""


@dataclass(frozen=True)
class DASH(Method):
    """Shrink each weight vector the more, the less it points where the new data would move it.

    Before training, G runs over the batches of the new data, and each vector w of weights is shrunk once:

        G ← (1 − α) G + α ∇_w ℓ(batch)
        w ← max(cos(w, −G), λ) · w                                                                        ([1])

    What the new data asks for again is a feature and stays; what it does not, the parent had learnt by heart.

    Acts on:      initialisation
    Keeps:        nothing
    Cost:         per update a pass over the new data, forward and backward
    Needs:        a parent; linear or convolutional layers;  scenarios: all, meant for more of the same classes
    Status:       not measured

    Fields:
        least: λ in [0, 1], the least share of a vector that stays. 1 is the warm start, bit for bit. Papers: 0.3 [1].
        alpha: α in (0, 1], the weight of the latest batch. Papers: 0.3 [1].

    Example:
        >>> from onward.engine.update import update
        >>> from onward.learner import Learner
        >>> from onward.nets.zoo import fresh
        >>> from onward.settings import Settings
        >>> from onward.toy import blobs
        >>> data = blobs({"left": (-2.0, 0.0), "right": (2.0, 0.0)}, seed=0)
        >>> parent, _ = update(Learner(fresh("mlp", (2,), seed=0), DASH(least=0.3)), data)
        >>> start, _ = update(parent, data, Settings(steps=0))            # no step: the start itself
        >>> one, other = (learner.model.backbone.layers[1].weight.norm(dim=1) for learner in (start, parent))
        >>> f"a unit keeps {(one / other).min():.2f} to {(one / other).max():.2f} of its length"
        'a unit keeps 0.30 to 1.00 of its length'

    Departures:
        1. Confirmed by the code of [1]: both formulas; a vector is a unit's row of a linear layer, the kernel from
           one channel to another of a convolution, or all biases of a layer; the head is one of the layers; norms
           stay. Inferred from it: the gradients are taken in eval mode, so that batch norm's statistics stay.
        2. The batches are the run's, equal but for one example and in a random order, of the new data alone. [1] has
           all data so far at hand and takes it in whole portions, the latest last.
        3. Rows of the head that the new classes brought are left as they were drawn. Those of a class that did not
           arrive get no reason to stay, and are mostly shrunk by λ: [1] has examples of every class.
        4. What an update does not train, as all but the adapter of an adapted network, is not shrunk.

    References:
        [1] Shin, Oh, Cho & Yun 2024, "DASH: Warm-Starting Neural Network Training in Stationary Settings without Loss
        of Plasticity", NeurIPS, arXiv:2410.23495; code: github.com/baekrok/DASH-Direction-Aware-SHrinking.
    """

    least: float = 0.3
    alpha: float = 0.3

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "least must be in [0, 1]": 0 <= self.least <= 1,
            "alpha must be in (0, 1]": 0 < self.alpha <= 1,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Shrink what came from the parent, by the gradients of the new data."""
        if context.old is None or self.least == 1:
            return model
        inherited = {name for name, _ in context.old.named_parameters() if model.trains(name)}
        shrinking = [parameter for name, parameter in of_layers(model) if name in inherited]
        if not shrinking:
            return model
        averages = [torch.zeros_like(parameter) for parameter in shrinking]
        for loss in losses(model, context):
            gradients = torch.autograd.grad(loss, shrinking, materialize_grads=True)
            torch._foreach_lerp_(averages, gradients, self.alpha)
        with torch.no_grad():
            for parameter, average in zip(shrinking, averages, strict=True):
                parameter.copy_(shrunk(parameter, average, self.least))
        return model


def of_layers(model: nn.Module) -> Iterator[tuple[str, nn.Parameter]]:
    """Yield the weights and biases of the layers that are shrunk, by name."""
    for place, layer in model.named_modules():
        if isinstance(layer, LAYERS):
            yield from ((f"{place}.{name}", parameter) for name, parameter in layer.named_parameters(recurse=False))


def losses(model: Classifier, context: Context) -> Iterator[Tensor]:
    """Yield the cross-entropy of each batch of the new data, in a random order."""
    n, draws = len(context.new), context.generator("batches")
    size = math.ceil(n / math.ceil(n / context.settings.batch_size))  # a small last batch would weigh as the others do
    shuffled = subset(context.new, torch.randperm(n, generator=draws))
    for batch in in_order(shuffled, size):
        here = Batch(batch.inputs.to(model.device), batch.targets.to(model.device))
        yield cross_entropy(Step(model, here, draws))


def shrunk(weights: Tensor, gradient: Tensor, least: float) -> Tensor:
    """Return each vector of some weights times its cosine to the way down, or times ``least`` where that is more.

    Args:
        weights: (out, in) of a linear layer, (out, in, *kernel) of a convolution, or (out,) biases, one vector.
        gradient: of the loss, in the same shape; the way down is its opposite.
        least: the least factor, in [0, 1].

    >>> shrunk(torch.tensor([[3.0, 4.0]]), gradient=torch.tensor([[-1.0, 0.0]]), least=0.3)
    tensor([[1.8000, 2.4000]])
    """
    vectors, down = ((each.flatten(2) if each.ndim > 2 else each) for each in (weights, -gradient))
    share = F.cosine_similarity(vectors, down, dim=-1).clamp(least, 1).unsqueeze(-1)
    return (vectors * share).view_as(weights)
