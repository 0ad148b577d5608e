"""Results as pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from onward.errors import InputError, optional
from onward.experiment.results import Estimate, Results

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#B8A800")
"""Told apart by colour-blind people too (Okabe & Ito 2008); with more methods they come again, in other lines."""

LINES, HATCHES = ("-", "--", ":"), ("", "//", "..")
MARKERS = "osD^vPX*<>ph"
INK, FAINT = "#333333", "#DDDDDD"

Rows = Mapping[str, Sequence[Estimate]]


def curves(results: Results, path: str | Path) -> Path:
    """Draw how the methods did, and return the path of the picture.

    On the left a line for each method: the average accuracy on the experiences seen so far, after each update. On the
    right its accuracy on each experience after the last update, but for what got everything at once. Bands and whiskers
    are 95 % intervals over seeds.

    Args:
        results: of an experiment.
        path: where the picture goes; its ending decides the format: ``.png``, ``.svg``, ``.pdf``.

    Raises:
        InputError: when no run was finished.
        MissingExtraError: when matplotlib is not installed.
    """
    lines, bars = results.curves(), results.last_rows()
    if not lines:
        raise InputError("no run was finished, so there is nothing to draw")
    figure = blank()
    left, right = figure.subplots(1, 2, width_ratios=(5, 6))
    draw_lines(left, lines)
    draw_bars(right, bars)
    return named(figure, results, path)


def learning(results: Results, path: str | Path) -> Path:
    """Draw how the methods learned, and return the path of the picture.

    On the left a line for each method, as in ``curves``, but over the accuracies that there are. On the right the
    learning curves of each run's last update: whether it had converged.

    Args:
        results: of an experiment.
        path: as for ``curves``.

    Raises:
        InputError: when no run was finished.
        MissingExtraError: when matplotlib is not installed.
    """
    lines = results.curves()
    if not lines:
        raise InputError("no run was finished, so there is nothing to draw")
    figure = blank()
    left, right = figure.subplots(1, 2)
    draw_lines(left, lines)
    zoom(left)
    draw_learning(
        right, {label: [run.learning[-1] for run in results.outcomes(label) if run.learning] for label in lines}
    )
    return named(figure, results, path)


def blank(size: tuple[float, float] = (11, 4.6)) -> Figure:
    """Return an empty figure of a size in inches, as is usual for two plots side by side."""
    return optional("matplotlib.figure", "plot", "a plot").Figure(figsize=size, dpi=150, layout="constrained")


def named(figure: Figure, results: Results, path: str | Path, drawn: str = "mean and 95 % interval") -> Path:
    """Write a figure with its experiment's name above and the methods of its first plot below; return its path.

    Args:
        figure: with its plots.
        results: of the experiment.
        path: where it goes.
        drawn: what of several seeds.
    """
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5), frameon=False, labelcolor=INK)
    seeds = len(results.seeds)
    over = f" · {drawn} over {seeds} seeds" if seeds > 1 else ""
    figure.suptitle(f"{results.name}{over}", x=0.01, ha="left", fontsize=11, color=INK)
    figure.savefig(path)
    return Path(path)


def draw_lines(axes: Axes, rows: Rows) -> None:
    """Draw a line and a band for each method, over the updates; what got everything at once is a dot at the last."""
    updates = max(map(len, rows.values()))
    for k, (label, estimates) in enumerate(rows.items()):
        places, (means, widths) = updates - np.arange(len(estimates))[::-1], in_percent(estimates)
        style: dict[str, Any] = look(k) | {"marker": MARKERS[k % len(MARKERS)], "markersize": 5, "linewidth": 2}
        axes.plot(places, means, label=literal(label), **style)
        axes.fill_between(places, means - widths, means + widths, color=style["color"], alpha=0.15, linewidth=0)
    dress(axes, "average accuracy on the experiences so far", "after update", updates)


def draw_bars(axes: Axes, rows: Rows) -> None:
    """Draw a group of bars for each experience, a bar for each method.

    What got everything at once has none: it was tested on all experiences as one, and what it has right of each was
    not counted.
    """
    experiences = max(map(len, rows.values()))
    apart = [(k, estimates) for k, estimates in enumerate(rows.values()) if len(estimates) == experiences]
    width = 0.8 / len(apart)
    for slot, (k, estimates) in enumerate(apart):
        places, (means, widths) = np.arange(1, experiences + 1), in_percent(estimates)
        shifted = places - 0.4 + (slot + 0.5) * width
        axes.bar(
            shifted,
            means,
            0.9 * width,
            yerr=widths,
            color=COLOURS[k % len(COLOURS)],
            hatch=HATCHES[k // len(COLOURS) % len(HATCHES)],
            edgecolor="white",
            error_kw={"ecolor": INK, "elinewidth": 1},
        )
    dress(axes, "accuracy on each experience after the last update", "experience", experiences)


def look(k: int) -> dict[str, Any]:
    """Return colour and line of the k-th method; no two of the first 24 have both in common."""
    return {"color": COLOURS[k % len(COLOURS)], "linestyle": LINES[k // len(COLOURS) % len(LINES)]}


def draw_learning(axes: Axes, runs: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Draw a thin line for each run of each method, over the share of the update that was done at each reading."""
    for k, curves_of_runs in enumerate(runs.values()):
        for curve in curves_of_runs:
            places = 100 * np.arange(1, len(curve) + 1) / max(len(curve), 1)
            axes.plot(places, curve, linewidth=1, alpha=0.8, **look(k))
    plain(axes, "learning curves of the last update: loss on what arrived", "done")
    axes.xaxis.set_major_formatter("{x:g} %")
    axes.set_xlim(0, 100)
    axes.set_ylim(bottom=0)


def zoom(axes: Axes) -> None:
    """Show no more than there is between 0 and 100 %: methods may lie close together, far from both."""
    low, high = axes.get_ylim()
    axes.autoscale(axis="y")
    lowest, highest = axes.get_ylim()
    axes.set_ylim(max(low, lowest), min(high, highest))


def dress(axes: Axes, title: str, places: str, count: int) -> None:
    """Show percent from 0 to 100, and a whole number at each place."""
    plain(axes, title, places)
    axes.set_xticks(np.unique(np.linspace(1, count, min(count, 10)).round().astype(int)))
    axes.set_xlim(0.5, count + 0.5)
    axes.set_ylim(0, 102)  # a marker at 100 % is seen whole
    axes.yaxis.set_major_formatter("{x:g} %")


def plain(axes: Axes, title: str, places: str) -> None:
    """Give every plot the same look."""
    axes.set_title(title, loc="left", fontsize=10, color=INK)
    axes.set_xlabel(places, color=INK)
    axes.grid(axis="y", color=FAINT)
    axes.set_axisbelow(True)
    axes.tick_params(length=0, labelcolor=INK)
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")


def in_percent(estimates: Sequence[Estimate]) -> tuple[np.ndarray, np.ndarray]:
    """Return the means, (t,), and the half widths, (t,), 0 where there is none."""
    values = 100 * np.array(estimates, dtype=np.float64)  # (t, 2)
    return values[:, 0], np.nan_to_num(values[:, 1])


def literal(label: str) -> str:
    """Return a label that matplotlib draws as it is: a leading underscore would hide it, dollars would be formulas."""
    shown = label.replace("$", r"\$")
    return f"\u200b{shown}" if shown.startswith("_") else shown
