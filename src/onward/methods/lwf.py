"""Learning without forgetting."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor

from onward.context import Context
from onward.errors import hold
from onward.formulas.distillation import distillation
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.schema import LATER
from onward.step import Step

Among = Literal["old", "all"]
"""The classes of the softmax that is held to the parent's: those that it knows, or new ones as well."""

Weight = Literal["plain", "by_classes"]
"""Whether distillation weighs the same however many classes are new."""


@dataclass(frozen=True)
class LwF(Method):
    """Hold the model to its parent's answers on the new data; no old example is needed.

    With s and t the old classes' logits of the model and of the parent:

        L(θ) = L_new(θ) + λ T² KL(softmax(t / T) ‖ softmax(s / T))                        (Eqs. 2, 3 of [1])

    The teacher is the parent itself, so nothing is kept. Where a head has tasks, each old task is one such term.

    Acts on:      loss (one term, "lwf")
    Keeps:        nothing
    Cost:         per step a forward pass of the parent; one pass in all where the new data is not augmented
    Needs:        a parent;  scenarios: all; class-incremental without exemplars stays near chance
    Status:       matches its paper: as printed of it or above in ``hsu2018-split-mnist``, where classes are new among
                  all of them

    Fields:
        strength: λ >= 0. 0 is the warm start, bit for bit. Papers: 1 [1].
        temperature: T > 0. Papers: 2 [1].
        among: ``old``, as above; or ``all``: the model's softmax is over all classes, and the parent gives new ones
            0, so that no new class may be said where the parent said an old one. Not where a head has tasks. Papers:
            ``all`` in the program of [3], where classes come.
        weight: ``plain``, as above; or ``by_classes``: λ n / m in the place of λ, of n classes that the parent knows
            and m new ones, where there are any. Papers: ``by_classes`` with λ = 1 [4], which divides the whole by
            1 + n / m.

    Example:
        >>> from onward.methods.lwf import LwF
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(LwF(strength=1.0), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. The factor T² keeps the term's size beside the cross-entropy; [1] leaves it out, so its λ at T = 2 is
           four times ours.
        2. No first stage in which only the new rows of the head are trained ("warm-up" in [1]).

    References:
        [1] Li & Hoiem 2016, "Learning without Forgetting", arXiv:1606.09282.
        [2] Hinton, Vinyals & Dean 2015, arXiv:1503.02531.
        [3] van de Ven & Tolias 2019, arXiv:1904.07734; code: GMvandeVen/continual-learning, which weighs the term
        by t - 1 in the update t, and has no T².
        [4] Wu et al. 2019, "Large Scale Incremental Learning", CVPR, arXiv:1905.13260 (BiC, Eq. 1).
    """

    strength: float = 1.0
    temperature: float = 2.0
    among: Among = field(default="old", metadata=LATER)
    weight: Weight = field(default="plain", metadata=LATER)

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "strength must be >= 0": self.strength >= 0,
            "temperature must be > 0": self.temperature > 0,
            "among must be old or all": self.among in get_args(Among),
            "weight must be plain or by_classes": self.weight in get_args(Weight),
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the distillation to every phase."""
        if context.old is None or self.strength == 0 or not context.old.classes:
            yield from phases
            return
        parts, known = context.old.softmaxes, len(context.old.classes)
        new = len(model.classes) - known
        strength = self.strength * (known / new if new and self.weight == "by_classes" else 1.0)

        def lwf(step: Step) -> Tensor:
            student, teacher = step.logits, step.old.logits
            terms = [distillation(student[:, part], teacher[:, part], self.temperature) for part in parts]
            if self.among == "all" and model.tasks is None:
                terms.append(self.said_new(student[:, parts[0]], student[:, teacher.shape[1] :]))
            return strength * torch.stack(terms).sum()

        for phase in phases:
            yield phase.plus(lwf=lwf)

    def said_new(self, old: Tensor, new: Tensor) -> Tensor:
        """Return by how much the divergence is more with new classes in the softmax: −T² log of what old ones have.

        Args:
            old: the model's logits of old classes, (b, c).
            new: and of new ones, (b, k).
        """
        exact = torch.promote_types(old.dtype, torch.float32)
        whole = torch.cat([old, new], dim=1).to(exact) / self.temperature
        shares = whole.logsumexp(dim=1) - whole[:, : old.shape[1]].logsumexp(dim=1)
        return self.temperature**2 * shares.mean()
