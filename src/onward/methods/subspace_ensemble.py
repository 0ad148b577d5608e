"""A subspace of weights that acts as an ensemble, at the price of one model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.func import functional_call

from onward.context import Context, part
from onward.errors import hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.subspace import Subspace, around
from onward.phase import Phase
from onward.types import Data, Kept


@dataclass(frozen=True)
class SubspaceEnsemble(Method):
    """Train all of a simplex of weights at once, and predict with its midpoint.

    With n corners w_i and, in each step, one point α of the simplex, each as likely:

        w = Σ_i α_i w_i,   g = ∇L(w),   w_i ← w_i − n η α_i g                             (Alg. 4 of [1])

    One forward and one backward pass, whatever n is. The model is the midpoint of the corners. It lies in a flat
    region, where an update costs the past less, and is as good as the corners averaged.

    Acts on:      where the gradient is taken and what it moves
    Keeps:        corners/*: n numbers a parameter, each corner's offset from the model
    Cost:         per step a few per cent; none in prediction at the midpoint
    Needs:        SGD without nesterov; no other method in the chain that moves in a subspace;  scenarios: all
    Status:       not measured

    Fields:
        corners: n >= 1. 1 is the warm start, bit for bit. Papers: 3; more than 5 need more epochs [1].
        spread: how far the first corners lie apart: each is the weights times N(1, spread²). Papers: 1.0 for 3 corners
            of an MLP, 0.1 for a ResNet [1].
        times_corners: the rate is n times the run's, that the midpoint moves as one model would. Papers: yes [1].
        diversity: β >= 0 of β cos²(w_i, w_j) between a pair of corners, another in each step. Papers: 0 [1], 1 [2].
        prediction: ``midpoint``, one model; or ``corners``, the mean of their logits, which costs n of it.

    Example:
        >>> from onward.methods.subspace_ensemble import SubspaceEnsemble
        >>> from onward.toy import two_tilts
        >>> after = two_tilts(SubspaceEnsemble(corners=3), seed=0)
        >>> after.new > 0.9
        True

    Departures:
        1. [1] starts from one corner and draws the others around it; here all are drawn, and shifted so that their
           midpoint is the model as it was. Before the first step nothing has changed.
        2. Corners are kept as offsets from the model: where something else moved it, they go along.
        3. The cosine of [2] is over convolutions; here it is over all parameters that move.
        4. Batch norm's statistics are taken anew at the midpoint, as in [2]; [1] does not say.
        5. Momentum, of which [1] gives no rule, is each corner's own and starts anew with each phase.

    References:
        [1] Doan, Mirzadeh & Farajtabar 2023, "Continual Learning Beyond a Single Model", CoLLAs, arXiv:2202.09826.
        [2] Wortsman et al. 2021, "Learning Neural Network Subspaces", arXiv:2102.10472; code: apple/learning-subspaces.
    """

    corners: int = 3
    spread: float = 0.1
    times_corners: bool = True
    diversity: float = 0.0
    prediction: Literal["midpoint", "corners"] = "midpoint"

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "corners must be >= 1": self.corners >= 1,
            "spread must be >= 0": self.spread >= 0,
            "diversity must be >= 0": self.diversity >= 0,
            "prediction must be midpoint or corners": self.prediction in ("midpoint", "corners"),
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Put the phases into the subspace, but for those on features, and later ones that are in one of their own."""
        if self.corners == 1:
            yield from phases
            return
        offsets = self.around(model, context)
        subspace = Subspace(offsets, diversity=self.diversity)
        faster = self.corners if self.times_corners else 1
        for number, phase in enumerate(phases):
            if phase.on_features or (number and phase.within is not None):
                yield phase
            else:
                yield phase.inside(subspace).tuned(lr=faster * phase.settings.lr)
        context.scratch.update(offsets)

    def around(self, model: Classifier, context: Context) -> dict[str, Tensor]:
        """Return the corners as they were kept, or spread where they were not."""
        kept = part(context.kept, "corners")
        return around(model, kept, self.corners, self.spread, lambda name: context.generator("spread", name))

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep where the corners lie around the model."""
        if self.corners == 1:
            return {}
        offsets = dict(context.scratch) or self.around(model, context)
        return {f"corners/{name}": offset for name, offset in offsets.items()}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Keep the corners: they are weights, and what is left of an example in those is left in these."""
        return kept

    def predict(self, model: Classifier, inputs: Tensor, kept: Kept) -> Tensor:
        """Return the midpoint's logits, or the mean of the corners'."""
        offsets = part(kept, "corners")
        if self.prediction == "midpoint" or not offsets:
            return model(inputs)
        middle = {name: parameter.detach() for name, parameter in model.named_parameters() if name in offsets}
        logits = [
            functional_call(
                model, {name: each + offsets[name][corner].to(each) for name, each in middle.items()}, inputs
            )
            for corner in range(len(next(iter(offsets.values()))))
        ]
        return torch.stack(logits).mean(0)
