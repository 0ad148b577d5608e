"""What a step goes down: the gradient of the sum of a phase's terms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from onward.phase import Phase, Step


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

    def __call__(self, step: Step) -> list[Tensor]:
        """Leave the gradient, edited and clipped; return what each term is."""
        values = self.backward(step)
        for edit in self.phase.edits:
            edit(step)
        if self.phase.settings.clip is not None:
            nn.utils.clip_grad_norm_(self.chosen, self.phase.settings.clip)
        return values

    def backward(self, step: Step) -> list[Tensor]:
        """Leave the gradient of the sum of the terms; return what each is."""
        self.samples += len(step.targets)
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
