"""Rows of new classes in closed form, before the first step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal, get_args

import torch
from torch import Tensor

from onward.context import Context
from onward.errors import hold, listed
from onward.formulas.feature_distance import of_unit_length
from onward.formulas.logit_scale import FITTED, LogitScale, norm_factor
from onward.formulas.moments import Moments, balancing
from onward.formulas.ridge import Rows, least_squares
from onward.formulas.squared_loss import squared_error, squentropy
from onward.method import Method
from onward.nets.classifier import NEVER, Classifier
from onward.phase import Phase
from onward.step import Step, Term
from onward.types import Data, in_order, subset

Start = Literal["least_squares", "class_mean", "random"]
"""What the rows of new classes are before training."""

Mode = Literal["paper", "ridge", "balanced"]
"""How much each new class counts in the least-squares problem."""

Bias = Literal["zero", "solved", "mean"]
"""What the biases of new classes are before training."""

Loss = Literal["cross_entropy", "squared_error", "squentropy"]
"""What is minimised on the new data."""

Scale = Literal["by_loss", LogitScale]
"""How the new rows are brought to the size of the old ones."""

BY_LOSS: Mapping[Loss, LogitScale] = MappingProxyType(
    {"cross_entropy": "norm", "squared_error": "norm", "squentropy": "level"}
)
"""Which of them is best under each loss, on held-back data: ``onward reproduce good-start-scale``."""


@dataclass(frozen=True)
class LeastSquares(Method):
    """Start new classes where training would end: their rows solve least squares on the parent's features.

    With h the features, (d,), that the parent makes of the new classes' examples, μ_c the mean of class c of the C new
    ones, and S = E h hᵀ:

        w_c = β (1/C) (S + λI)⁻¹ μ_c                                                    (Eq. 3 of [1], β = 1)

    Rows drawn at random make a large loss at first, the gradients of which spoil features and old rows before the new
    ones are of any use. One pass over the new data, and a solve of d x d numbers, come in place of that. The old rows
    stay as they are, bit for bit. β brings the new logits to the size of the old ones.

    Acts on:      initialisation; loss, where another than the cross-entropy is chosen
    Keeps:        nothing
    Cost:         a forward pass over the new classes' examples; d² C operations and d³ / 3
    Needs:        new classes; without any it is the warm start;  scenarios: new classes, mixed; holds nothing by itself
    Status:       matches its paper: ``good-start``

    Fields:
        start: the rows of new classes: ``least_squares``; ``class_mean``, μ_c [2]; ``random``, as the head grows.
        mode: ``paper``, as above; ``ridge``, with the share n_c / n of the class in place of 1/C, the exact minimiser
            of E ‖y − W h‖² + λ ‖W‖²; ``balanced``, that of examples weighed by 1 / n_c. One where classes are balanced.
        ridge: λ >= 0. Papers: the weight decay of the backbone's training [3], such as 0.05.
        relative: λ in units of the mean of the features' squares, tr(S) / d.
        unit: bring every h to length 1 first. Papers: so for ``class_mean`` [2].
        bias: biases of new classes: ``zero``; ``solved`` with the rows, unpenalised; the ``mean`` of the old ones.
        scale: β: ``none``, 1; ``norm``, so that old and new rows are equally long in the mean; and with the rows solved
            on one half of the examples, by the other half: ``level``, so that the true class's logit is in the mean as
            large as the largest old one; ``temperature``, so that old and new rows have the least cross-entropy.
            ``by_loss`` is the best of them under ``loss``: ``level`` for squentropy, else ``norm``.
        loss: ``cross_entropy``; ``squared_error``, κ (z_y − M)² + Σ_{k ≠ y} z_k², of which M times the rows are the
            minimum where κ = 1; ``squentropy`` [4].
        aim: M > 0, what the squared error draws the true class's logit to.
        emphasis: κ > 0, how much the true class counts in it. Papers: more than 1 for many classes [5].

    Example:
        >>> from onward.engine.update import update
        >>> from onward.learner import Learner
        >>> from onward.methods.least_squares import LeastSquares
        >>> from onward.nets.zoo import fresh
        >>> from onward.settings import Settings
        >>> from onward.toy import blobs
        >>> learner = Learner(fresh("mlp", (2,), seed=0), LeastSquares())
        >>> learner, _ = update(learner, blobs({"a": (0, 2), "b": (0, -2)}, seed=0))
        >>> new = blobs({"c": (2, 0), "d": (-2, 0)}, seed=1)
        >>> at_once, _ = update(learner, new, Settings(steps=0))
        >>> said = at_once.model(new.inputs).argmax(dim=1)
        >>> bool((said == new.targets + 2).float().mean() > 0.9)
        True

    Departures:
        1. β is ours: [1] does not tell of it. Least squares aims at logits of 0 and 1, beside which rows trained by
            cross-entropy are several times as long, and new classes would hardly be predicted. ``none`` is the paper's.
        2. Examples of old classes among the new data have no part in S; the paper's own sentence is not known to us.
        3. ``bias``: the paper's is not known; a formula quoted by others has none, which is ``zero``.

    References:
        [1] Harun & Kanan 2025, "A Good Start Matters", arXiv:2503.06385; its Eq. 3 is known to us from two programs
        that quote it, DATEXIS/IMPRINT one of them.
        [2] Harun & Kanan 2024, "Overcoming the Stability Gap in Continual Learning", arXiv:2306.01904, and its program;
        Qi, Brown & Lowe 2018, arXiv:1712.07136.  [3] IMPRINT.  [4] Hui, Belkin & Wright 2023, arXiv:2302.03952.
        [5] Hui & Belkin 2020, arXiv:2006.07322.
    """

    start: Start = "least_squares"
    mode: Mode = "paper"
    ridge: float = 0.05
    relative: bool = False
    unit: bool = False
    bias: Bias = "zero"
    scale: Scale = "by_loss"
    loss: Loss = "cross_entropy"
    aim: float = 1.0
    emphasis: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        choices = {"start": Start, "mode": Mode, "bias": Bias, "scale": Scale, "loss": Loss}
        rules = {
            f"{name} must be one of {listed(get_args(choice))}": getattr(self, name) in get_args(choice)
            for name, choice in choices.items()
        }
        rules["ridge must be >= 0"] = self.ridge >= 0
        for name in ("aim", "emphasis"):
            rules[f"{name} must be > 0"] = getattr(self, name) > 0
            told = getattr(self, name) == 1.0 or self.loss == "squared_error"
            rules[f"{name} acts in the squared error alone: it wants loss='squared_error'"] = told
        hold(rules, vars(self))

    @torch.no_grad()
    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Write the rows of the new classes."""
        known = 0 if context.old is None else len(context.old.classes)
        if self.start == "random" or known == len(model.classes):
            return model
        new = subset(context.new, (context.new.targets >= known).nonzero()[:, 0])
        rows = self.scaled(model, new, known, context.generator("halves"))
        *before, block = model.head.linears
        block.weight.copy_(rows.weight)
        if block.bias is not None and rows.bias is not None:
            block.bias.copy_(rows.bias)
        elif block.bias is not None and self.bias == "mean" and before:
            block.bias.fill_(torch.cat([each.bias for each in before]).mean())
        return model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Put the chosen loss in the place of the cross-entropy."""
        if self.loss == "cross_entropy":
            yield from phases
            return
        told = {"aim": self.aim, "emphasis": self.emphasis} if self.loss == "squared_error" else {}
        for phase in phases:
            yield phase.exchanged(towards_one_hot(partial(LOSSES[self.loss], **told)), name=self.loss)

    def scaled(self, model: Classifier, new: Data, known: int, draws: torch.Generator) -> Rows:
        """Return rows for the classes from ``known`` on, fitted to examples of these alone, times β; in one pass."""
        order, scale = torch.randperm(len(new), generator=draws), self.scaled_by
        one, other = order.tensor_split(2) if scale in FITTED else (order, order[:0])
        moments = Moments.empty(model.head.in_features, len(model.classes) - known, model.device)
        weights = torch.ones_like(moments.counts)
        if self.mode == "balanced":
            weights = balancing(new.targets - known, len(weights)).to(weights)
        for features, targets in seen(model, subset(new, one)):
            moments.add(self.counted(features), targets - known, weights[targets - known])
        rows, said = self.solved(moments), []
        for features, targets in seen(model, subset(new, other)):
            moments.add(self.counted(features), targets - known, weights[targets - known])
            old = model.logits(features)[:, : 0 if model.tasks is not None else known]
            said.append((old, rows.logits(features), targets))
        if said:
            old, fresh, targets = (torch.cat(each) for each in zip(*said, strict=True))
            factor = FITTED[scale](old, fresh, targets - known + old.shape[1])
            return self.solved(moments).times(factor)
        return rows.times(norm_factor(model.head.weight[:known], rows.weight) if scale == "norm" else 1.0)

    @property
    def scaled_by(self) -> LogitScale:
        """The rule of the scale."""
        return BY_LOSS[self.loss] if self.scale == "by_loss" else self.scale

    def counted(self, features: Tensor) -> Tensor:
        """Return features as they enter the sums, (b, d)."""
        return of_unit_length(features) if self.unit else features

    def solved(self, moments: Moments) -> Rows:
        """Return the rows, not scaled yet; zeros for a class of which nothing was counted."""
        if self.start == "class_mean":
            return Rows(moments.sums / moments.counts.where(moments.present, 1)[:, None], None)
        mode = "paper" if self.mode == "paper" else "ridge"
        rows = least_squares(moments, self.ridge, mode, bias=self.bias == "solved", relative=self.relative)
        return rows.times(self.aim)


def seen(model: Classifier, data: Data) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield features, (b, d), and class ids, (b,), of all examples, by the model as it is."""
    for batch in in_order(data) if len(data) else ():
        yield model.features(batch.inputs.to(model.device)), batch.targets.to(model.device)


def towards_one_hot(loss: Callable[[Tensor, Tensor, Tensor | None], Tensor]) -> Term:
    """Return a loss as a term, among the classes that are a choice for each example."""

    def term(step: Step) -> Tensor:
        logits = step.model.among_task(step.logits, step.targets)
        return loss(logits, step.targets, logits > NEVER)

    return term


LOSSES = {"squared_error": squared_error, "squentropy": squentropy}
"""What may stand in the place of the cross-entropy."""
