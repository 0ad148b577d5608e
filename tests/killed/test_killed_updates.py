"""Updates that are killed come to what they would have come to: the same bits, one version, a clean lineage."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KILLS = 40


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_at_random_points_nothing_is_lost_and_no_bit_differs(tmp_path, seed):
    """``python tools/torture.py --only kills`` does it for as long as one likes."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    told = subprocess.run(
        [sys.executable, "-m", "tests.killed.updates", str(tmp_path), "--kills", str(KILLS), "--seed", str(seed)],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert told.returncode == 0, told.stderr
    outcomes = json.loads(told.stdout)
    assert [each for each in outcomes if each["wrong"]] == []
    assert sum(each["kills"] for each in outcomes) >= KILLS
    assert sum(each["resumed"] for each in outcomes) > KILLS / 4, (
        "many were killed when there was an entry to go on from"
    )
