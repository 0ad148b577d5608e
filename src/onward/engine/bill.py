"""What an update cost."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from collections.abc import Callable, Sequence

import torch

from onward.engine.flops import flops_per_example
from onward.nets.classifier import Classifier
from onward.record import Cost, PhaseRecord
from onward.types import Data, Kept


def bill(
    phases: Sequence[tuple[Callable[[str], bool], PhaseRecord]],
    model: Classifier,
    data: Data,
    kept: Kept,
    seconds: float,
    joules: float | None = None,
) -> Cost:
    """Return the bill.

    Args:
        phases: as they ran, each with what says by name which parameters it moved.
        model: as it is after the last of them; its operations on one example are counted.
        data: from which that example is taken.
        kept: what is carried on.
        seconds: wall time.
        joules: energy; None where the machine does not tell it.
    """
    moved: Counter[frozenset[str]] = Counter()
    for trains, phase in phases:
        moved[frozenset(name for name, _ in model.named_parameters() if trains(name))] += phase.samples
    each = {names: flops_per_example(model, data, names.__contains__) for names in moved}
    return Cost(
        samples=moved.total(),
        steps=sum(phase.steps for _, phase in phases),
        forward_flops=sum(each[names][0] * samples for names, samples in moved.items()),
        backward_flops=sum(each[names][1] * samples for names, samples in moved.items()),
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
