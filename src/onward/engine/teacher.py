"""The parent's outputs on a batch: computed once for a whole update where the data does not change."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.step import Outputs, Piece
from onward.types import Batch, Data, in_order

CACHE_BYTES = 2**28
"""The most that the outputs on one data set may take to be held: 256 MiB."""


class Teacher:
    """The parent, frozen, in eval mode with its own normalisation statistics."""

    def __init__(self, old: Classifier) -> None:
        """Hold the parent; nothing is computed yet."""
        self._old = old
        self._held: dict[int, tuple[Data, Outputs]] = {}

    def remembers(self, phase: Phase) -> bool:
        """Say whether a phase sees examples unchanged and often enough for a pass over all of them to pay."""
        repeated = phase.settings.epochs > 1 and phase.settings.steps is None
        if not repeated or phase.settings.augment or phase.on_features:  # of features, a product by the head is all
            return False
        width = sum(out.shape[1] for out in self._asked(phase.data.take(torch.arange(min(1, len(phase.data))))))
        longest = max([len(phase.data), *(len(mix.data) for mix in (*phase.mixes, *phase.apart))])
        return 4 * width * longest <= CACHE_BYTES

    def asked(self, batch: Batch) -> Outputs:
        """Return the parent's outputs on a batch, by a forward pass."""
        return self._asked(batch)

    @torch.no_grad()
    def of_features(self, batch: Batch) -> Outputs:
        """Return the parent's outputs on a batch of features: these, and what its head says of them."""
        return Outputs(batch.inputs, self._old.logits(batch.inputs))

    def recalled(self, pieces: Sequence[Piece]) -> Outputs:
        """Return the parent's outputs on a batch, looked up."""
        found = [(self._all(piece.data), piece.rows) for piece in pieces]
        parts = [Outputs(out.features[rows], out.logits[rows]) for out, rows in found]
        if len(parts) == 1:
            return parts[0]
        return Outputs(torch.cat([p.features for p in parts]), torch.cat([p.logits for p in parts]))

    @torch.no_grad()
    def _asked(self, batch: Batch) -> Outputs:
        features = self._old.features(batch.inputs.to(self._old.device))
        return Outputs(features, self._old.logits(features))

    def _all(self, data: Data) -> Outputs:
        if id(data) not in self._held:  # the data is held too, so that its id stays its own
            parts = [self._asked(batch) for batch in in_order(data)]
            outputs = Outputs(torch.cat([p.features for p in parts]), torch.cat([p.logits for p in parts]))
            self._held[id(data)] = (data, outputs)
        return self._held[id(data)][1]
