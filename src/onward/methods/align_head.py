"""A head that is trained once more, on features drawn from what is known of every class."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from onward.context import Context
from onward.errors import InputError, hold, listed
from onward.formulas.class_gaussians import ClassSums, Spread, regrouped
from onward.method import Method
from onward.nets.backbone import same_weights
from onward.nets.classifier import NEVER, Classifier
from onward.phase import Phase, in_head
from onward.step import Step, Term
from onward.types import Data, Examples, Kept, View, in_order


@dataclass(frozen=True)
class AlignHead(Method):
    """Let old and new rows of the head compare again: train the head alone on features drawn for all classes alike.

    After the phases of an update the features h of the new examples enter the sums of their class, from which follow
    its mean μ_k and covariance Σ_k, as those of every class before. One more phase then minimises, over the head,

        E −log softmax(z̃)_k,   z = W h + b,   h ~ N(μ_k, Σ_k),   each class k equally often
        z̃ = z / (τ mean_t ‖z_t‖)                                                          (program of [1])

    z_t the logits of the classes that came together at time t. So no row is at odds with the others for having been
    trained last, or on more examples. No example is kept, and one can be taken out of the sums again. On a first update
    there is nothing to align.

    Acts on:      the plan (one phase more, of features, after those it was given)
    Keeps:        sums, (c, d), counts and drifted, (c,); second, (d, d), or second_by_class, (c, d, d), or squares,
                  (c, d), by ``covariance``; float64
    Cost:         a forward pass over the new data; ``epochs`` over c · ``samples`` features through the head
    Needs:        features that stay (``trains = "head"``) or move little;  scenarios: new classes, mixed; with a parent
                  that kept no sums, new data of every class
    Status:       not measured: its numbers are of a large transformer

    Fields:
        samples: features drawn for each class. 0 is the warm start, bit for bit. Papers: 256 in each epoch [1].
        epochs: passes over them; so is 0. Papers: 5 [1].
        covariance: ``full``, Σ_k of each class, d² numbers a class [1]; ``diagonal``, its variances alone, d;
            ``shared``, the mean of all classes' Σ_k, d² in all.
        temperature: τ > 0. None: z̃ = z, and a method that chooses the loss can stand after this one. Papers: 0.1 [1].
        ridge: λ >= 0, added to Σ_k as λ v I, v the mean variance of a feature.
        shrinkage: >= 0: as so many examples the covariance of all classes counts beside a class's own, where it has one
            of its own; a class of one example takes it whole.
        lr: the learning rate of this phase; None is the run's. Papers: the run's, 0.01 with momentum [1].

    Example:
        >>> from onward.methods.align_head import AlignHead
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> aligned, free = two_blobs(AlignHead(), seed=0), two_blobs(WarmStart(), seed=0)
        >>> aligned.old > 0.9 > free.old
        True

    Departures:
        1. Old classes' sums are of the features of the version in which they came, as in [1]; where the backbone has
           moved since, they tell of features that are gone, and such an example cannot be taken out again.
        2. New examples of an old class are counted into its sums beside the old ones. [1] has none; the rule is ours.
        3. The features are drawn once. The program of [1] draws 256 of each class anew in each epoch, from means of
           which the older are scaled down by up to a tenth.
        4. ``shared`` and ``diagonal``, λ in units of v and ``shrinkage`` are ours; the program of [1] has Σ_k + 10⁻⁴ I.
        5. Phases before are as they come: the low learning rate of the backbone, and the loss among new classes alone,
           that [1] trains by are settings and methods of their own. Batches and schedule are the run's; [1] has a
           cosine.

    References:
        [1] Zhang et al. 2023, "SLCA: Slow Learner with Classifier Alignment for Continual Learning on a Pre-trained
        Model", arXiv:2303.05118. The abstract is known to us, and its program, GengDavid/SLCA, from which the equation
        of z̃ and all numbers are.
    """

    samples: int = 256
    epochs: int = 5
    covariance: Spread = "shared"
    temperature: float | None = 0.1
    ridge: float = 1e-4
    shrinkage: float = 1.0
    lr: float | None = None

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "samples must be >= 0": self.samples >= 0,
            "epochs must be >= 0": self.epochs >= 0,
            f"covariance must be one of {listed(get_args(Spread))}": self.covariance in get_args(Spread),
            "temperature must be > 0 or left out": self.temperature is None or self.temperature > 0,
            "ridge must be >= 0": self.ridge >= 0,
            "shrinkage must be >= 0": self.shrinkage >= 0,
            "lr must be > 0 or left out": self.lr is None or self.lr > 0,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let the phases run, count the new examples in, and align the head; refuse before that what cannot be."""
        past = self.past(model, context)
        aligns = context.old is not None and bool(context.old.classes) and bool(self.samples) and bool(self.epochs)
        arrived = torch.bincount(model.meant(context.new.targets), minlength=len(model.classes)) > 0
        known = (past.present.cpu() | arrived.cpu()).tolist()
        unknown = [name for name, there in zip(model.classes, known, strict=True) if not there and name in model.live]
        if aligns and unknown:
            raise InputError(
                f"align_head draws features from sums over the examples of every class, and there are none of "
                f"{listed(unknown, most=5)}: bring examples of these as well this once, or take lwf, which needs none"
            )
        yield from phases
        kept = self.counted(past, model, context)
        context.scratch.update(kept)
        if aligns:
            # Held-back data is of new classes alone: by their loss no epoch of this phase is the best.
            settings = {"epochs": self.epochs, "lr": self.lr or context.settings.lr, "patience": None}
            drawn = self.drawn(ClassSums.of(kept, self.covariance), model, context)
            phase = Phase("align", drawn, context.settings, trains=in_head, on_features=True).tuned(**settings)
            yield phase if self.temperature is None else phase.exchanged(normalised(model.head.sizes, self.temperature))

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep the sums; counted now where a later method of the chain asked for no phase of this one."""
        return dict(context.scratch) or self.counted(self.past(model, context), model, context)

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take examples out of the sums, all of which must be in them, as the model makes their features now.

        Raises:
            InputError: when some of them are of a class with features of an earlier backbone.
        """
        if not kept:
            return {}
        sums, drifted = ClassSums.of(kept, self.covariance), kept["drifted"]
        known = model.meant(gone.targets)
        if drifted[known].any():
            old = [model.classes[k] for k in known[drifted[known]].unique().tolist()]
            raise InputError(
                f"align_head keeps sums over {listed(old, most=5)} of features that the model made before it was "
                "trained on, and one example cannot be taken out of these. Leave out all that it kept, or train anew "
                "without them."
            )
        with torch.no_grad():
            for batch in in_order(gone):
                sums.remove(model.features(batch.inputs.to(model.device)), model.meant(batch.targets))
        return {**sums.kept(), "drifted": drifted & sums.present}

    def past(self, model: Classifier, context: Context) -> ClassSums:
        """Return the sums of all examples before, by the model's classes; of none where their features are gone."""
        c = len(model.classes)
        if not context.kept or context.old is None or not same_weights(context.old.backbone, model.backbone):
            return ClassSums.empty(self.covariance, model.head.in_features, c, model.device)
        kept = {name: value.to(model.device) for name, value in context.kept.items()}
        sums = ClassSums.of(kept, self.covariance)
        return sums.recounted(model.meant(torch.arange(len(sums.counts))), c)

    @torch.no_grad()
    def counted(self, past: ClassSums, model: Classifier, context: Context) -> dict[str, Tensor]:
        """Return what is kept: the sums with the new examples in them, and of which classes features have drifted."""
        moved = context.old is None or not same_weights(context.old.backbone, model.backbone)
        before = context.kept.get("drifted", past.present[:0]).to(past.counts)
        drifted = regrouped(before, model.meant(torch.arange(len(before))), len(past.counts)) > 0
        drifted = past.present & (drifted | moved)
        targets = model.meant(context.new.targets)
        by_class = targets.argsort(stable=True)
        for batch in in_order(View(context.new, by_class, targets[by_class], context.new.classes)):
            past.add(model.features(batch.inputs.to(model.device)), batch.targets)
        return {**past.kept(), "drifted": drifted}

    def drawn(self, sums: ClassSums, model: Classifier, context: Context) -> Examples:
        """Return features of every class, equally many, in the order of the classes' names."""
        found: dict[int, Tensor] = {}
        for k, gaussian in sums.gaussians(self.ridge, self.shrinkage):
            draws = context.generator("samples", model.classes[k])
            noise = torch.randn(self.samples, sums.sums.shape[1], dtype=torch.float64, generator=draws)
            found[k] = gaussian.at(noise.to(sums.sums.device)).to(model.dtype)
        order = sorted(found, key=lambda k: model.classes[k])
        targets = torch.tensor(order, dtype=torch.int64, device=model.device).repeat_interleave(self.samples)
        return Examples(torch.cat([found[k] for k in order]), targets, model.classes)


def normalised(sizes: Sequence[int], temperature: float) -> Term:
    """Return the cross-entropy of logits over their length, the mean of those of the parts of the head, times τ.

    Args:
        sizes: of the parts: the classes that came together.
        temperature: τ.
    """

    def cross_entropy(step: Step) -> Tensor:
        there = step.logits > NEVER
        parts = step.logits.where(there, 0.0).split(list(sizes), dim=1)
        length = torch.stack([part.norm(dim=1) for part in parts]).mean(dim=0)
        logits = (step.logits / (temperature * length + TINY)[:, None]).where(there, NEVER)
        return F.cross_entropy(step.model.among_task(logits, step.targets), step.targets)

    return cross_entropy


TINY = 1e-7
"""So that logits of zero stay zero."""
