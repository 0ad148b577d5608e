"""Pooled outputs distillation."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from onward.context import Context
from onward.errors import hold
from onward.formulas.pooled_outputs import pod_flat, pod_spatial, pooled
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.stages import Listened, as_before, common_stages
from onward.phase import Phase
from onward.step import Outputs, Step


@dataclass(frozen=True)
class PODNet(Method):
    """Hold what the network makes on the way to its features, stage by stage, as far as sums over its maps tell.

    With h_l the map, (c, h, w), that ends stage l of L, f the features, a star the parent's, and u(v) = v / ‖v‖:

        p_l = (Σ_w h_l², Σ_h h_l²)                                  a vector of c h + c w numbers
        L(θ) = L_new(θ) + √(N / n) (λ_c / L Σ_l ‖u(p_l) − u(p*_l)‖ + λ_f (1 − cos(f, f*)))        (program of [1])

    for n classes in the new data and N in the model. Where in height and where in width a channel is active is held;
    what lies at one place may change. A stage is all that runs at one size of map; L counts all of them. It holds
    nothing of the head: it belongs beside a memory and before what brings old and new classes level, as in
    ``replay(memory='herding') | podnet | align_head``.

    Where the network has no maps the form of λ_f stands for both: stage l is a linear layer with what follows it, up
    to the next. Where stages have other shapes than the parent's, as in layers that were widened, these are left out;
    where none is left, λ_f alone is at work.

    Acts on:      loss (one term, "podnet")
    Keeps:        nothing
    Cost:         per step a forward pass of the parent, maps and all; its answers for other methods come of the same
    Needs:        a parent; does without compile, for a compiled network does not tell what its stages give;
                  scenarios: all; class-incremental stays near chance without a memory beside it
    Status:       not measured: its classifier by cosines is not there

    Fields:
        spatial: λ_c >= 0, of the stages. Papers: 3 for CIFAR-100, 8 for ImageNet-100 (program of [1]).
        flat: λ_f >= 0, of the features. With both 0 it is the warm start, bit for bit. Papers: 1 for CIFAR-100, 10 for
            ImageNet-100 (program of [1]).

    Example:
        >>> from onward.methods.podnet import PODNet
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(PODNet(flat=3.0), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. The distillation alone. [1] has beside it a classifier by cosines with ten proxies a class and a loss of its
           own (NCA with a margin); here the head is linear, and the loss the cross-entropy.
        2. After each task the program of [1] trains the classifier on as many examples of each class, for 20 epochs.
           Here that is another method's, as the memory is: ``align_head``, on features drawn for all classes alike.
           Without it new rows of a linear head outgrow the old beside features that hardly move.
        3. The forms are the program's, which squares maps, lets both sums be one vector of unit length, and has the
           last stage among the L. As we recall it, [1] writes a sum of two squared distances over L − 1 stages: not
           looked up.
        4. Maps and features are taken where our networks end a stage, after a ReLU; the program takes them before it.
        5. n is the number of classes in the new data, be they new or known; in [1] all of them are new.
        6. Below 1e-4 a distance ‖u(p) − u(p*)‖ is a parabola, or rounding alone would pull at full strength.
        7. Networks of sequences (b, n, d) and of vectors are ours, and so is how stages are found.
        8. Gradients are not clipped to ±5 each; see ``clip`` of the settings.

    References:
        [1] Douillard, Cord, Ollion, Robert & Valle 2020, "PODNet: Pooled Outputs Distillation for Small-Tasks
        Incremental Learning", ECCV, arXiv:2004.13513; code: arthurdouillard/incremental_learning.pytorch.
    """

    spatial: float = 3.0
    flat: float = 1.0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"spatial must be >= 0": self.spatial >= 0, "flat must be >= 0": self.flat >= 0}, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the distillation to every phase in which the features may move."""
        if context.old is None or not context.old.classes or not (self.spatial or self.flat):
            yield from phases
            return
        scale = math.sqrt(len(model.live) / len(context.new.targets.unique()))
        for phase in phases:
            yield phase if phase.on_features else self.distilled(phase, model, context, scale)

    def distilled(self, phase: Phase, model: Classifier, context: Context, scale: float) -> Phase:
        """Return a phase with the distillation in it, times ``scale``; stages are looked for anew."""
        old = context.old
        assert old is not None
        example = context.new.take(torch.zeros(1, dtype=torch.int64)).inputs
        places, maps = common_stages(model, old, example) if self.spatial else ((), False)
        of = pooled if maps else as_it_is
        here = Listened(model, as_before(model, old), places, of)
        there = Listened(old, old.backbone, places, of)
        between = pod_spatial if maps else pod_flat

        def listening(step: Step) -> Step:
            here.forget()
            there.forget()
            return step.seen_by(here, lambda: parent(step.inputs))

        @torch.no_grad()
        def parent(inputs: Tensor) -> Outputs:
            features = there(inputs)
            return Outputs(features, old.logits(features))

        def podnet(step: Step) -> Tensor:
            new, before = step.features, step.old.features
            loss = self.flat * pod_flat(new[:, : before.shape[1]], before)  # a wider network has more
            if places:
                with torch.no_grad():
                    held = there.beside(before, step.inputs)
                apart = [between(*both) for both in zip(here.beside(new, step.inputs), held, strict=True)]
                loss = loss + self.spatial * torch.stack(apart).mean()
            return scale * loss

        choices = (*phase.choices, listening) if places else phase.choices
        return replace(phase, choices=choices).plus(podnet=podnet)


def as_it_is(outputs: Tensor) -> Tensor:
    """Return what a layer gives, where that is a vector."""
    return outputs
