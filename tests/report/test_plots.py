from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from tests.experiment.story import ran

from onward.errors import InputError
from onward.experiment.results import Estimate, Results
from onward.report.plots import COLOURS, curves, draw_bars, draw_learning, draw_lines, learning, look, zoom

RESULTS = Results(
    "by hand",
    (
        ran("_warm", 0, [[0.8, 0.0], [0.6, 1.0]]),
        ran("_warm", 1, [[1.0, 0.0], [0.8, 1.0]]),
        ran("$x$", 0, [[0.9, 0.0], [0.9, 1.0]]),
        ran("$x$", 1, [[0.9, 0.0], [0.9, 1.0]]),
    ),
)


@pytest.fixture
def axes():
    return Figure().subplots()


def test_line_of_each_method_goes_through_its_means(axes):
    draw_lines(axes, RESULTS.curves())
    assert [line.get_xdata().tolist() for line in axes.lines] == [[1, 2], [1, 2]]
    assert [line.get_ydata().tolist() for line in axes.lines] == [
        pytest.approx([90.0, 85.0]),
        pytest.approx([90.0, 95.0]),
    ]


def test_band_spans_the_interval(axes):
    draw_lines(axes, RESULTS.curves())
    low, high = axes.collections[0].get_datalim(axes.transData).intervaly
    # After update 1 seeds give 80 and 100: half width 12.7062 · 10. After update 2 it is half of that.
    assert (low, high) == pytest.approx((90 - 127.062, 90 + 127.062), rel=1e-4)


def test_bars_of_an_experience_stand_side_by_side_around_its_number(axes):
    draw_bars(axes, RESULTS.last_rows())
    first, second = axes.patches[0], axes.patches[2]  # of experience 1, method by method
    assert (first.get_height(), second.get_height()) == pytest.approx((70.0, 90.0))
    assert first.get_x() + first.get_width() < second.get_x()
    assert (first.get_x() + second.get_x() + second.get_width()) / 2 == pytest.approx(1.0)


@pytest.mark.parametrize("first", [False, True])
def test_what_got_everything_at_once_is_a_dot_at_the_last_update_and_has_no_bars(axes, first):
    oracle = (ran("oracle", 0, [[0.99]]), ran("oracle", 1, [[0.97]]))
    results = Results("at once", (*oracle, *RESULTS.cells) if first else (*RESULTS.cells, *oracle))
    draw_lines(axes, results.curves())
    drawn = {line.get_label(): (line.get_xdata().tolist(), line.get_ydata().tolist()) for line in axes.lines}
    assert drawn["oracle"] == ([2], pytest.approx([98.0]))
    colours = {line.get_label(): line.get_color() for line in axes.lines}
    bars = Figure().subplots()
    draw_bars(bars, results.last_rows())
    assert [bar.get_height() for bar in bars.patches] == pytest.approx([70.0, 100.0, 90.0, 100.0])
    middles = [bar.get_x() + bar.get_width() / 2 for bar in bars.patches]
    assert middles == pytest.approx([0.8, 1.8, 1.2, 2.2])  # two bars around each number: no room is left for a third
    assert bars.patches[0].get_facecolor() == to_rgba(colours["\u200b_warm"])  # as on the left
    assert bars.patches[2].get_facecolor() == to_rgba(colours[r"\$x\$"])
    assert bars.get_xlim() == (0.5, 2.5)


def test_where_everything_came_at_once_there_is_one_group_of_bars(axes):
    draw_bars(axes, Results("oracles", (ran("a", 0, [[0.9]]), ran("b", 0, [[0.8]]))).last_rows())
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([90.0, 80.0])


def test_zoom_goes_to_what_there_is_and_never_beyond_0_and_100_percent(axes):
    close = {"a": [Estimate(0.40, 0.01)] * 3, "b": [Estimate(0.45, 0.01)] * 3}
    draw_lines(axes, close)
    zoom(axes)
    low, high = axes.get_ylim()
    assert 35 < low < 39 and 46 < high < 50
    draw_lines(axes, {"wide": [Estimate(0.5, 2.0)] * 3})
    zoom(axes)
    assert axes.get_ylim() == (0, 102)


def test_learning_curve_of_each_run_ends_where_its_update_does(axes):
    draw_learning(axes, {"a": [(3.0, 2.0), (4.0, 2.0, 1.0, 1.0)], "b": [(2.0,)]})
    assert [line.get_xdata().tolist() for line in axes.lines] == [[50.0, 100.0], [25.0, 50.0, 75.0, 100.0], [100.0]]
    assert [line.get_color() for line in axes.lines] == [COLOURS[0], COLOURS[0], COLOURS[1]]
    assert axes.get_ylim()[0] == 0


def test_picture_of_learning_is_written_with_and_without_learning_curves(tmp_path):
    cell = RESULTS.cells[0]
    learned = replace(cell, outcome=replace(cell.outcome, learning=((3.0, 2.0), (2.5, 1.0))))
    with_curve = learning(Results("learned", (learned,)), tmp_path / "with.svg").read_text()
    without = learning(Results("learned", (cell,)), tmp_path / "without.svg").read_text()
    assert "loss on what arrived" in with_curve and "_warm" in with_curve
    assert with_curve.count("<path") > without.count("<path")
    with pytest.raises(InputError, match="no run was finished"):
        learning(Results("none", (ran("a", 0, None),)), tmp_path / "none.png")


def test_picture_is_written_with_every_label_as_it_is(tmp_path):
    pdf = curves(RESULTS, tmp_path / "plot.svg").read_text()
    assert "<!-- $x$ -->" in pdf or "\\$x\\$" in pdf
    assert "_warm" in pdf
    png = curves(RESULTS, tmp_path / "plot.png")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_more_methods_than_colours_and_many_experiences_are_drawn(tmp_path):
    t, many = 30, len(COLOURS) + 2
    rows = [[0.5] * t for _ in range(t)]
    path = curves(Results("many", tuple(ran(f"m{k}", 0, rows) for k in range(many))), tmp_path / "plot.png")
    assert path.stat().st_size > 10_000


def test_nothing_finished_is_nothing_to_draw(tmp_path):
    with pytest.raises(InputError, match="no run was finished"):
        curves(Results("none", (ran("a", 0, None),)), tmp_path / "plot.png")


def test_no_two_of_many_methods_look_alike():
    looks = [tuple(look(k).values()) for k in range(3 * len(COLOURS))]
    assert len(set(looks)) == 3 * len(COLOURS)
