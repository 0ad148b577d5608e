"""A network at rest: in eval mode for a while, or without its batch norms' taking note of what goes through."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


@contextmanager
def resting(model: nn.Module) -> Generator[None]:
    """Put every module of a model in eval mode for a while; each is afterwards as it was."""
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, flag in training.items():
            module.training = flag


def recording(model: nn.Module) -> list[_BatchNorm]:
    """Return the batch norms whose running statistics move with every batch."""
    norms = (module for module in model.modules() if isinstance(module, _BatchNorm))
    return [norm for norm in norms if norm.training and norm.track_running_stats]


@contextmanager
def unrecorded(norms: Sequence[_BatchNorm]) -> Generator[None]:
    """Let batch norms go by the batch for a while, and leave their running statistics and counts as they are."""
    for norm in norms:
        norm.track_running_stats = False
    try:
        yield
    finally:
        for norm in norms:
            norm.track_running_stats = True
