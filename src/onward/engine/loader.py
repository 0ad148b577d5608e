"""An epoch's batches, as they come to be: indexed where they lie in memory, else gathered ahead of the training."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

import torch

from onward.ahead import ahead
from onward.engine.batches import gathered
from onward.step import Piece
from onward.types import Batch, Data, Examples


def loaded(
    places: Iterable[tuple[Piece, ...]], sources: Sequence[Data], device: torch.device
) -> Generator[tuple[tuple[Piece, ...], Batch]]:
    """Yield each batch on the device, beside where it lies. To be closed by who does not use it up.

    Args:
        places: where the pieces of each batch lie.
        sources: what they lie in; read by a second thread unless all of it is in memory.
        device: of the model.
    """
    batches = ((pieces, gathered(pieces, device)) for pieces in places)
    return batches if all(isinstance(source, Examples) for source in sources) else ahead(batches)
