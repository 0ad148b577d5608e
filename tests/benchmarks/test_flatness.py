"""What the benchmark counts, on a walk made up; and a learner of it through a few made-up images."""

from __future__ import annotations

import pytest
import torch

from onward.catalogue import parsed
from onward.rng import generator
from onward.types import Examples


@pytest.fixture
def images():
    """Sixty images of noise, each of two classes with a bright half of its own."""
    inputs = torch.randint(0, 50, (60, 1, 8, 8), generator=generator(0), dtype=torch.uint8)
    targets = torch.arange(60) % 2
    inputs[targets == 1, :, :, :4] += 200
    return Examples(inputs, targets, ("left", "right"))


def test_accuracy_forgetting_and_sharpness_are_those_of_their_formulas(bench):
    made = bench.Walk([[0.9, 0.1, 0.1], [0.5, 0.8, 0.2], [0.7, 0.6, 0.8]], [[4.0, 1.0], [6.0, 2.0], [8.0, 3.0]])
    assert made.final == pytest.approx(0.7) and made.sharpness == pytest.approx(6.0)
    assert made.forgetting == pytest.approx((0.9 - 0.7 + 0.8 - 0.6) / 2)


def test_every_learner_goes_through_turned_images_and_has_its_eigenvalues(bench, images):
    sizes = bench.Sizes(train=60, looked_at=20, seeds=1)
    stream = bench.rotated(images, images, sizes)
    assert len(stream) == bench.TASKS
    assert not torch.equal(stream[1].train.take(torch.arange(60)).inputs, images.inputs)
    for method in bench.RIVALS.values():
        found = bench.walk(method, stream, sizes, 0)
        assert [len(row) for row in found.accuracy] == [bench.TASKS] * bench.TASKS
        assert all(row == sorted(row, reverse=True) and len(row) == bench.EIGENVALUES for row in found.eigenvalues)


def test_the_rivals_are_one_network_and_as_many_corners_as_they_are_called(bench):
    one, *many = bench.RIVALS.items()
    assert "subspace" not in one[1]
    for name, method in many:
        assert parsed(method).methods[-1].corners == int(name.split()[0])
