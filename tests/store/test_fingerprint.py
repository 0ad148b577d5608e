from __future__ import annotations

from dataclasses import replace

import torch

from onward.store.card import DataFacts
from onward.store.fingerprint import facts, fingerprint
from onward.types import Examples, aligned, subset

DATA = Examples(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), torch.tensor([0, 1, 0]), ("a", "b"))


def test_the_same_content_has_the_same_fingerprint_however_it_is_counted():
    assert fingerprint(DATA) == fingerprint(aligned(DATA, ("unused", "b", "a")))
    assert fingerprint(DATA) == fingerprint(subset(DATA, torch.arange(3)))


def test_every_change_of_content_changes_the_fingerprint():
    inputs, targets = DATA.inputs.clone(), DATA.targets
    inputs[2, 1] = torch.nextafter(inputs[2, 1], torch.tensor(7.0))
    others = [
        replace(DATA, inputs=inputs),
        replace(DATA, targets=1 - targets),
        replace(DATA, classes=("a", "c")),
        replace(DATA, inputs=DATA.inputs.double()),
        replace(DATA, inputs=DATA.inputs[:, None]),
        subset(DATA, torch.tensor([2, 1, 0])),
        subset(DATA, torch.tensor([0, 1])),
    ]
    assert len({fingerprint(data) for data in [DATA, *others]}) == 1 + len(others)


def test_facts_count_the_classes_that_are_there():
    wider = aligned(DATA, ("unused", "b", "a"))
    assert facts(wider, "here") == DataFacts("here", 3, {"b": 1, "a": 2}, fingerprint(DATA))
