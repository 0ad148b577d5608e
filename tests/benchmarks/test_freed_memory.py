"""The benchmark of freed memory: its ratios are those of its times, a round each."""

from __future__ import annotations

from statistics import median

import pytest


def test_the_ratio_is_the_median_over_rounds_of_kept_over_given_back(run):
    printed, written = run
    (cell,) = written["cells"]
    kept, back = cell["microseconds"]["true"], cell["microseconds"]["false"]
    assert len(kept) == len(back) == cell["sight"]["rounds"] == 3
    assert cell["ratio"]["median"] == pytest.approx(median(a / b for a, b in zip(kept, back, strict=True)))
    assert "µs an image" in printed and "3x16x16" in printed
