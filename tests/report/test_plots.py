from __future__ import annotations

import pytest
from matplotlib.figure import Figure
from tests.experiment.story import ran

from onward.errors import InputError
from onward.experiment.results import Results
from onward.report.plots import COLOURS, curves, draw_bars, draw_lines

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
