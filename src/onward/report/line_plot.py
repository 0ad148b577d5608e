"""The straight line between two versions as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onward.errors import InputError
from onward.metrics.barrier import Profile
from onward.report.plots import INK, blank, literal, look, plain


def line_plot(profiles: Sequence[Profile], title: str, path: str | Path) -> Path:
    """Draw loss and accuracy along a line, and return the path of the picture.

    A curve for each data set: on the left the mean loss, with the straight line between its ends in dots, above which
    lies the barrier; on the right the accuracy.

    Args:
        profiles: of one line, at least one.
        title: what stands above.
        path: where the picture goes; its ending decides the format: ``.png``, ``.svg``, ``.pdf``.

    Raises:
        InputError: when there is no such format.
        MissingExtraError: when matplotlib is not installed.
    """
    figure = blank()
    left, right = figure.subplots(1, 2)
    for k, each in enumerate(profiles):
        left.plot(each.alphas, each.losses, label=literal(each.data), marker=".", linewidth=2, **look(k))
        left.plot([0, 1], [each.losses[0], each.losses[-1]], linewidth=1, color=look(k)["color"], linestyle=":")
        right.plot(each.alphas, [100 * share for share in each.accuracies], marker=".", linewidth=2, **look(k))
    plain(left, "mean loss, and the straight line between its ends", "α")
    plain(right, "accuracy", "α")
    right.yaxis.set_major_formatter("{x:g} %")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 2), frameon=False, labelcolor=INK)
    figure.suptitle(literal(title), x=0.01, ha="left", fontsize=11, color=INK)
    endings = figure.canvas.get_supported_filetypes()
    if Path(path).suffix.lower().removeprefix(".") not in endings:
        raise InputError(f"a picture's ending is one of {', '.join(sorted(endings))}, got {str(path)!r}")
    figure.savefig(path)
    return Path(path)
