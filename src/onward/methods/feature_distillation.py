"""Distillation of the parent's features."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor

from onward.context import Context
from onward.errors import hold
from onward.formulas.feature_distance import cosine_distance, distance_through, l2_distance, smooth_l1_distance
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase, Step


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
    form: Literal["cosine", "l2", "smooth_l1", "through_head"] = "cosine"

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "strength must be >= 0": self.strength >= 0,
            "form must be cosine, l2, smooth_l1 or through_head": self.form in (*DISTANCES, "through_head"),
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the distillation to every phase."""
        if context.old is None or self.strength == 0:
            yield from phases
            return
        distance = through_head(context.old) if self.form == "through_head" else DISTANCES[self.form]

        def feature_distillation(step: Step) -> Tensor:
            return self.strength * distance(step.features, step.old.features)

        for phase in phases:
            yield phase.plus(feature_distillation=feature_distillation)


Distance = Callable[[Tensor, Tensor], Tensor]
"""From features of the model and of the parent, (b, d) each, to their distance."""

DISTANCES: dict[str, Distance] = {"cosine": cosine_distance, "l2": l2_distance, "smooth_l1": smooth_l1_distance}


def through_head(old: Classifier) -> Distance:
    """Return the distance as the parent's head reads it; its biases are the same for both."""
    return partial(distance_through, torch.cat([block.weight for block in old.head.linears]))
