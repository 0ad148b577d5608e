"""Refusals before any training starts: what arrived must fit the model."""

from __future__ import annotations

import torch

from onward.errors import InputError, listed
from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.settings import Settings
from onward.types import Data, Examples, present


def check_is_data(given: object) -> None:
    """Refuse what is not :class:`~onward.types.Data`, such as a DataLoader, which ``onward.data`` makes it."""
    if not isinstance(given, Data):
        kind = type(given).__name__
        raise InputError(f"wanted examples as onward takes them, got {kind}; onward.data(...) makes them of it")


def check(new: Data, model: Classifier, settings: Settings) -> None:
    """Refuse data that cannot train the model.

    Raises:
        InputError: for no data, one class in all, numbers that are not finite, or a shape that does not fit.
    """
    if not len(new):
        raise InputError("the new data is empty; an update needs examples to learn from")
    known = dict.fromkeys((*model.live, *present(new)))
    if len(known) < 2:
        raise InputError(
            f"all {len(new)} examples are of one class ({listed(known)}) and the model knows no other; a classifier "
            "needs two classes"
        )
    if isinstance(new, Examples) and new.inputs.is_floating_point():
        wrong = (~torch.isfinite(new.inputs)).flatten(1).any(dim=1).nonzero()[:, 0]
        if len(wrong):
            rows = listed(wrong.tolist(), most=5)
            raise InputError(f"{len(wrong)} of {len(new)} examples hold numbers that are not finite: rows {rows}")
    check_shape(new, model)
    if settings.augment and new.take(torch.zeros(1, dtype=torch.int64)).inputs.ndim != 4:
        raise InputError(f"augment = {list(settings.augment)} works on images (channels, height, width), not on these")


def check_shape(data: Data, model: Classifier) -> None:
    """Refuse inputs that the model's backbone cannot take, by its stated shape or else by trying two examples."""
    inputs = data.take(torch.arange(min(2, len(data)))).inputs
    given, wanted = tuple(inputs.shape[1:]), tuple(getattr(model.backbone, "shape", ()))
    if wanted and wanted != given:
        raise InputError(f"the data has inputs of shape {given}, the model takes {wanted}; reshape the data")
    try:
        with resting(model), torch.no_grad():
            features = model.features(inputs.to(model.device))
    except Exception as error:  # a user's network may refuse its inputs in any way it likes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"the model cannot take inputs of shape {given}, {inputs.dtype}: {reason}") from error
    if features.ndim != 2 or features.shape[1] != model.head.in_features:
        raise InputError(
            f"the backbone gives features of shape {tuple(features.shape[1:])} for inputs of shape {given}, the head "
            f"takes ({model.head.in_features},)"
        )
