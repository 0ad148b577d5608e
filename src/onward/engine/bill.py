"""What an update cost."""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence

import torch

from onward.engine.flops import flops_per_example
from onward.nets.classifier import Classifier
from onward.record import Cost, PhaseRecord
from onward.types import Data, Kept


def bill(
    phases: Sequence[PhaseRecord],
    model: Classifier,
    data: Data,
    kept: Kept,
    seconds: float,
    joules: float | None = None,
) -> Cost:
    """Return the bill.

    Args:
        phases: as they ran.
        model: as it is after the last of them; its operations on one example are counted.
        data: from which that example is taken.
        kept: what is carried on.
        seconds: wall time.
        joules: energy; None where the machine does not tell it.
    """
    samples = sum(phase.samples for phase in phases)
    forward, backward = flops_per_example(model, data)
    return Cost(
        samples=samples,
        steps=sum(phase.steps for phase in phases),
        forward_flops=forward * samples,
        backward_flops=backward * samples,
        seconds=seconds,
        peak_memory=peak_memory(model.device),
        kept_bytes=sum(tensor.numel() * tensor.element_size() for tensor in kept.values()),
        joules=joules,
    )


def peak_memory(device: torch.device) -> int:
    """Return the most bytes that this process has held so far: on a CUDA device, or else resident on the host."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # Linux counts in KiB
