"""Distillation of the parent's features."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import get_args

from torch import Tensor

from onward.context import Context
from onward.errors import hold, listed
from onward.formulas.feature_distance import Form, distance_named
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.step import Step


@dataclass(frozen=True)
class FeatureDistillation(Method):
    """Hold the model's features to its parent's on the new data; the head stays free.

    With f and g the features, (d,), that the model and the parent make of an example, and δ a distance:

        L(θ) = L_new(θ) + λ E_x δ(f(x), g(x))

    ``cosine`` is ‖f/‖f‖ − g/‖g‖‖² = 2 − 2 cos(f, g) [1], [2]; ``l2`` is ‖f − g‖² / d [3]; ``smooth_l1`` is the same
    with half the square of each difference, and above 1 its size; ``through_head`` is ‖W (f − g)‖² / c with W the
    parent's head of c classes [4]: what no old class reads may move. More strength does not always hold more: the
    head forgets by itself.

    Acts on:      loss (one term, "feature_distillation")
    Keeps:        nothing
    Cost:         per step a forward pass of the parent; one pass in all where the new data is not augmented
    Needs:        a parent, as many features as it has;  scenarios: all; class-incremental stays near chance
    Status:       not measured

    Fields:
        strength: λ >= 0. 0 is the warm start, bit for bit. SGD may diverge where λ is large beside 1 / lr, and sooner
            by ``through_head``, whose pull grows with W². Papers: 5-10 for 1 − cos [2].
        form: δ: ``cosine``, ``l2``, ``smooth_l1`` or ``through_head``, as above.

    Example:
        >>> from onward.methods.feature_distillation import FeatureDistillation
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(FeatureDistillation(strength=1.0), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. Only the last features, which the head reads; no adaptor, for both networks have one shape.
        2. ``cosine`` is twice 1 − cos, so λ here is half of [2]'s; and λ does not grow with the number of classes.
        3. The head is not frozen and has no cosine logits, which [2] and [3] have beside it.

    References:
        [1] Shen et al. 2024, arXiv:2406.04484: features held to a checkpoint's; its equations are not public.
        [2] Hou et al. 2019, "Learning a unified classifier incrementally via rebalancing", CVPR: "less-forget".
        [3] Jung et al. 2016, "Less-forgetting learning in deep neural networks", arXiv:1607.00122.
        [4] Yang et al. 2021, "Knowledge distillation via softmax regression representation learning", ICLR.
    """

    strength: float = 1.0
    form: Form = "cosine"

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "strength must be >= 0": self.strength >= 0,
            f"form must be one of {listed(get_args(Form))}": self.form in get_args(Form),
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the distillation to every phase."""
        if context.old is None or self.strength == 0:
            yield from phases
            return
        distance = distance_named(self.form, context.old.head.weight)

        def feature_distillation(step: Step) -> Tensor:
            before = step.old.features
            return self.strength * distance(step.features[:, : before.shape[1]], before)  # a wider network has more

        for phase in phases:
            yield phase.plus(feature_distillation=feature_distillation)
