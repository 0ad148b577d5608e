"""The hunt counts its cases, sees a process die, and is told as a table."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.hostile.hunting import hunted

ROOT = Path(__file__).parents[2]


def torture(*words: str) -> subprocess.CompletedProcess[str]:
    every = [sys.executable, "tools/torture.py", "--only", "fuzz", "--minutes", "0.05", *words]
    return subprocess.run(every, cwd=ROOT, capture_output=True, text=True, timeout=120)


def test_a_place_is_hunted_in_and_its_figures_are_a_line_of_a_table():
    ran = torture("--target", "class names, text", "--cases", "40")
    assert ran.returncode == 0, ran.stderr
    heads, _, figures = [line for line in ran.stdout.splitlines() if line.startswith("|")]
    assert heads == "| target | cases | refused | valid | broken | outside | seconds |"
    name, cases, refused, valid, *wrong = [cell.strip() for cell in figures.strip("|").split("|")][:6]
    assert name == "class names, text" and int(cases) == int(refused) + int(valid) == 40 and wrong == ["0", "0"]


def test_a_place_that_is_not_there_is_told():
    ran = torture("--target", "class nmaes")
    assert ran.returncode == 2 and "there is no place 'class nmaes'" in ran.stderr


def test_a_process_that_dies_is_seen():
    figures, dead = hunted("no such place", ("1", "1", "0"), False, 60.0)
    assert figures == {} and "died (1)" in dead[0] and "KeyError: 'no such place'" in dead[0]


@pytest.mark.slow
def test_led_by_what_is_reached_it_counts_as_well():
    pytest.importorskip("atheris", exc_type=ImportError)
    figures, dead = hunted("source text", ("20", "150", "1"), True, 120.0)
    assert figures["cases"] >= 100 and figures["breaches"] == {} and dead == []
