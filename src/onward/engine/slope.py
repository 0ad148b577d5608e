"""What a step goes down: the gradient of the sum of a phase's terms, here or up the slope."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from onward.nets.resting import recording, unrecorded
from onward.phase import Climb, Phase
from onward.step import Step


class Slope:
    """Leaves the gradient of a phase's objective in the parameters; counts the examples that go through for it.

    Args:
        phase: whose terms are summed, and whose edits change the gradient.
        chosen: the parameters that move.
    """

    def __init__(self, phase: Phase, chosen: list[nn.Parameter]) -> None:
        """Begin with no example."""
        self.phase, self.chosen = phase, chosen
        self.samples = 0
        self.norms: list[_BatchNorm] | None = None

    def __call__(self, step: Step) -> list[Tensor]:
        """Leave the gradient, edited and clipped; return what each term is."""
        values = self.backward(step)
        if self.phase.climb is not None:
            self.elsewhere(step, self.phase.climb)
        for edit in self.phase.edits:
            edit(step)
        if self.phase.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.chosen, self.phase.settings.clip)
        return values

    @torch.no_grad()
    def elsewhere(self, step: Step, climb: Climb) -> None:
        """Take the gradient anew from where the one that was found leads, and come back."""
        slopes = [each.grad for each in self.chosen if each.grad is not None]
        moved: list[Tensor] = [each for each in self.chosen if each.grad is not None]
        here = [each.clone() for each in moved]
        torch._foreach_add_(moved, list(climb(here, slopes)))
        if self.norms is None:
            self.norms = recording(step.model)
        with torch.enable_grad(), unrecorded(self.norms):
            self.backward(step.again())
        torch._foreach_copy_(moved, here)

    def backward(self, step: Step) -> list[Tensor]:
        """Leave the gradient of the sum of the terms; return what each is."""
        self.samples += len(step.targets) + sum(len(each.targets) for each in step.apart.values())
        if self.phase.settings.precision == "bfloat16":
            with torch.autocast(step.model.device.type, torch.bfloat16):
                values = [term(step) for term in self.phase.terms.values()]
        else:
            values = [term(step) for term in self.phase.terms.values()]
        total = values[0] if len(values) == 1 else torch.stack(values).sum()
        for parameter in self.chosen:  # as zero_grad does, which spends ten times as long on its profiler
            parameter.grad = None
        total.backward()
        return values
