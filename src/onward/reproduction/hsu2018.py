"""What Hsu, Liu, Ramasamy & Kira 2018 printed of Split MNIST, arXiv:1810.12488: fifteen baselines in three scenarios.

Accuracy over the five tasks ± standard deviation over 10 runs, in percent, from the table of their program, GT-RIPL's
Continual-Learning-Benchmark, which has a command for each but LwF, DGR and RtF.
"""

from __future__ import annotations

import math

from onward.experiment.published import Printed, Published
from onward.reproduction.claim import Claim, Reproduction

PAPER = "Hsu, Liu, Ramasamy & Kira 2018, Re-evaluating Continual Learning Scenarios"

SCENARIOS = {
    "task": "with the task told, a softmax for each",
    "domain": "one head of two rows, first digit or second",
    "class": "one head of ten rows",
}
"""The scenarios, in the order of the numbers below, and what sets them apart."""

# Task, domain, class.
METHODS = {
    "adam": ((93.46, 2.01), (55.16, 1.38), (19.71, 0.08)),
    "sgd": ((97.98, 0.09), (63.20, 0.35), (19.46, 0.04)),
    "adagrad": ((98.06, 0.53), (58.08, 1.06), (19.82, 0.09)),
    "l2": ((98.18, 0.96), (66.00, 3.73), (22.52, 1.08)),
    "ewc": ((97.70, 0.81), (58.85, 2.59), (19.80, 0.05)),
    "online ewc": ((98.04, 1.10), (57.33, 1.44), (19.77, 0.04)),
    "si": ((98.56, 0.49), (64.76, 3.09), (19.67, 0.09)),
    "mas": ((99.22, 0.21), (68.57, 6.85), (19.52, 0.29)),
    "lwf": ((99.60, 0.03), (71.02, 1.26), (24.17, 0.33)),
    "naive rehearsal": ((99.40, 0.08), (95.16, 0.49), (90.78, 0.85)),
    "naive rehearsal, 4,400": ((99.57, 0.07), (97.11, 0.34), (95.59, 0.49)),
    "gem": ((98.42, 0.10), (96.16, 0.35), (92.20, 0.12)),
    "dgr": ((99.47, 0.03), (95.74, 0.23), (91.24, 0.33)),
    "rtf": ((99.66, 0.03), (97.31, 0.11), (92.56, 0.21)),
    "offline": ((99.52, 0.16), (98.59, 0.15), (97.53, 0.30)),
}

TASKS = 5
"""Two digits each, in their order."""

CAVEAT = (
    "images are 28 x 28 here, not padded to 32, and Adam begins anew with each task; ewc here is the online form, and "
    "the LwF, DGR and RtF of the paper are of another program"
)


def of(scenario: str) -> Reproduction:
    """Return the reproduction of one column."""
    column = list(SCENARIOS).index(scenario)
    lines = {label: printed(*numbers[column]) for label, numbers in METHODS.items()}
    rehearsal, regularised = lines["naive rehearsal"].accuracy, lines["ewc"].accuracy
    words = (
        f"on Split MNIST, {SCENARIOS[scenario]}, naive rehearsal has {100 * rehearsal:.2f} % and EWC "
        f"{100 * regularised:.2f} %"
    )
    return Reproduction(
        name=f"hsu2018-split-mnist-{scenario}",
        title=f"baselines on Split MNIST, {SCENARIOS[scenario]}, beside their table",
        claim=Claim(PAPER, "arXiv:1810.12488", words, "Split MNIST"),
        caveat=CAVEAT,
        roles=Published(lines, "", TASKS, oracle="offline", widened=True),
    )


def printed(accuracy: float, std: float) -> Printed:
    """Return a line of the table from percents; it has no forgetting."""
    return Printed(accuracy / 100, std / 100, math.nan, "Split MNIST")


REPRODUCTIONS = tuple(of(scenario) for scenario in SCENARIOS)

GROUPS = {"hsu2018-split-mnist": tuple(each.name for each in REPRODUCTIONS)}
