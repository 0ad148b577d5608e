"""Several networks of one shape under one head, which says what they say on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.transform import Transform


class Ensemble(Backbone):
    """The features of n networks side by side. forward: (b, *shape) -> (b, n d), those of each over n.

    With W_i the columns of a head at the i-th features h_i, that head says the mean of what its members say:

        Σ_i W_i h_i / n + b = (1/n) Σ_i f_i,   f_i = W_i h_i + b

    Args:
        members: the networks, (b, d) each.
        bagging: in training each batch goes to one of them, each as likely, drawn where dropout draws. The head then
            says f_i, and no gradient reaches the others.
    """

    def __init__(self, members: Sequence[Backbone], bagging: bool = False) -> None:
        """Take the members as they are."""
        super().__init__()
        self.members, self.bagging = nn.ModuleList(members), bagging
        self.shape, self.features = self.first.shape, len(members) * self.first.features

    @property
    def first(self) -> Backbone:
        """The first member; the others are of its shape."""
        return cast("Backbone", self.members[0])

    @property
    def transform(self) -> Transform | None:
        """How files become inputs: as for each member."""
        return self.first.transform

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter: as it does in a member."""
        return self.first.trains(name.split(".", 2)[2])

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, n d)."""
        n = len(self.members)
        if self.bagging and self.training:
            drawn = int(torch.randint(n, ()))
            features = self.members[drawn](inputs)
            d = features.shape[1]
            return F.pad(features, (drawn * d, (n - 1 - drawn) * d))
        return torch.cat([member(inputs) for member in self.members], dim=1) / n

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "ensemble", "inner": self.first.spec(), "members": len(self.members), "bagging": self.bagging,
        }  # fmt: skip


def ensemble_under(model: Classifier) -> Ensemble:
    """Return the ensemble under a classifier's head.

    Raises:
        InputError: when something lies between them and the head.
    """
    if not isinstance(model.backbone, Ensemble):
        raise InputError(
            "the members of an ensemble stand side by side right under the head, but here the backbone is a "
            f"{type(model.backbone).__name__}; leave out the method that put it there"
        )
    return model.backbone


def said_by_each(model: Classifier, features: Tensor) -> Tensor:
    """Return what each member says of features, (b, n d): logits, (n, b, classes)."""
    n = len(ensemble_under(model).members)
    parts = n * features.unflatten(1, (n, -1))
    said = []
    for block in model.head.linears:
        logits = torch.einsum("bnd,cnd->nbc", parts, block.weight.unflatten(1, (n, -1)))
        said.append(logits + block.bias if model.head.bias else logits)
    return model.merged(torch.cat(said, dim=2).flatten(0, 1)).unflatten(0, (n, -1))
