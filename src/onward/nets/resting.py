"""A network at rest: in eval mode for a while."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from torch import nn


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
