"""The numbers of the paper's tables, as they stand there."""

from __future__ import annotations

import pytest

from onward.experiment.published import Printed
from onward.reproduction.doan2023 import METHODS, OURS, SIZES, STREAMS, claimed, printed

EVERY = [printed(stream, lines, table) for stream in STREAMS for lines, table in ((METHODS, "6"), (SIZES, "5"))]


@pytest.mark.parametrize(
    ("stream", "label", "line"),
    [
        ("permuted", "a-gem", Printed(0.657, 0.0051, 0.29, "6")),
        ("rotated", "stable sgd", Printed(0.708, 0.0078, 0.10, "6")),
        ("cifar100", "mc-sgd", Printed(0.582, 0.0091, 0.08, "2, 5, 6")),
    ],
)
def test_each_stream_has_its_own_column(stream, label, line):
    found = printed(stream, METHODS, "6").lines[label]
    assert found[:3] == pytest.approx(line[:3])
    assert found.where == line.where


@pytest.mark.parametrize("published", EVERY)
def test_every_line_is_of_shares_and_the_papers_own_method_is_there(published):
    assert published.contender == OURS in published.lines and published.tasks == 20
    for line in published.lines.values():
        assert 0.4 < line.accuracy < 0.9 and 0.001 < line.std < 0.03 and 0 <= line.forgetting < 0.6


def test_its_method_is_ahead_of_every_single_model_but_multitask():
    for stream in STREAMS:
        lines = printed(stream, METHODS, "6").lines
        single = lines.keys() - {OURS, "multitask", "ensemble of 3 mc-sgd"}
        assert lines[OURS].accuracy > max(lines[label].accuracy for label in single)


def test_the_claim_is_told_with_the_streams_own_numbers():
    assert (
        claimed("rotated")
        == "three corners at the cost of one model reach 86.7 % on Rotated MNIST, three models 83.63 %"
    )
