"""What a model makes of examples before its head."""

from __future__ import annotations

import torch
from torch import Tensor

from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.types import Data, counted_by, in_order, known_as


@torch.no_grad()
def features_of(model: Classifier, data: Data) -> Tensor:
    """Return the features of all of ``data``, (n, d) float64 on the CPU; the model is left as it was."""
    with resting(model):
        parts = [model.features(batch.inputs.to(model.device)).double().cpu() for batch in in_order(data)]
    return torch.cat(parts) if parts else torch.zeros(0, model.head.in_features, dtype=torch.float64)


def ids_of(data: Data, model: Classifier) -> Tensor:
    """Return the class of each example by the model's ids, (n,) int64; -1 where the model does not know it."""
    return counted_by(known_as(data, model.aliases), model.classes).cpu()
