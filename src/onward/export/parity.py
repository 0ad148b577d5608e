"""Whether an exported file says what the version says from which it came."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from onward.errors import StoreError
from onward.export.formats import Format
from onward.export.probe import Probed
from onward.learner import Learner

TOLERANCE = {torch.float64: 1e-8, torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}
"""How far logits may lie apart that were summed in another order, by the type of the parameters; see ``apart``."""


@dataclass(frozen=True)
class Parity:
    """How near a file's logits are to those of its version.

    Args:
        inputs: how many were compared, all in one batch, and the first of them by itself.
        source: they are from; "" for made-up ones.
        largest_difference: of all logits; see ``apart``.
        same_predictions: the share of inputs for which both say the same class.
        tolerance: the difference that is allowed; 0 where each bit must agree.
    """

    inputs: int
    source: str
    largest_difference: float
    same_predictions: float
    tolerance: float


def apart(wanted: Tensor, given: Tensor) -> float:
    """Return the largest of |given - wanted| / max(1, |wanted|): absolute for small logits, relative for large ones.

    >>> apart(torch.tensor([0.5, -100.0]), torch.tensor([0.75, -101.0]))
    0.25
    """
    wanted, given = wanted.double(), given.double()
    return float(((given - wanted).abs() / wanted.abs().clamp(min=1)).max())


def verified(folder: Path, format: Format, learner: Learner, probed: Probed) -> Parity:
    """Open an export as its users will, and hold it against the version at two sizes of a batch.

    Args:
        folder: of the export.
        format: of the network's file in it.
        learner: of the version.
        probed: the inputs.

    Raises:
        StoreError: when the file cannot be run, or says something else; by how much.
    """
    batches = (probed.inputs, probed.inputs[:1])
    wanted = torch.cat([learner.predict(batch, size=len(batch)).logits for batch in batches])
    try:
        run = format.opened(folder)
        with torch.inference_mode():
            given = torch.cat([run(batch) for batch in batches])
    except StoreError:
        raise
    except Exception as error:  # every runtime fails in ways of its own
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise StoreError(f"{format.file} was written but cannot be run ({reason}); it was removed") from error
    if given.shape != wanted.shape:
        shapes = f"{tuple(given.shape[1:])}, the version {tuple(wanted.shape[1:])}"
        raise StoreError(f"{format.file} gives logits of shape {shapes} for each input; it was removed")
    tolerance = 0.0 if format.exact else TOLERANCE[learner.model.dtype]
    same = float((given.argmax(dim=1) == wanted.argmax(dim=1)).double().mean())
    parity = Parity(len(probed.inputs), probed.source, apart(wanted, given), same, tolerance)
    if not parity.largest_difference <= tolerance:  # not a number is refused, too
        raise StoreError(
            f"{format.file} does not say what the version says: logits differ by up to "
            f"{parity.largest_difference:.2g}, {tolerance:.2g} is allowed, and {same:.1%} of the predictions agree; it "
            "was removed. A network that does other things for other batches can be exported as safetensors alone."
        )
    return parity
