"""Dark experience replay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from onward.context import Context
from onward.errors import hold
from onward.memory.exemplars import recalled, remembered
from onward.memory.reservoir import exchanged, passed, passed_by_without
from onward.method import Method
from onward.nets.classifier import NEVER, Classifier
from onward.phase import Mix, Phase
from onward.step import Edit, Step, Term
from onward.types import Data, Kept, in_order, joined, subset


@dataclass(frozen=True)
class DER(Method):
    """Keep some examples with what the model said of them when they came, and let it go on saying that.

    With M₁ and M₂ of the memory, drawn in each step, z the logits that are kept and h_θ(x) those of the model:

        L(θ) = L_new(θ) + α E_{(x, z) ∈ M₁} ‖h_θ(x) − z‖² / c + β E_{(x, y) ∈ M₂} ℓ(x, y; θ)      (DER++ of [1])

    β = 0 is DER, β > 0 is DER++. The logits are those of a step in which the example was learned, and not of the end of
    its update: they tell of the way that the model went. The memory is a reservoir, as in ``replay``; new examples that
    will be in it have a part in M₁ and M₂ once something was said of them.

    Acts on:      loss (a term "der", and with β "der_labels"), on examples apart from the batch
    Keeps:        inputs, targets: ``size`` examples in the form they came in; logits: c numbers for each; seen: one
    Cost:         per step (|M₁| + |M₂|) / |B| of a plain step more
    Needs:        leave to keep raw examples;  scenarios: all
    Status:       matches its paper: ``der2020-mnist``

    Fields:
        size: the most examples kept, >= 0. 0 is the warm start, bit for bit. Papers: 200-5120 [1].
        per_batch: |M₁|, and |M₂|, >= 1, at most what the memory holds.
        answers: α >= 0. Papers: 0.1-1 [1].
        labels: β >= 0. Papers: 0.5 or 1 in DER++ [1].

    Example:
        >>> from onward.methods.der import DER
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> held, free = two_blobs(DER(size=20), seed=0), two_blobs(WarmStart(), seed=0)
        >>> held.old - free.old > 0.5
        True

    Departures:
        1. The network of [1] has the logits of all classes from the start, and those of classes to come are low for an
           example that was learned before they came. Here a class that came later, of which no logit is kept, is held
           to the least of those that are: no likelier than the least likely. That is ours.
        2. [1] keeps an example in one of its passes, with the logits of that step, and perhaps again in another. Here
           it is kept once, and each of its passes is as likely to be the one. What leaves the memory does so when the
           update is over.
        3. Where an update has no step on the new data as it came, as beside ``joint``, the logits are the last model's.
        4. The memory is drawn from shuffled decks, so each exemplar comes equally often, to within one an epoch.

    References:
        [1] Buzzega et al. 2020, "Dark Experience for General Continual Learning: a Strong, Simple Baseline", NeurIPS,
        arXiv:2004.07211; code: aimagelab/mammoth.
    """

    size: int = 500
    per_batch: int = 32
    answers: float = 0.2
    labels: float = 0.0

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "size must be >= 0": self.size >= 0,
            "per_batch must be >= 1": self.per_batch >= 1,
            "answers must be >= 0": self.answers >= 0,
            "labels must be >= 0": self.labels >= 0,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Hold every phase to what is kept, and note what is said of the new examples that will be."""
        if not self.size:
            yield from phases
            return
        past, (_, enters) = recalled(context.kept, model.classes), self.exchanged(context)
        fresh = subset(context.new, enters)
        memory = fresh if past is None else joined(past, fresh)
        # In scratch, so that a phase that was broken off goes on from them.
        context.scratch.update(said_of(model, context.kept, len(enters)))
        noted = context.scratch["logits"], context.scratch["passes"]
        edit = note(context.new, enters, *noted)
        for phase in phases:
            held = phase.edited(edit)
            if self.answers and len(memory):
                some = Mix.of(memory, self.per_batch)
                held = held.aside(some).plus(der=answered(*noted, some, self.answers))
            if self.labels and len(memory):
                some = Mix.of(memory, self.per_batch)
                held = held.aside(some).plus(der_labels=labelled(noted[1], some, self.labels))
            yield held

    def exchanged(self, context: Context) -> tuple[Tensor, Tensor]:
        """Return the rows of the memory that stay, and those of the new data that enter: the same whenever asked."""
        held = len(context.kept.get("targets", ()))
        return exchanged(held, passed(context.kept), len(context.new), self.size, context.generator("reservoir"))

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Let the new data pass by the reservoir, with what was said of it."""
        if not self.size:
            return {}
        (stays, enters), memory = self.exchanged(context), recalled(context.kept, model.classes)
        fresh, held = subset(context.new, enters), 0 if memory is None else len(memory)
        noted = dict(context.scratch) or said_of(
            model, context.kept, len(enters)
        )  # a later method may ask for no phase
        logits, never = noted["logits"][held:-1], (noted["passes"][held:-1] == 0).nonzero()[:, 0]
        if len(never):
            batches = in_order(subset(fresh, never.cpu()))
            logits[never] = torch.cat([model(batch.inputs.to(model.device)) for batch in batches])
        parts: list[Data] = [fresh] if len(enters) else []
        if memory is not None and len(stays):
            before = as_wide(context.kept["logits"].to(logits), len(model.classes))
            parts, logits = [subset(memory, stays), *parts], torch.cat([before[stays], logits])
        seen = torch.tensor(passed(context.kept) + len(context.new))
        return {**remembered(joined(*parts)), "logits": logits, "seen": seen}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory; fewer have then passed by."""
        return passed_by_without(kept, gone)


def said_of(model: Classifier, kept: Kept, count: int) -> dict[str, Tensor]:
    """Return what was said of the memory, and where to note what is said of the new examples that will be kept.

    Args:
        model: of the update.
        kept: by the method.
        count: k, of the new examples.

    Returns:
        logits, (m + k + 1, c): of the memory's m as they are wanted now, and of the others as they are noted; the last
        is for all others. passes, (m + k + 1,): how many there were of each; of the memory's one.
    """
    before = completed(kept["logits"], model) if "logits" in kept else torch.empty(0, len(model.classes))
    logits = torch.full((count + 1, len(model.classes)), NEVER, dtype=model.dtype, device=model.device)
    passes = torch.zeros(len(before) + count + 1, device=model.device)
    passes[: len(before)] = 1
    return {"logits": torch.cat([before.to(logits), logits]), "passes": passes}


def as_wide(logits: Tensor, classes: int) -> Tensor:
    """Return logits, (m, c'), with a column for every class, (m, c): ``NEVER`` where a class was not there."""
    return F.pad(logits, (0, classes - logits.shape[1]), value=NEVER)


def note(new: Data, enters: Tensor, logits: Tensor, passes: Tensor) -> Edit:
    """Return the edit that notes what is said of the new examples that will be kept, in one of their passes.

    Each pass takes the place of those before it with probability 1 / passes, so that all are equally likely in the end.

    Args:
        new: the data of the update.
        enters: its rows that will be kept, (k,).
        logits: where it is noted, (m + k + 1, c), changed in place; the last is for all others.
        passes: how many there were, (m + k + 1,), changed in place.
    """
    start = len(passes) - 1 - len(enters)
    place = torch.full((len(new),), len(passes) - 1)
    place[enters] = torch.arange(start, len(passes) - 1)

    def edit(step: Step) -> None:
        if not step.pieces or step.pieces[0].given is not new:
            return
        rows = step.pieces[0].rows
        at = place[rows].to(logits.device)
        passes.index_add_(0, at, passes.new_ones(len(at)))
        taken = torch.rand(len(at), generator=step.generator).to(logits.device) * passes[at] < 1
        logits[at] = torch.where(taken[:, None], step.logits[: len(at)].detach().to(logits.dtype), logits[at])

    return edit


def completed(logits: Tensor, model: Classifier) -> Tensor:
    """Return logits that were kept, (m, c'), as a model of more classes would have given them, (m, c).

    Merged classes are counted as what they mean. A class that was not there gets the least logit of those that were.
    """
    said = model.merged(as_wide(logits.to(model.device, model.dtype), len(model.classes)))
    there = said > NEVER / 2  # two merged classes that were not there are a little above NEVER
    least = said.masked_fill(~there, torch.inf).amin(dim=1, keepdim=True)
    return torch.where(there, said, least)


def answered(logits: Tensor, passes: Tensor, some: Mix, strength: float) -> Term:
    """Return the term that holds examples to what was said of them, where anything was.

    Args:
        logits: of the memory and of the new examples that will be in it, (m + k + 1, c).
        passes: how many there were of each.
        some: the examples, which go apart.
        strength: α.
    """

    def der(step: Step) -> Tensor:
        apart, classes = step.apart[some], step.model.classes
        rows = apart.pieces[0].rows.to(logits.device)
        live = [classes.index(name) for name in step.model.live] if step.model.aliases else slice(None)
        before = logits[rows][:, live].to(apart.logits.dtype)
        each = F.mse_loss(apart.logits[:, live], before, reduction="none").mean(dim=1)
        return strength * mean_of(each, passes[rows] > 0)

    return der


def labelled(passes: Tensor, some: Mix, strength: float) -> Term:
    """Return the term of the labels of examples; the arguments are those of ``answered``, and β."""

    def der_labels(step: Step) -> Tensor:
        apart = step.apart[some]
        logits = apart.model.among_task(apart.logits, apart.targets)
        each = F.cross_entropy(logits, apart.targets, reduction="none")
        return strength * mean_of(each, passes[apart.pieces[0].rows.to(passes.device)] > 0)

    return der_labels


def mean_of(values: Tensor, there: Tensor) -> Tensor:
    """Return the mean of those values that are there, (b,); of none, 0."""
    return values.where(there, 0.0).sum() / there.sum().clamp(min=1)
