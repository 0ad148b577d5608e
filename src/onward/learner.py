"""A model, the method that updates it, and what that method kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from onward.errors import unknown
from onward.method import Chain, Method, chained
from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.types import Kept


@dataclass(frozen=True)
class Prediction:
    """What a learner says of some inputs. logits: (n, classes), at minus infinity where a class was ruled out."""

    logits: Tensor
    classes: tuple[str, ...]

    @property
    def ids(self) -> Tensor:
        """The most probable class of each, (n,) int64."""
        return self.logits.argmax(dim=1)

    @property
    def names(self) -> list[str]:
        """The name of the most probable class of each."""
        return [self.classes[k] for k in self.ids.tolist()]

    @property
    def probabilities(self) -> Tensor:
        """The softmax of the logits, (n, classes)."""
        return self.logits.softmax(dim=1)


@dataclass(frozen=True)
class Learner:
    """What an update takes and gives. Never changed in place.

    Args:
        model: the network, which knows its classes by name.
        method: how it is updated; a single method and a chain of it are the same.
        kept: what the method keeps, under the method's name: ``replay/inputs``.
    """

    model: Classifier
    method: Method = field(default_factory=Chain)
    kept: Kept = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each logit."""
        return self.model.classes

    @property
    def chain(self) -> Chain:
        """The method as a chain: the form in which what it keeps has names."""
        return chained(self.method)

    def predict(self, inputs: Tensor, among: Sequence[str] | None = None, size: int = 512) -> Prediction:
        """Say what the inputs are.

        Args:
            inputs: (n, *shape), as the model was trained on: bytes, or floats.
            among: the classes that come into question, where that is known (the task, at test), by any of their
                names; None is all.
            size: how many go through the model at once.

        Raises:
            InputError: when ``among`` names a class that the model does not know.
        """
        chain, device = self.chain, self.model.device
        with resting(self.model), torch.inference_mode():
            parts = [chain.predict(self.model, piece.to(device), self.kept).cpu() for piece in inputs.split(size)]
        logits = self.model.merged(torch.cat(parts))  # out of inference mode: a user may go on computing with it
        if among is not None:
            meant = [self.model.aliases.get(name, name) for name in among]
            wrong = [name for name in meant if name not in self.classes]
            if wrong:
                raise unknown("class", wrong[0], self.classes)
            out = [k for k, name in enumerate(self.classes) if name not in set(meant)]
            logits = logits.index_fill(1, torch.tensor(out, dtype=torch.int64), -torch.inf)
        return Prediction(logits, self.classes)
