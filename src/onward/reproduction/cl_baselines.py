"""What ContinualAI's continual-learning-baselines tests its methods to reach, those whose target is beyond doubt.

A target is a mean over the tasks, met when a run comes within 3 points of it (1 point for ``si``); half of that stands
here where a paper has its standard deviation. The targets are of Avalanche's methods, and mostly those of their papers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from onward.experiment.published import Printed, Published
from onward.reproduction.claim import Claim, Reproduction

PAPER = "ContinualAI, continual-learning-baselines: programs of papers on Avalanche, and what they must reach"


@dataclass(frozen=True)
class Anchor:
    """One program or two of them on one stream.

    Args:
        stream: as it is called.
        on: what it is.
        tasks: how many it has.
        targets: of each method, a share, and how far a run may be from it.
    """

    stream: str
    on: str
    tasks: int
    targets: dict[str, tuple[float, float]]


ANCHORS = (
    Anchor("split", "Split MNIST", 5, {"gdumb": (0.97, 0.03), "online replay": (0.92, 0.03)}),
    Anchor("task", "Split MNIST with the task told", 5, {"si": (0.97, 0.01)}),
    Anchor("split-small", "Split MNIST of 1,000 images a task", 5, {"mir": (0.87, 0.03)}),
    Anchor("permuted-small", "Permuted MNIST of 1,000 images a task", 10, {"mir": (0.80, 0.03)}),
    Anchor("permuted", "Permuted MNIST", 17, {"a-gem": (0.81, 0.03)}),
)

CAVEAT = (
    "the targets are tolerances of a test, not intervals; the memory takes data in after a task here, while that of "
    "online replay and MIR fills there as data goes by"
)


def of(anchor: Anchor) -> Reproduction:
    """Return the reproduction of the programs on one stream."""
    lines = {
        label: Printed(target, tolerance / 2, math.nan, "target")
        for label, (target, tolerance) in anchor.targets.items()
    }
    told = ", ".join(f"{label} {100 * target:.0f} %" for label, (target, _) in anchor.targets.items())
    first = next(iter(lines))
    return Reproduction(
        name=f"cl-baselines-{anchor.stream}",
        title=f"{', '.join(lines)} on {anchor.on}, beside what Avalanche's must reach",
        claim=Claim(PAPER, "github.com/ContinualAI/continual-learning-baselines", f"{told} on {anchor.on}", anchor.on),
        caveat=CAVEAT,
        roles=Published(lines, first, anchor.tasks, oracle=first, widened=True),
        forms=("full",),
    )


REPRODUCTIONS = tuple(map(of, ANCHORS))

GROUPS = {"cl-baselines": tuple(each.name for each in REPRODUCTIONS)}
