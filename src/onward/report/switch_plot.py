"""The loss across task switches as a picture, after figure 1 of Harun & Kanan 2025, arXiv:2503.06385."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onward.errors import InputError
from onward.experiment.results import Outcome, Results
from onward.experiment.switches import Grid
from onward.report.plots import FAINT, blank, look, named, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT = 4.4, 2.6
"""Of one plot, in inches."""

CUT = 1.15
"""By how much the losses shown go beyond the highest of baseline and contender."""

ABREAST = 3
"""Cells side by side, at most."""


def across_switches(results: Results, grid: Grid, path: str | Path) -> Path:
    """Draw the loss and the accuracy on new classes while every update trains, and return the path of the picture.

    Of each cell the loss is above, the accuracy on the classes that arrived last below; a line for each start, the mean
    over seeds; a faint vertical line where the next classes arrive. Losses far above those of baseline and contender
    are cut off.

    Args:
        results: of an experiment whose updates were watched.
        grid: what its labels stand for.
        path: where the picture goes; its ending decides the format: ``.png``, ``.svg``, ``.pdf``.

    Raises:
        InputError: when no run was finished.
        MissingExtraError: when matplotlib is not installed.
    """
    if not any(results.outcomes(grid.label(start, cell)) for start in grid.starts for cell in grid.cells):
        raise InputError("no run was finished, so there is nothing to draw")
    columns = min(len(grid.cells), ABREAST)
    rows = 2 * math.ceil(len(grid.cells) / columns)
    figure = blank((WIDTH * columns, HEIGHT * rows))
    plots = figure.subplots(rows, columns, squeeze=False)
    for place in range(len(grid.cells), rows // 2 * columns):
        for axes in plots[2 * (place // columns) :, place % columns]:
            axes.set_axis_off()
    for place, cell in enumerate(grid.cells):
        line, column = divmod(place, columns)
        above, below = plots[2 * line : 2 * line + 2, column]
        tops = {
            start: draw_start(above, below, results.outcomes(grid.label(start, cell)), start, k)
            for k, start in enumerate(grid.starts)
        }
        plain(above, f"{cell}: training loss", "")
        plain(below, "accuracy on the new classes", "step")
        above.set_ylim(0, CUT * max(tops[grid.baseline], tops[grid.contender]) or 1)
        below.set_ylim(0, 102)
        below.yaxis.set_major_formatter("{x:g} %")
    return named(figure, results, path, drawn="mean")


def draw_start(above: Axes, below: Axes, runs: Sequence[Outcome], start: str, k: int) -> float:
    """Draw a start's lines, update after update, and where updates begin; return its highest loss."""
    begun, top = 0, 0.0
    if not runs:
        return top
    for update, read in enumerate(runs[0].watched):
        steps = begun + np.array(read.steps)
        loss, new = (np.mean([getattr(run.watched[update], name) for run in runs], axis=0) for name in ("loss", "new"))
        style: dict[str, Any] = look(k) | {"linewidth": 1.2}
        above.plot(steps[1:], loss, label=start if update == 0 else "_", **style)
        below.plot(steps, 100 * new, **style)
        if k == 0:
            for axes in (above, below):
                axes.axvline(begun, color=FAINT, linewidth=1, zorder=0)
        begun, top = int(steps[-1]), max(top, float(loss.max()))
    return top
