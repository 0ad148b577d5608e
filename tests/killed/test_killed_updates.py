"""Updates that are killed come to what they would have come to: the same bits, one version, a clean lineage."""

from __future__ import annotations

import pytest
from tests.killed.killing import killed

KILLS = 40


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_points_nothing_is_lost_and_no_bit_differs(seed):
    """``python tools/torture.py --only kills`` does it for as long as one likes."""
    outcomes = killed(seconds=600, seed=seed, most=KILLS)
    assert [each for each in outcomes if each["wrong"]] == []
    assert sum(each["kills"] for each in outcomes) >= KILLS
    assert sum(each["resumed"] for each in outcomes) > KILLS / 4, "many went on from an entry"
