"""The training loop that everyone writes in plain PyTorch: what the engine is measured against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count, islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset

from onward.rng import generator
from onward.settings import Settings
from onward.types import Examples

Batches = Iterator[tuple[Tensor, Tensor]]
Loading = Callable[[Examples, int, int], Batches]
"""Gives batches for ever, of data, in the given size, shuffled under the given seed."""


def trained(model: nn.Module, batches: Batches, settings: Settings, steps: int) -> nn.Module:
    """Train a model in place on that many batches of byte images."""
    model.train()
    descent = SGD(model.parameters(), lr=settings.lr, momentum=settings.momentum, fused=True)
    for inputs, targets in islice(batches, steps):
        loss = F.cross_entropy(model(inputs.float().div_(255)), targets)
        descent.zero_grad()
        loss.backward()
        descent.step()
    return model.eval()


def indexed(data: Examples, batch_size: int, seed: int) -> Batches:
    """Yield batches for ever by indexing tensors, in the orders that the engine draws for its first phase."""
    for epoch in count():
        order = torch.randperm(len(data), generator=generator(seed, "phase", 0, "train", epoch, "batches"))
        for rows in order.split(batch_size):
            yield data.inputs[rows], data.targets[rows]


def loaded(data: Examples, batch_size: int, seed: int) -> Batches:
    """Yield batches for ever from torch's ``DataLoader`` over the same tensors, in this process."""
    dataset = TensorDataset(data.inputs, data.targets)
    loader = DataLoader(dataset, batch_size, shuffle=True, generator=generator(seed, "loader"))
    while True:
        yield from loader
