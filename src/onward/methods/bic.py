"""Bias correction: logits of new classes brought level with those of old ones, on examples held out of training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch

from onward.content import Digests, digests
from onward.context import Context
from onward.errors import hold
from onward.formulas.bias_correction import bias_correction
from onward.memory.by_class import rows_of_each
from onward.memory.exemplars import recalled, remembered, without
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.types import Data, Kept, in_order, joined, subset


@dataclass(frozen=True)
class BiC(Method):
    """Correct what is left when all else has run: new classes, of which there was more to learn from, say too much.

    Some examples of every class are held out of training, in the update in which they come and in all later ones. After
    the phases of an update, with z the logits, these choose two numbers:

        z̃_k = z_k for old classes k, α z_k + β for new ones                                         [1]
        min over α, β of  mean_k mean_{i of class k} −log softmax(z̃_i)_k

    which go into weights and biases of the new rows, α w and α b + β: it stays one network. What the paper does beside
    it are methods of their own, of which it is the last: ``replay | lwf | bic``.

    Acts on:      data (some is held out), the finished head
    Keeps:        inputs, targets: the examples that are held out, in the form they came in
    Cost:         a forward pass over them; where other methods bring examples, one reading of those for each phase
    Needs:        leave to keep raw examples;  scenarios: new classes, mixed; beside methods that hold the old classes
    Status:       not measured

    Fields:
        size: >= 0, examples of each class that an update holds out, at most half of what came of it. 0 is the warm
            start, bit for bit. Papers: a tenth of the exemplars, and as many of each new class [1].
        ridge: ρ > 0 of ρ/2 ((α − 1)² + β²) in what is minimised, without which α has no end where all examples are
            right.

    Example:
        >>> from onward.methods.bic import BiC
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_blobs
        >>> held, free = two_blobs(BiC(), seed=1), two_blobs(WarmStart(), seed=1)
        >>> held.old > 0.9 > free.old
        True

    Departures:
        1. [1] keeps α and β as a layer after the head, one for each update; here they are in the head, where the next
           update goes on from, and distillation is from what the parent says corrected.
        2. The term with ρ and Newton's method in the place of steps down the gradient are ours, and so is the mean over
           classes of their means, in the place of a set that is balanced by leaving examples out.
        3. Exemplars to train on are another method's. One that is held out may be among them, and is then left out of
           what stands beside the batches: what brings examples goes before this one in a chain. What goes apart from
           them, with ``der`` or ``replay(draw="mir")``, is not looked through, and may hold some.
        4. Distillation and cross-entropy weigh n / (n + m) and m / (n + m) in [1], of n old classes and m new ones:
           ``replay | lwf(weight='by_classes') | bic`` is that but for the scale of the whole, which the rate takes up.
        5. Where nothing of an old class is held out, as at the first update with it, or the head has tasks, whose
           logits are never compared, nothing is corrected.

    References:
        [1] Wu et al. 2019, "Large Scale Incremental Learning", CVPR, arXiv:1905.13260.
    """

    size: int = 5
    ridge: float = 0.01

    keeps_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"size must be >= 0": self.size >= 0, "ridge must be > 0": self.ridge > 0}, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Hold examples out of every phase, and correct the new rows when all have run."""
        held = self.held(model, context)
        if held is None:
            yield from phases
            return
        stays = torch.ones(len(context.new), dtype=torch.bool)
        stays[self.rows(context)] = False
        rest, known = subset(context.new, stays.nonzero()[:, 0]), digests(held)
        for phase in phases:
            if phase.on_features:
                yield phase
                continue
            data = rest if phase.data is context.new else spared(phase.data, known)
            less = replace(phase, data=data if len(data) else phase.data, mixes=())
            for mix in phase.mixes:
                less = less.mixed(spared(mix.data, known), mix.size)
            yield less
        took_steps = context.settings.steps != 0 and context.settings.epochs > 0
        if took_steps and context.old is not None and model.tasks is None:
            self.correct(model, held, len(context.old.classes))

    @torch.no_grad()
    def correct(self, model: Classifier, held: Data, known: int) -> None:
        """Bring the rows from ``known`` on level with those before, in place; where there is nothing of either, not."""
        targets = model.meant(held.targets)
        if not bool((targets < known).any()) or not bool((targets >= known).any()):
            return
        logits = torch.cat([model(batch.inputs.to(model.device)) for batch in in_order(held)])
        found = bias_correction(logits, targets, known, self.ridge, model.head.bias)
        model.head.adjust(known, *found)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep what is held out, that no later update trains on it either."""
        return remembered(self.held(model, context))

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of those that are held out."""
        return without(kept, gone)

    def held(self, model: Classifier, context: Context) -> Data | None:
        """Return what is held out: of earlier updates, and of this one; None where that is nothing."""
        if not self.size:
            return None
        before, fresh = recalled(context.kept, model.classes), subset(context.new, self.rows(context))
        every = fresh if before is None else joined(before, fresh)
        return every if len(every) else None

    def rows(self, context: Context) -> torch.Tensor:
        """Return the rows of the new data that are held out: the same whenever asked."""
        return rows_of_each(context.new, self.size, lambda name: context.generator("held out", name), share=0.5)


def spared(data: Data, held: Digests) -> Data:
    """Return data without what is held out, by content; the same object where none of that is in it."""
    stays = torch.from_numpy(~np.isin(digests(data), held))
    return data if stays.all() else subset(data, stays.nonzero()[:, 0])
