"""Progress: the same lines on a terminal and in a log file."""

from __future__ import annotations

import pytest
from tests.cli.terminal import ANSI

from onward.cli.progress import watched
from onward.engine.log import Progress

FIRST = [
    Progress("head", 0, 10, 1, 2, {}, 0.0),
    Progress("head", 5, 10, 1, 2, {"cross_entropy": 2.0}, 900.0),
    Progress("head", 10, 10, 2, 2, {"cross_entropy": 1.5}, 1234.5),
]
SECOND = [
    Progress("all", 0, 100, 1, 10, {}, 0.0),
    Progress("all", 20, 100, 2, 10, {"cross_entropy": 0.5, "lwf": 0.25}, 1000.0),
]
LINES = [
    "  head        epoch 2/2  loss 1.500  1,234 examples/s",
    "  all         epoch 2/10  loss 0.750 = cross_entropy 0.500 + lwf 0.250  1,000 examples/s",
]


@pytest.mark.usefixtures("folder")
def test_each_phase_leaves_a_line_though_it_stopped_early(capsys):
    with watched(quiet=False) as observe:
        for told in FIRST + SECOND:
            observe(told)
        assert capsys.readouterr().out.splitlines() == LINES[:1]  # the second may yet go on
    assert capsys.readouterr().out.splitlines() == LINES[1:]


@pytest.mark.usefixtures("folder")
def test_a_phase_of_no_steps_leaves_no_line(capsys):
    with watched(quiet=False) as observe:
        observe(FIRST[0])
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("folder")
def test_nothing_is_shown_where_nothing_is_wanted(capsys):
    with watched(quiet=True) as observe:
        for told in FIRST:
            observe(told)
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("narrow")
def test_on_a_terminal_a_bar_makes_way_for_the_line(capsys):
    with watched(quiet=False) as observe:
        for told in FIRST:
            observe(told)
    shown = ANSI.sub("", capsys.readouterr().out).replace("\r", "\n").splitlines()
    assert any("━" in line and "epoch" in line for line in shown)
    assert shown[-1] == LINES[0]
    assert max(map(len, shown)) <= 80
