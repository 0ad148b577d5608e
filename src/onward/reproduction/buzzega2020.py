"""What Buzzega et al. 2020 printed of Permuted and Rotated MNIST, arXiv:2004.07211: replay of labels and of answers.

Accuracy over the twenty tasks ± standard deviation over 10 runs, in percent; 200 examples are kept where no number is
named. The numbers are as they are quoted from the paper's table; its text was not at hand.
"""

from __future__ import annotations

import math

from onward.experiment.published import Printed, Published
from onward.reproduction.claim import Claim, Reproduction

PAPER = "Buzzega, Boschini, Porrello, Abati & Calderara 2020, Dark Experience for General Continual Learning"

STREAMS = {"permuted": "Permuted MNIST", "rotated": "Rotated MNIST"}
"""The streams, in the order of the numbers below, and what the paper calls them."""

METHODS = {
    "sgd": ((40.70, 2.33), (67.66, 8.53)),
    "online ewc": ((75.79, 2.25), (77.35, 5.77)),
    "si": ((65.86, 1.57), (71.91, 5.83)),
    "er": ((72.37, 0.87), (85.01, 1.90)),
    "gem": ((66.93, 1.25), (80.80, 1.15)),
    "a-gem": ((66.42, 4.00), (81.91, 0.76)),
    "fdr": ((74.77, 0.83), (85.22, 3.35)),
    "der": ((81.74, 1.07), (90.04, 2.61)),
    "der++": ((83.58, 0.59), (90.43, 1.87)),
    "der++, 500": ((88.21, 0.39), (92.77, 1.05)),
    "der++, 5,120": ((92.26, 0.17), (94.65, 0.33)),
    "joint": ((94.33, 0.17), (95.76, 0.04)),
}

OURS = "der++"
"""The label of the method that the paper is about."""

TASKS = 20
"""Of each stream."""

CAVEAT = (
    "settings are those of its program, mammoth; images are turned with bilinear interpolation here, ewc's Fisher is "
    "exact in the label and weights begin as torch draws them; FDR is not there"
)


def of(stream: str) -> Reproduction:
    """Return the reproduction of one column."""
    column, on = list(STREAMS).index(stream), STREAMS[stream]
    lines = {
        label: Printed(numbers[column][0] / 100, numbers[column][1] / 100, math.nan, on)
        for label, numbers in METHODS.items()
    }
    words = (
        f"200 examples with the answers of their time hold {100 * lines['der'].accuracy:.2f} % on {on}, with their "
        f"labels as well {100 * lines[OURS].accuracy:.2f} %, and with labels alone {100 * lines['er'].accuracy:.2f} %"
    )
    return Reproduction(
        name=f"der2020-mnist-{stream}",
        title=f"replay and its rivals on {on}, {TASKS} tasks, beside its table",
        claim=Claim(PAPER, "arXiv:2004.07211", words, on),
        caveat=CAVEAT,
        roles=Published(lines, OURS, TASKS, oracle="joint", widened=True),
    )


REPRODUCTIONS = tuple(of(stream) for stream in STREAMS)

GROUPS = {"der2020-mnist": tuple(each.name for each in REPRODUCTIONS)}
