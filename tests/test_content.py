"""The content of an example is its bytes, its shape and its type; that of data is all of them and the class names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from onward.content import STRETCH, contents, digests, fingerprint
from onward.types import Batch, Examples, View, in_order


def counting(n: int) -> Examples:
    """Bytes that count on from one example to the next, and classes that go round."""
    return Examples((torch.arange(n * 6) % 251).byte().view(n, 2, 3), torch.arange(n) % 3, ("a", "b", "c"))


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Examples that do not lie in memory, as far as anyone can tell; notes what it is asked for."""

    held: Examples
    asked: list[int] = field(default_factory=list)

    @property
    def targets(self) -> Tensor:
        return self.held.targets

    @property
    def classes(self) -> tuple[str, ...]:
        return self.held.classes

    def __len__(self) -> int:
        return len(self.held)

    def take(self, rows: Tensor) -> Batch:
        self.asked.extend(rows.tolist())
        return self.held.take(rows)


def test_fingerprints_are_what_they_were():
    """Cards that were written before hold them: of less than a stretch, and of more than two."""
    assert fingerprint(counting(1)) == "692318894c5c07b90cc6125bcea8858c2387825fa90721e5355227cdbb83bafb"
    assert fingerprint(counting(9000)) == "237b40063bd6f06a88025214dca3e54f6b090718734b0580980ba3b5ca53a3fa"


@pytest.mark.parametrize("n", [1, 511, 512, 513, STRETCH, STRETCH + 1])
def test_one_pass_finds_what_two_find_wherever_the_data_lies(n):
    data = counting(n)
    afar = Elsewhere(data)
    found = contents(afar)
    assert afar.asked == list(range(n))
    assert found.fingerprint == fingerprint(data) == contents(data).fingerprint
    assert np.array_equal(found.digests, digests(data))
    assert found.digests.shape == (n,) and found.digests.dtype == np.uint64


def test_a_stretch_is_a_whole_number_of_batches():
    sizes = [len(batch.targets) for batch in in_order(counting(STRETCH + 3))]
    assert STRETCH % sizes[0] == 0 and sizes[-1] == 3


@given(st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_the_same_content_has_the_same_digest_and_another_another(values):
    data = Examples(
        torch.tensor(values, dtype=torch.uint8)[:, None], torch.zeros(len(values), dtype=torch.int64), ("a",)
    )
    same = np.array(values)[:, None] == np.array(values)
    found = digests(data)
    assert np.array_equal(found[:, None] == found, same)


def test_a_digest_is_of_shape_type_and_every_byte_but_not_of_the_class():
    data = Examples(torch.arange(1.0, 5.0).view(1, 4), torch.tensor([0]), ("a", "b"))
    nudged = data.inputs.clone()
    nudged[0, 3] = torch.nextafter(nudged[0, 3], torch.tensor(9.0))
    others = [nudged, data.inputs.view(1, 2, 2), data.inputs.view(torch.int32), data.inputs.double()]
    found = [int(digests(replace(data, inputs=inputs))[0]) for inputs in [data.inputs, *others]]
    assert len(set(found)) == 5
    assert int(digests(replace(data, targets=torch.tensor([1])))[0]) == found[0]


def test_a_digest_does_not_depend_on_where_the_example_stands():
    data, order = counting(600), torch.randperm(600, generator=torch.Generator().manual_seed(0))
    viewed = View(data, order, data.targets[order], data.classes)
    assert np.array_equal(digests(viewed), digests(data)[order.numpy()])
    assert fingerprint(viewed) != fingerprint(data)


def test_inputs_of_any_type_have_a_digest():
    for kind in (torch.bool, torch.bfloat16, torch.int64):
        data = Examples(torch.tensor([[1, 0], [0, 1], [1, 0]]).to(kind), torch.zeros(3, dtype=torch.int64), ("a",))
        first, second, third = digests(data).tolist()
        assert first == third != second
