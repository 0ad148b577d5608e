"""The picture of a line shows the numbers of the line."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from onward.errors import InputError
from onward.metrics.barrier import Profile
from onward.report.line_plot import line_plot

PROFILES = (
    Profile("_old.npz", (0.0, 0.5, 1.0), (0.1, 0.9, 0.3), (1.0, 0.5, 0.9)),
    Profile("$new$", (0.0, 0.5, 1.0), (2.0, 0.5, 0.1), (0.0, 0.7, 1.0)),
)


@pytest.fixture
def drawn(tmp_path, monkeypatch) -> Figure:
    """The figure that was written."""
    kept, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda self, path: (kept.append(self), save(self, path)))
    assert line_plot(PROFILES, "a to b", tmp_path / "line.svg").read_text().startswith("<?xml")
    return kept[0]


def test_losses_stand_over_the_line_between_their_ends_and_accuracies_beside_them(drawn):
    left, right = drawn.axes
    shown = [line.get_ydata() for line in left.lines]
    assert list(map(list, shown)) == [[0.1, 0.9, 0.3], [0.1, 0.3], [2.0, 0.5, 0.1], [2.0, 0.1]]
    assert [list(line.get_ydata()) for line in right.lines] == [[100.0, 50.0, 90.0], [0.0, 70.0, 100.0]]
    assert [list(line.get_xdata()) for line in left.lines[1::2]] == [[0, 1], [0, 1]]
    assert left.lines[0].get_color() == left.lines[1].get_color() == right.lines[0].get_color()


def test_data_sets_are_named_as_they_are(drawn):
    (legend,) = drawn.legends
    assert [text.get_text() for text in legend.get_texts()] == ["\u200b_old.npz", r"\$new\$"]
    assert drawn.get_suptitle() == "a to b"


@pytest.mark.parametrize("name", ["line.txt", "line"])
def test_a_picture_that_cannot_be_written_is_refused(tmp_path, name):
    with pytest.raises(InputError, match=r"a picture's ending is one of .*png, .*svg"):
        line_plot(PROFILES, "a to b", tmp_path / name)
    assert not list(tmp_path.iterdir())
