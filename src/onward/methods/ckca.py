"""CKCA-style updates: a warm start that leaves its old point and holds on to what its parent knew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Literal, get_args

import torch
from torch import Tensor

from onward.context import Context
from onward.errors import hold, listed
from onward.formulas.distillation import distillation
from onward.formulas.feature_distance import Form, distance_named
from onward.formulas.trust import FITTED, TRUSTS, Measure, Trust
from onward.method import Method
from onward.nets.averaging import average, renormalise
from onward.nets.classifier import Classifier
from onward.nets.zoo import restart
from onward.phase import Phase
from onward.step import Step, Term
from onward.types import Data, Kept, in_order, subset

StepOut = Literal["none", "head", "shrink", "fresh"]
"""What is brought back to where training begins, before it does."""


@dataclass(frozen=True)
class CKCA(Method):
    """Hold answers, and if wanted features, to the parent's by as much as the parent has seen.

    With f, g the features and s, t the logits that the model and the parent make of an example (x, y), w the trust in
    the parent on it, and r how many times the n new examples the N are for which the parent stands:

        L(θ) = L_new(θ) + r (φ E w δ(f, g) + λ E w T² KL(softmax(t / T) ‖ softmax(s / T))),   r = min(N / n, span)
        η ← rate · η / (1 + slowing · r)
        θ ← (1 − α) θ + α θ*   after training,   α = average · r / (1 + r)

    The first added term is FeatReg, the second AdaKD. A young parent has seen little and teaches little; an old one
    speaks for many examples that are gone. The learning rate η falls as a mean over ever more examples moves less by a
    few more, and so no step is too long however old the parent is. With α = r / (1 + r) the weights are the mean of
    those that each portion led to; batch norm's statistics are then taken anew on the new data. Of the past there is
    the parent and a number, so an update costs the same however many went before.

    Acts on:      initialisation, loss (two terms, "featreg" and "adakd"), the finished weights
    Keeps:        seen: N, one number
    Cost:         per step a forward pass of the parent; one pass in all where the new data is not augmented
    Needs:        a parent;  scenarios: more of the same classes; nothing in it recalls classes that do not arrive
    Status:       reconstruction: of an abstract; ``ckca`` tells what came of it

    Fields:
        features: φ >= 0. 0 is no FeatReg.
        form: δ: ``cosine``, ``l2``, ``smooth_l1`` or ``through_head``, as in ``feature_distillation``.
        answers: λ >= 0. 0 is no AdaKD.
        temperature: T > 0.
        span: the most that r may be, > 0: below it each example counts alike, however long ago it came; beyond it the
            past fades. A checkpoint that was brought counts as much as what arrives first. None: r is 1 always.
        trust: w in [0, 1], without gradient: ``constant`` 1; ``true_class``, the parent's probability p of y;
            ``relative``, p over its largest; ``right``, 1 or 0; ``confident``, its largest probability where it is
            right, else 0; ``margin``, the sigmoid of the logit of y less the largest other; ``calibrated``, p at the
            temperature that fits the parent to the new data best [5]; ``class_accuracy``, the share of the new examples
            of y that the parent has right. On an example of a class that is new to the parent: 0, but for ``constant``.
        normalised: divide w by its mean over the batch: trust then moves the pull between examples and does not change
            how strong it is.
        step_out: what starts anew before training: ``none``; the ``head``; ``shrink``, which leaves 0.6 of each
            parameter and adds 0.1 of a fresh draw; ``fresh``, all, so that the parent teaches a new network. Other
            amounts: ``shrink_and_perturb(...) | ckca(...)``.
        slowing: >= 0, by which the learning rate falls as r grows. 0: it does not.
        rate: > 0, times the learning rate: a bolder or more timid step out.
        average: in [0, 1]. 1 is the mean over all examples alike, 0 no average.

    Example:
        >>> from onward.methods.ckca import CKCA
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(CKCA(), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. A reconstruction. Of [1] only the abstract and the introduction are public to us: warm start, new data
           alone, constant cost, features regularised by the checkpoint (FeatReg), adaptive distillation (AdaKD), a
           step out of the old convergence point. Every equation above is ours, chosen on validation data.
        2. N, which makes AdaKD adaptive here, and the average with the parent are no part of what [1] tells; the
            average is [4] along a lineage. With ``span`` None, ``slowing`` 0 and constant trust AdaKD is LwF [2].

    References:
        [1] Shen et al. 2024, "Step Out and Seek Around: On Warm-Start Training with Incremental Data",
        arXiv:2406.04484.  [2] Li & Hoiem 2016, arXiv:1606.09282.
        [3] Ash & Adams 2020, arXiv:1910.08475: ``shrink``.  [4] Izmailov et al. 2018, arXiv:1803.05407.
        [5] Guo et al. 2017, arXiv:1706.04599.
    """

    features: float = 0.0
    form: Form = "cosine"
    answers: float = 0.35
    temperature: float = 2.0
    span: float | None = 10.0
    trust: Trust = "constant"
    normalised: bool = False
    step_out: StepOut = "none"
    slowing: float = 0.5
    rate: float = 1.0
    average: float = 0.0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "features must be >= 0": self.features >= 0,
            f"form must be one of {listed(get_args(Form))}": self.form in get_args(Form),
            "answers must be >= 0": self.answers >= 0,
            "temperature must be > 0": self.temperature > 0,
            "span must be > 0 or left out": self.span is None or self.span > 0,
            f"trust must be one of {listed(get_args(Trust))}": self.trust in get_args(Trust),
            f"step_out must be one of {listed(get_args(StepOut))}": self.step_out in get_args(StepOut),
            "slowing must be >= 0": self.slowing >= 0,
            "rate must be > 0": self.rate > 0,
            "average must be in [0, 1]": 0 <= self.average <= 1,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Step out: bring back to the beginning what is to start anew."""
        if context.old is None or self.step_out == "none":
            return model
        inherited = [name for name, _ in context.old.named_parameters() if model.trains(name)]
        names = [name for name in inherited if self.step_out != "head" or name.startswith("head.")]
        keep, fresh = (0.6, 0.1) if self.step_out == "shrink" else (0.0, 1.0)
        restart(model, names, context.generator("weights").initial_seed(), keep, fresh)
        return model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add both terms to every phase, and average when all have run."""
        if context.old is None or not context.old.classes:
            yield from phases
            return
        worth = self.worth(context)
        terms, moves = self.terms(context, context.old, worth), []
        pace = self.rate / (1 + self.slowing * worth)
        for phase in phases:
            yield phase.tuned(lr=pace * phase.settings.lr).plus(**terms)
            moves.append(phase.trains)
        if self.average:
            average(model, context.old, self.average * worth / (1 + worth))
            draws = context.generator("renormalise")
            renormalise(model, context.new, draws, lambda name: any(trains(name) for trains in moves))

    def worth(self, context: Context) -> float:
        """Return r: how many times the new examples the parent stands for."""
        return 1.0 if self.span is None else min(seen_before(context) / len(context.new), self.span)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Count the examples, this update's among them."""
        counts = self.span is not None and any((self.features, self.answers, self.slowing, self.average))
        return {"seen": torch.tensor(seen_before(context) + len(context.new))} if counts else {}

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Keep the number: it says of no example that it was there."""
        return kept

    def terms(self, context: Context, old: Classifier, worth: float) -> dict[str, Term]:
        """Return FeatReg and AdaKD, each where it has a strength; ``worth`` is r."""
        trust = lru_cache(maxsize=1)(self.trusting(context, old))  # both terms ask, and it is the same
        distance, parts = distance_named(self.form, old.head.weight), old.softmaxes

        def featreg(step: Step) -> Tensor:
            before = step.old.features
            return worth * self.features * distance(step.features[:, : before.shape[1]], before, trust(step))

        def adakd(step: Step) -> Tensor:
            student, teacher, weights = step.logits, step.old.logits, trust(step)
            each = [distillation(student[:, part], teacher[:, part], self.temperature, weights) for part in parts]
            return worth * self.answers * torch.stack(each).sum()

        strengths = {"featreg": (self.features, featreg), "adakd": (self.answers, adakd)}
        return {name: term for name, (strength, term) in strengths.items() if strength}

    def trusting(self, context: Context, old: Classifier) -> Callable[[Step], Tensor | None]:
        """Return what gives the weight of each example of a batch, (b,); None where all weigh 1."""
        if self.trust == "constant":
            return nowhere_less
        fit = FITTED.get(self.trust)
        draws = context.generator("trust")
        measure = TRUSTS[self.trust] if fit is None else fit(*answered(old, context.new, draws))
        trust = partial(trusted, old, measure)
        return partial(normal, trust) if self.normalised else trust


def seen_before(context: Context) -> int:
    """Return N, how many examples the parent stands for; as many as arrive where nobody has counted them."""
    unknown = 0 if context.old is None else len(context.new)
    return int(context.kept.get("seen", unknown))


def trusted(old: Classifier, measure: Measure, step: Step) -> Tensor:
    """Return the trust in the parent on each example of a batch, (b,); 0 on classes that are new to it."""
    known = step.targets < len(old.classes)
    targets = step.targets.where(known, 0)
    return measure(old.among_task(step.old.logits, targets), targets) * known


@torch.no_grad()
def answered(old: Classifier, new: Data, draws: torch.Generator, most: int = 8192) -> tuple[Tensor, Tensor]:
    """Return the parent's logits, (m, c), on at most so many new examples of its classes, and their class ids, (m,)."""
    targets = old.meant(new.targets)
    rows = (targets < len(old.classes)).nonzero()[:, 0]
    rows = rows[torch.randperm(len(rows), generator=draws)[:most]]
    found = [old(batch.inputs.to(old.device)) for batch in in_order(subset(new, rows))] if len(rows) else []
    targets = targets[rows].to(old.device)
    logits = torch.cat(found) if found else torch.zeros(0, len(old.classes), device=old.device)
    return old.among_task(logits, targets), targets


def nowhere_less(step: Step) -> None:
    """Return no weights: each example counts as any other."""


def normal(trust: Callable[[Step], Tensor], step: Step) -> Tensor:
    """Return the trust over its mean in the batch, (b,); of no trust at all, none."""
    weights = trust(step)
    return weights / weights.mean().clamp(min=torch.finfo(weights.dtype).tiny)
