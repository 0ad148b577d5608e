"""What an update cost."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from collections.abc import Sequence

import torch

from onward.engine.flops import flops_per_example
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.record import Cost, PhaseRecord
from onward.types import Data, Kept


def bill(
    phases: Sequence[tuple[Phase, PhaseRecord]],
    model: Classifier,
    data: Data,
    kept: Kept,
    seconds: float,
    joules: float | None = None,
) -> Cost:
    """Return the bill.

    Args:
        phases: as they were planned and as they ran. One on features costs what the head does, and its samples are
            none that went through the model.
        model: as it is after the last of them; its operations on one example are counted.
        data: from which that example is taken.
        kept: what is carried on.
        seconds: wall time.
        joules: energy; None where the machine does not tell it.
    """
    went: Counter[tuple[frozenset[str], bool]] = Counter()
    for phase, record in phases:
        moved = frozenset(name for name, _ in model.named_parameters() if phase.trains(name))
        went[moved, phase.on_features] += record.samples
    each = {way: flops_per_example(model, data, way[0].__contains__, on_features=way[1]) for way in went}
    return Cost(
        samples=sum(samples for (_, on_features), samples in went.items() if not on_features),
        steps=sum(record.steps for _, record in phases),
        forward_flops=sum(each[way][0] * samples for way, samples in went.items()),
        backward_flops=sum(each[way][1] * samples for way, samples in went.items()),
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
