"""A head that is solved anew from sums over all examples that ever came."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch

from onward.context import Context
from onward.errors import InputError, hold, listed
from onward.formulas.discriminant import discriminant
from onward.formulas.moments import Moments
from onward.formulas.ridge import Rows, least_squares
from onward.method import Method
from onward.nets.backbone import same_weights
from onward.nets.classifier import Classifier
from onward.nets.grown import refuse_narrow_rows
from onward.nets.head import Head
from onward.nets.random_features import RandomFeatures
from onward.phase import Phase
from onward.types import Data, Kept, in_order

Mode = Literal["paper", "ridge"]
"""How much each class counts: all alike, or by its examples."""

Solve = Literal["least_squares", "discriminant", "nearest_mean"]
"""What the head is, of the sums: the best fit to one-hot targets, or the border between Gaussians, or round ones."""


@dataclass(frozen=True)
class RefitHead(Method):
    """Learn in one pass and forget nothing: all rows of the head are solved over all examples ever seen.

    With h the features, (d,), of a backbone that stands still, n_c examples of class c with mean μ_c, n in all with
    mean μ and S = (1/n) Σ h hᵀ:

        w_c = (n_c / n) (S − μμᵀ + λI)⁻¹ (μ_c − μ),   b_c = n_c / n − w_c · μ

    the minimiser of (1/n) Σ ‖y − W h − b‖² + λ ‖W‖² (``least_squares``); or, with Σ the covariance of features around
    the mean of their class,

        w_c = (Σ + λI)⁻¹ (μ_c − μ),   b_c = log (n_c / n) − ½ w_c · (μ_c + μ)

    linear discriminant analysis (``discriminant``), by which the softmax of the logits is the probability of a class,
    were each a Gaussian of this covariance. Every class alike, with λ = 10⁻⁴, it is deep streaming LDA [3]: the chain
    ``slda``. With their mean variance, (tr Σ / d) I, in the place of Σ (``nearest_mean``) and every class alike, an
    example goes to the class whose mean is nearest [4]: the chain ``nearest_mean``.

    Σ h hᵀ, Σ h by class and the n_c are all that either takes of the past: they travel from update to update,
    d x d + c x d numbers, and no example does. So the head is what all data at once would give, to the last digits of
    float64, whatever the order of arrival. Examples can be taken out of the sums again.

    The first update trains the network as the phases say and then solves the head, unless the head alone is trained
    (``trains = "head"``), or there is a parent: then no step is taken.

    Acts on:      the plan (no phases, but for the first update's), the finished head
    Keeps:        second, sums, counts: (d, d), (c, d) and (c,), float64
    Cost:         a forward pass over the new data; d² n operations and d³ / 3 + d² c; no backward pass
    Needs:        features worth having;  scenarios: all in which they still serve; with a parent that kept no sums, new
                  data of every class
    Status:       not measured

    Fields:
        solve: ``least_squares``, ``discriminant`` or ``nearest_mean``, of the same sums: it may change from update to
            update.
        ridge: λ >= 0. Papers: ε / (1 − ε) with ε = 10⁻⁴, of (1 − ε) Σ + εI [3].
        relative: λ is in units of the mean variance of the features, or of that within classes, so that their scale
            does not decide what is much. Papers: false [3].
        mode: ``ridge``, as above; ``paper``, every class alike, 1/C in the place of n_c / n, as in [3].
        expansion: 0, or how many rectified random projections of h take its place [2]. Papers: 10,000 [2].

    Example:
        >>> from onward.methods.refit_head import RefitHead
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> held, free = two_blobs(RefitHead(), seed=0), two_blobs(WarmStart(), seed=0)
        >>> held.old > 0.9 > free.old
        True

    Departures:
        1. The bias is not penalised; [2] has none, and a λ that is chosen on held-back examples at every update.
        2. Logits of least squares lie near 0 and 1, as the targets do: classes are ranked right, but the softmax of
            these is no probability to go by.
        3. [3] adds to Σ, example by example, how far each lies from what its class's mean was until then, so that Σ
            hangs on their order; ours is that of the sums. What is the same in every logit is left out of the rows.

    References:
        [1] Hoerl & Kennard 1970: ridge regression; the sums are its normal equations.
        [2] McDonnell et al. 2023, "RanPAC", arXiv:2307.02251.
        [3] Hayes & Kanan 2020, "Lifelong Machine Learning with Deep Streaming Linear Discriminant Analysis",
        arXiv:1909.01520.
        [4] Mensink, Verbeek, Perronnin & Csurka 2013, "Distance-Based Image Classification: Generalizing to New Classes
        at Near-Zero Cost", TPAMI 35(11): nearest class mean, of features as they are.
    """

    solve: Solve = "least_squares"
    ridge: float = 0.01
    relative: bool = True
    mode: Mode = "ridge"
    expansion: int = 0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            f"solve must be one of {listed(get_args(Solve))}": self.solve in get_args(Solve),
            "ridge must be >= 0": self.ridge >= 0,
            f"mode must be one of {listed(get_args(Mode))}": self.mode in get_args(Mode),
            "expansion must be >= 0": self.expansion >= 0,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Put random features in place, once."""
        if self.expansion and not isinstance(model.backbone, RandomFeatures):
            if context.old is None and context.settings.trains != "head":
                raise InputError('random features are for a backbone that stands still: set trains = "head"')
            seed = context.generator("expansion").initial_seed()
            model.backbone = RandomFeatures(model.backbone, self.expansion, seed)
            head = Head(self.expansion, model.head.sizes, model.head.bias)
            model.head = head.to(device=model.device, dtype=model.dtype)
            model.backbone.to(device=model.device, dtype=model.dtype)
        return model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Train only where there are no features yet; then count the new examples in, and solve.

        Raises:
            InputError: when there are no sums of a past that is not among the new examples, rows of the head read
                some of the features alone, or a discriminant finds no biases; before any training.
        """
        # Here, not in prepare: another method of the chain may have moved the features since.
        missing = self.unknown(model, context)
        if missing:
            raise InputError(
                f"refit_head solves the head from sums over all examples ever seen, and there are none of "
                f"{listed(missing, most=5)}: bring examples of these as well this once, or take least_squares"
            )
        refuse_narrow_rows(model, "refit_head")
        if self.solve != "least_squares" and not model.head.bias:
            raise InputError(
                f"solve = {self.solve!r} tells classes apart by their biases as well, and this head was made without: "
                "take refit_head(solve='least_squares'), or a network whose head has biases"
            )
        if (context.old is None or not context.old.classes) and context.settings.trains != "head":
            yield from phases
        with torch.no_grad():
            moments = self.counted(model, context)
            solved = self.solved(moments, model.head.bias)
            start = 0
            for block in model.head.linears:
                rows = slice(start, start := start + len(block.weight))
                block.weight.copy_(solved.weight[rows])
                if solved.bias is not None:
                    block.bias.copy_(solved.bias[rows])
        context.scratch.update(moments.kept())

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep the sums; counted now where a later method of the chain asked for no phase of this one."""
        return dict(context.scratch) or self.counted(model, context).kept()

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take examples out of the sums, all of which must be in them; the head is solved anew at the next update."""
        if not kept:
            return {}
        moments = Moments.of(kept)
        with torch.no_grad():
            for batch in in_order(gone):
                known = model.meant(batch.targets)
                moments.remove(model.features(batch.inputs.to(model.device)), known.to(model.device))
        return moments.kept()

    def solved(self, moments: Moments, bias: bool) -> Rows:
        """Return the rows of the head."""
        if self.solve == "least_squares":
            return least_squares(moments, self.ridge, self.mode, bias, self.relative)
        return discriminant(moments, self.ridge, self.mode, self.relative, spherical=self.solve == "nearest_mean")

    def counted(self, model: Classifier, context: Context) -> Moments:
        """Return the sums over all examples so far, the new ones among them."""
        classes, past = len(model.classes), self.past(model, context)
        moments = past.grown(classes) if past else Moments.empty(model.head.in_features, classes, model.device)
        for batch in in_order(context.new):
            moments.add(model.features(batch.inputs.to(model.device)), batch.targets.to(model.device))
        return moments

    def past(self, model: Classifier, context: Context) -> Moments | None:
        """Return the sums over all examples before; None where there are none, or of features that are gone."""
        if not context.kept or context.old is None:
            return None
        if not same_weights(context.old.backbone, model.backbone):
            return None
        return Moments.of({name: value.to(model.device) for name, value in context.kept.items()})

    def unknown(self, model: Classifier, context: Context) -> list[str]:
        """Return the classes of which nothing was counted and nothing arrives."""
        arrived, past = set(context.new.targets.unique().tolist()), self.past(model, context)
        counted = set() if past is None else set(past.present.nonzero()[:, 0].tolist())
        return [name for k, name in enumerate(model.classes) if k not in arrived | counted and name in model.live]
