"""The leaderboard as a page: a table for each stream, and accuracy against cost as a picture."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from onward.experiment.results import Estimate, Results, Summary
from onward.report.plots import INK, blank

BASELINE = "warm_start"
"""By whose cost that of others is told."""

INTRODUCTION = """# Leaderboard

Every method, every chain that has a name and some chains worth having, on the same streams with the fields that they
come with: no field was tuned, for or against anybody, so this tells what one gets who types a name. What a method
reaches with settings of its own stands in the [reproductions](reproductions/index.md).

```bash
{command}
```

{setting} Accuracy is the mean over the experiences after the last update; forgetting the mean fall of an experience
from its best; flips the share of what was right before an update and wrong after it; samples what went through the
model in training, times those of `{baseline}`; seconds those of one thread, busy or not; bytes what is carried to the
next update beside the model. Mean and 95 % interval (Student's t), of the last three the mean. In **bold** stands what
no other line beats in accuracy at no higher cost in samples: the Pareto front. The runs are in `reproduced/`.
"""


def front(summaries: Sequence[Summary]) -> tuple[str, ...]:
    """Return the labels of what nobody beats: as accurate or more, at no higher cost, and better in one of them."""
    points = {each.label: (mean(each, "average_accuracy"), mean(each, "samples")) for each in summaries if each.runs}

    def beaten(label: str) -> bool:
        accuracy, cost = points[label]
        return any(a >= accuracy and c <= cost and (a, c) != (accuracy, cost) for a, c in points.values())

    return tuple(label for label in points if not beaten(label))


def mean(summary: Summary, measure: str) -> float:
    """Return the mean of a measure over the seeds."""
    return summary.measures[measure].mean


def table(results: Results) -> str:
    """Return the table of a stream, the most accurate first; what failed or refused the stream stands below it."""
    summaries = sorted(
        (each for each in results.summaries() if each.runs), key=lambda each: -mean(each, "average_accuracy")
    )
    unit = next(mean(each, "samples") for each in summaries if each.label == BASELINE)
    bold = front(summaries)
    lines = ["| method | accuracy | forgetting | flips | samples | seconds | bytes |", "|---|---|---|---|---|---|---|"]
    for each in summaries:
        name = f"`{each.label}`".replace("|", "&#124;").replace("`", "<code>", 1).replace("`", "</code>")
        shown = [f"**{name}**" if each.label in bold else name]
        shown += [percent(each.measures[k]) for k in ("average_accuracy", "forgetting_from_best", "negative_flips")]
        shown += [f"{mean(each, 'samples') / unit:.2f}", f"{mean(each, 'seconds'):.1f}"]
        shown.append(f"{mean(each, 'kept_bytes'):,.0f}")
        lines.append(f"| {' | '.join(shown)} |")
    failures = dict.fromkeys((cell.label, cell.failure) for cell in results.failed)
    told = [f"- `{label}`: {' '.join(failure.split())}" for label, failure in failures]
    return "\n".join([*lines, *(["", "Not run:", "", *told] if told else [])])


def percent(estimate: Estimate) -> str:
    """Return a share in percent with its interval; a dash where it is not defined."""
    if not math.isfinite(estimate.mean):
        return "–"
    width = f" ± {100 * estimate.half_width:.1f}" if math.isfinite(estimate.half_width) else ""
    return f"{100 * estimate.mean:.1f}{width}"


def page(found: Mapping[str, Results], command: str, setting: str, picture: str) -> str:
    """Return the page.

    Args:
        found: the results of each stream.
        command: that makes it.
        setting: the machine, the seeds and the settings, in a sentence.
        picture: the path of the picture beside it.
    """
    parts = [INTRODUCTION.format(command=command, setting=setting, baseline=BASELINE)]
    parts.append(f"![Accuracy against cost, a plot for each stream]({picture})\n")
    parts += [f"## {stream}\n\n{table(results)}\n" for stream, results in found.items()]
    return "\n".join(parts)


def draw(found: Mapping[str, Results], path: Path) -> None:
    """Draw each stream's methods, accuracy over cost, and the front among them with its names."""
    rows = math.ceil(len(found) / 2)
    figure = blank((11, 3.6 * rows))
    for axes, (stream, results) in zip(figure.subplots(rows, 2, squeeze=False).flat, found.items(), strict=False):
        summaries = [each for each in results.summaries() if each.runs]
        unit = next(mean(each, "samples") for each in summaries if each.label == BASELINE)
        places = {
            each.label: (mean(each, "samples") / unit, 100 * mean(each, "average_accuracy")) for each in summaries
        }
        axes.scatter(*zip(*places.values(), strict=True), s=14, color="#BBBBBB")
        ahead = sorted(places[label] for label in front(summaries))
        axes.plot(*zip(*ahead, strict=True), "o-", color="#0072B2", markersize=4, linewidth=1)
        for label in front(summaries):
            axes.annotate(label, places[label], xytext=(4, -9), textcoords="offset points", fontsize=6, color=INK)
        axes.set_xscale("log")
        axes.set_title(stream, loc="left", fontsize=9, color=INK)
        axes.set_xlabel(f"samples, times those of {BASELINE}", fontsize=8)
        axes.set_ylabel("accuracy in %", fontsize=8)
    figure.savefig(path)
