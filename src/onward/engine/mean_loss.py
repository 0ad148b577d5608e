"""The loss and the accuracy of a learner on a data set, in one pass."""

from __future__ import annotations

from dataclasses import dataclass

import torch.nn.functional as F

from onward.errors import InputError, listed
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.types import Data, counted_by, in_order, known_as, retargeted, subset


@dataclass(frozen=True)
class MeanLoss:
    """What a learner does on a data set.

    Args:
        loss: the mean cross-entropy of an example, in nats.
        accuracy: the share predicted right.
    """

    loss: float
    accuracy: float


def mean_loss(learner: Learner, data: Data) -> MeanLoss:
    """Return the mean loss and the accuracy on all of ``data``.

    The loss is what training minimises: with a head in tasks, over the classes of the example's task. It is the mean
    over examples of classes that the learner knows. Right is as ``evaluate.judge`` has it, with all classes in
    question: an example of an unknown class is wrong.

    Args:
        learner: any version.
        data: a test set.

    Raises:
        InputError: when the learner knows the class of no example.
    """
    known, loss, right = of_known_classes(learner.model, data), 0.0, 0
    for batch in in_order(known):
        logits, targets = learner.predict(batch.inputs).logits, batch.targets.cpu()
        device = learner.model.device
        among = learner.model.among_task(logits.to(device), targets.to(device)).cpu()
        loss += float(F.cross_entropy(among.double(), targets, reduction="sum"))
        right += int((logits.argmax(dim=1) == targets).sum())
    return MeanLoss(loss / len(known), right / len(data))


def of_known_classes(model: Classifier, data: Data) -> Data:
    """Return the examples of classes that a model knows, their targets counted by its classes; merged ones as meant.

    Raises:
        InputError: when there are none.
    """
    named = known_as(data, model.aliases)
    targets = counted_by(named, model.classes)
    rows = (targets >= 0).nonzero()[:, 0]
    if not len(rows):
        raise InputError(f"the data has no example of a class that the model knows; it knows {listed(model.live)}")
    if len(rows) < len(data):
        named, targets = subset(named, rows), targets[rows]
    return retargeted(named, targets, model.classes)
