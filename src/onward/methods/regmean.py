"""Regression mean: learn, then meet the parent where both answer as they did on what each had seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from onward.context import Context, part
from onward.errors import InputError, hold
from onward.formulas.regression_mean import alike, less_correlated, packed, regression_mean, unpacked
from onward.method import Method
from onward.nets.averaging import average
from onward.nets.classifier import Classifier
from onward.nets.grown import gone
from onward.nets.layer_inputs import matrix, mean_grams, multiplying, put, width
from onward.phase import Phase
from onward.types import Kept, in_order


@dataclass(frozen=True)
class RegMean(Method):
    """Learn the new data alone; then take, layer by layer, the mean with the parent that changes answers least.

    With W* a layer of the parent and G* = Σ h hᵀ over all inputs that it had in earlier updates, Ŵ the layer as it has
    learned and Ĝ the same over the new data:

        W = argmin_W  λ Σ_old ‖W h − W* h‖² + Σ_new ‖W h − Ŵ h‖²
          = (λ W* G* + Ŵ Ĝ) (λ G* + Ĝ)⁻¹                                                  (Eq. 2 of [1])
        G* ← γ G* + G of the new data at W

    What the old data never used is free for the new, and the other way round. No example is kept and no step is
    taken: one matrix a layer and a linear system do.

    Acts on:      the weights, when all phases have run
    Keeps:        gram/*: d (d + 1) / 2 numbers for a layer of d inputs; examples: one number
    Cost:         per update two forward passes over ``examples`` and one solve of d³ a layer; per step nothing
    Needs:        layers that keep their names and shapes;  scenarios: all; new classes stand where they were learned
    Status:       no paper: along a lineage it is ours; ``doan2023-table6`` has it beside others

    Fields:
        strength: λ >= 0. 0 is the warm start, bit for bit. Papers: 1 [1].
        correlation: what lies off the diagonals of the matrices times this, in [0, 1]. Papers: 0.1 to 1 [1].
        decay: γ in [0, 1] of the sums of earlier updates. 1 counts every example alike.
        examples: the matrices are means over at most this many new examples, drawn at random; None is all of them.
        widest: of a layer with more inputs the diagonal alone is kept, d numbers.

    Example:
        >>> from onward.methods.regmean import RegMean
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> two_tilts(RegMean(), seed=0).old - two_tilts(WarmStart(), seed=0).old > 0.05
        True

    Departures:
        1. [1] merges models that were trained apart from one start; here the child began where the parent stands.
        2. The sums run along a lineage: those of earlier updates, at the weights of their time, stand for the past.
        3. A bias is a column of its matrix, whose input is 1; [1] takes the plain mean of biases.
        4. What is not such a matrix (norms with their statistics, embeddings, convolutions in groups) is averaged by
           the number of examples; in [1] all models count alike there.
        5. Rows of classes that are new stay as they were learned: the parent had none.
        6. Parent and child both count in every direction, half a thousandth of the mean; with much less learning broke
           down on Rotated MNIST.
        7. Of a layer that meets an example at many places, at most 64 are looked at, evenly spaced.

    References:
        [1] Jin, Ren, Preoţiuc-Pietro & Cheng 2023, "Dataless Knowledge Fusion by Merging Weights of Language Models",
        ICLR, arXiv:2212.09849: RegMean.
    """

    strength: float = 1.0
    correlation: float = 0.9
    decay: float = 1.0
    examples: int | None = 2000
    widest: int = 2048

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "strength must be >= 0": self.strength >= 0,
            "correlation must be in [0, 1]": 0 <= self.correlation <= 1,
            "decay must be in [0, 1]": 0 <= self.decay <= 1,
            "examples must be >= 1 or left out": self.examples is None or self.examples >= 1,
            "widest must be >= 0": self.widest >= 0,
        }
        hold(rules, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Meet the parent when all phases have run."""
        past = part(context.kept, "gram")
        held = matching(model, past)
        yield from phases
        if held and self.strength and context.old is not None:
            self.meet(model, context.old, held, context)

    def meet(self, model: Classifier, old: Classifier, past: Kept, context: Context) -> None:
        """Move a model to its mean with its parent, in place."""
        here, before = len(context.new), self.strength * float(context.kept["examples"])
        there, seen = dict(multiplying(old)), self.grams(model, context)
        means = {}
        for name, layer in multiplying(model):
            if name in past and name in seen:
                gram = self.strength * unpacked(past[name], width(layer)).to(seen[name])
                both = [less_correlated(each, self.correlation) for each in alike(gram, here * seen[name])]
                means[name] = regression_mean(matrix(there[name]), matrix(layer), *both)
        average(model, old, before / (here + before))
        average_statistics(model, old, before / (here + before))
        for name, layer in multiplying(model):
            if name in means:
                put(layer, means[name])

    def grams(self, model: Classifier, context: Context) -> dict[str, Tensor]:
        """Return, by layer, the mean of h hᵀ over the new data, or over some of it, the same whenever asked."""
        new = context.sample(self.examples, "gram")
        return mean_grams(model, (batch.inputs for batch in in_order(new)), self.widest)

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Add the sums over the new data to those of the past."""
        here, past = len(context.new), part(context.kept, "gram")
        sums = {name: here * gram for name, gram in self.grams(model, context).items()}
        for name, layer in multiplying(model):
            if name in past:
                before = self.decay * unpacked(past[name], width(layer)).to(model.device)
                sums[name] = torch.stack(alike(before, sums.get(name, torch.zeros_like(before)))).sum(dim=0)
        examples = here + self.decay * float(context.kept.get("examples", 0))
        return {"examples": torch.tensor(examples), **{f"gram/{name}": packed(gram) for name, gram in sums.items()}}


def matching(model: Classifier, past: Kept) -> Kept:
    """Return what is kept, all of it of layers that the model has.

    Raises:
        InputError: when a layer is gone or has other inputs.
    """
    here = {name: width(layer) for name, layer in multiplying(model)}
    for name, values in past.items():
        if name not in here or values.numel() not in (here[name], here[name] * (here[name] + 1) // 2):
            now = f"has {here[name]} inputs" if name in here else "is gone"
            raise InputError(
                f"regmean kept {values.numel():,} numbers of the inputs of '{name}', which {now}. {gone('regmean')}"
            )
    return past


@torch.no_grad()
def average_statistics(model: Classifier, old: Classifier, share: float) -> None:
    """Move a model's running statistics towards its parent's, by the share that is the parent's."""
    there = dict(old.named_buffers())
    for name, buffer in model.named_buffers():
        if buffer.is_floating_point() and name in there and there[name].shape == buffer.shape:
            buffer.lerp_(there[name], share)
