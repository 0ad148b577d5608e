"""iCaRL: herded exemplars, distillation by sigmoids, and a head of class means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from onward.context import Context
from onward.errors import hold
from onward.memory.balanced import balanced, by_herding
from onward.memory.exemplars import recalled
from onward.memory.reservoir import passed_by_without
from onward.method import Method
from onward.nets.classifier import NEVER, Classifier
from onward.nets.grown import refuse_narrow_rows
from onward.phase import Phase
from onward.step import Step, Term
from onward.types import Data, Kept, in_order


@dataclass(frozen=True)
class ICaRL(Method):
    """Learn features with exemplars and the parent's answers, and call an example by the nearest mean of exemplars.

    With g_k = σ(z_k), the parent's answer q_k on an old class k, and B ∪ M new examples and exemplars:

        L(θ) = − E_{(x, y) ∈ B ∪ M} [ Σ_{k new} log p(g_k, 1[y = k]) + Σ_{k old} log p(g_k, q_k) ]
        log p(g, t) = t log g + (1 − t) log(1 − g)                                           (Alg. 3 of [1])
        y* = argmin_k ‖φ(x) − μ_k‖,   μ_k the mean of φ over the exemplars of class k        (Alg. 1 of [1])

    φ and μ_k have length 1, so that y* = argmax_k φ(x)·μ_k, for features of any length: the head's rows are the means
    once an update is over, without a bias, and the model stays one network. The rows that were trained are kept, and an
    update goes on from them.

    Acts on:      loss (the cross-entropy), batches, the finished head
    Keeps:        inputs, targets: ``size`` examples in the form they came in; seen: one number a class; weight, bias:
                  the rows that were trained, (c, d) and (c,)
    Cost:         per step |M| / |B| of a plain step more, and a forward pass of the parent; at the end one of the model
                  over the new data and the exemplars
    Needs:        leave to keep raw examples; rows of the head that read all features;  scenarios: all
    Status:       not measured

    Fields:
        size: the most exemplars kept, >= 1, as many of each class. Papers: 2000, or 20,000 for ImageNet [1].
        per_batch: |M| >= 0, at most what the memory holds.

    Example:
        >>> from onward.methods.icarl import ICaRL
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(ICaRL(size=20), seed=0)
        >>> after.old > 0.9, after.new > 0.9
        (True, True)

    Departures:
        1. [1] passes over new data and exemplars together; here |M| exemplars go beside each batch of the new data.
        2. [1] has no new examples of an old class. Here these are learned by their label, among all classes.
        3. The sum over classes is as in the equation. The program of [1] takes their mean, with a learning rate of 2.
        4. A class of which no exemplar is at hand, as where another method made the parent, keeps its row's direction.
        5. The logits are cosines times a length: classes are ranked right, but their softmax is no probability to go
           by. What else in a chain asks the parent for its logits is told these.

    References:
        [1] Rebuffi, Kolesnikov, Sperl & Lampert 2017, "iCaRL: Incremental Classifier and Representation Learning",
        CVPR, arXiv:1611.07725.
    """

    size: int = 2000
    per_batch: int = 32

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {"size must be >= 1": self.size >= 1, "per_batch must be >= 0": self.per_batch >= 0}
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Put the rows back that were trained, where the parent's are still in their place."""
        if context.old is None or "weight" not in context.kept:
            return model
        before, trained = context.old.head.weight, context.kept["weight"]
        if before.shape == trained.shape and torch.equal(model.head.weight[: len(before)], before):
            put(model, trained, context.kept.get("bias"))
        return model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Learn by sigmoids beside exemplars; then put the means into the head."""
        refuse_narrow_rows(model, "icarl")
        memory = recalled(context.kept, model.classes)
        for phase in phases:
            beside = phase if memory is None else phase.mixed(memory, self.per_batch)
            yield beside.exchanged(sigmoids(context.old, context.kept))
        if context.settings.steps == 0:  # a dry run leaves the head as it is
            return
        held = self.passed_by(model, context)
        context.scratch.update({**held, **rows(model)})
        put(model, nearest_mean(model, recalled(held, model.classes)), None)

    def passed_by(self, model: Classifier, context: Context) -> Kept:
        """Return the memory after the new data has passed by."""
        return balanced(context.kept, context.new, self.size, by_herding(lambda x: model.features(x.to(model.device))))

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep the exemplars and what was trained; the rows as they are where another method asked for no phase."""
        return dict(context.scratch) or {**self.passed_by(model, context), **rows(model)}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory; fewer have then passed by."""
        return passed_by_without(kept, gone)


def sigmoids(parent: Classifier | None, kept: Kept) -> Term:
    """Return the term of Alg. 3: labels for new classes and the parent's answers for old ones.

    Args:
        parent: None on the first update.
        kept: with the rows by which the parent answered in training, where it has others now.
    """
    old = 0 if parent is None else len(parent.classes)

    def cross_entropy(step: Step) -> Tensor:
        logits = step.logits
        there = logits > NEVER
        wanted = F.one_hot(step.targets, logits.shape[1]).to(logits.dtype)
        if parent is not None and old:
            fresh = len(step.pieces[0].rows) if step.pieces else len(step.targets)
            answered = torch.ones(len(logits), dtype=torch.bool, device=logits.device)
            answered[:fresh] = step.targets[:fresh] >= old
            answers = said(step, parent, kept).sigmoid().to(logits.dtype)
            wanted = torch.cat([torch.where(answered[:, None], answers, wanted[:, :old]), wanted[:, old:]], dim=1)
        each = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
        return each.where(there, 0.0).sum(dim=1).mean()

    return cross_entropy


def said(step: Step, parent: Classifier, kept: Kept) -> Tensor:
    """Return the logits that the parent had in training, (b, old classes)."""
    before = step.old
    if "weight" not in kept or kept["weight"].shape != parent.head.weight.shape:
        return before.logits
    weight, bias = kept["weight"].to(before.features), kept.get("bias")
    return parent.merged(F.linear(before.features, weight, None if bias is None else bias.to(weight)))


def rows(model: Classifier) -> dict[str, Tensor]:
    """Return the head's rows, (c, d), and where it has some its biases, (c,)."""
    found = {"weight": model.head.weight.detach().clone()}
    if model.head.bias:
        found["bias"] = torch.cat([block.bias.detach() for block in model.head.linears])
    return found


@torch.no_grad()
def put(model: Classifier, weight: Tensor, bias: Tensor | None) -> None:
    """Put rows into the head, those of its first classes, with biases or with none."""
    start = 0
    for block in model.head.linears:
        if start >= len(weight):
            return
        here = slice(start, start := start + len(block.weight))
        block.weight.copy_(weight[here])
        if model.head.bias:
            block.bias.copy_(torch.zeros_like(block.bias) if bias is None else bias[here])


@torch.no_grad()
def nearest_mean(model: Classifier, exemplars: Data | None) -> Tensor:
    """Return the mean of the exemplars of each class, (c, d), of features of length 1 and of length 1 itself."""
    weight = model.head.weight.clone()
    if exemplars is not None:
        sums, counts = torch.zeros_like(weight), weight.new_zeros(len(weight))
        for batch in in_order(exemplars):
            targets = model.meant(batch.targets.to(model.device))
            sums.index_add_(0, targets, F.normalize(model.features(batch.inputs.to(model.device))))
            counts.index_add_(0, targets, counts.new_ones(len(targets)))
        weight = torch.where(counts[:, None] > 0, sums, weight)
    return F.normalize(weight)
