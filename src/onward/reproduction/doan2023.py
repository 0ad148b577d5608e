"""What Doan, Mirzadeh & Farajtabar 2023 printed, arXiv:2202.09826: tables 2, 4, 5 and 6.

Accuracy ± standard deviation in percent, and forgetting as a share, over 5 runs. Where two tables print another number
for the same method, that of table 6 stands, else that of table 5: the printed tables are not in full agreement.
"""

from __future__ import annotations

from collections.abc import Mapping

from onward.experiment.gains import Roles
from onward.experiment.published import Printed, Published
from onward.reproduction.claim import Claim, Reproduction

PAPER = "Doan, Mirzadeh & Farajtabar 2023, Continual Learning Beyond a Single Model"

SILENCES = (
    "no program of the paper is known to us; what it leaves open, such as the momentum of four baselines, is chosen in "
    "the experiment's file, which says so"
)

OURS = "subspace connectivity"
"""The label of the method that the paper is about, with three corners."""

BEYOND = ("regression mean",)
"""Labels of methods that the paper does not have."""

# Table 6: single models, and the ensembles of tables 2 and 5 that it repeats. Permuted, Rotated MNIST, Split CIFAR-100.
METHODS = {
    "naive sgd": ((44.4, 2.46, 0.53), (46.3, 1.37, 0.52), (40.4, 2.83, 0.31)),
    "ewc": ((70.7, 1.74, 0.23), (48.5, 1.24, 0.48), (42.7, 1.89, 0.28)),
    "a-gem": ((65.7, 0.51, 0.29), (55.3, 1.47, 0.42), (50.7, 2.32, 0.19)),
    "er-reservoir": ((72.4, 0.42, 0.16), (69.2, 1.10, 0.21), (46.9, 0.76, 0.21)),
    "stable sgd": ((80.1, 0.51, 0.09), (70.8, 0.78, 0.10), (56.9, 1.52, 0.11)),
    "mc-sgd": ((82.9, 0.40, 0.10), (81.9, 0.46, 0.08), (58.2, 0.91, 0.08)),
    "ensemble of 3 mc-sgd": ((88.30, 0.48, 0.06), (83.63, 0.39, 0.07), (64.12, 1.16, 0.06)),
    "batch ensemble": ((63.37, 1.32, 0.27), (57.54, 0.53, 0.17), (53.08, 1.70, 0.08)),
    OURS: ((87.8, 0.53, 0.06), (86.7, 0.67, 0.07), (61.7, 0.80, 0.05)),
    "multitask": ((89.5, 0.21, 0.0), (89.8, 0.37, 0.0), (66.8, 1.42, 0.0)),
}

# Tables 4 and 5: other numbers of corners, and models and ensembles of two and three times the parameters.
SIZES = {
    "wider mc-sgd, 2.1 times": ((86.80, 0.93, 0.07), (82.67, 0.20, 0.08), (60.12, 0.97, 0.07)),
    "wider mc-sgd, 3.1 times": ((88.03, 0.36, 0.06), (83.67, 0.40, 0.07), (60.50, 0.84, 0.06)),
    "ensemble of 2 mc-sgd": ((86.5, 0.33, 0.08), (83.00, 0.45, 0.08), (60.83, 0.99, 0.09)),
    "bagging of 2 mc-sgd": ((86.23, 0.52, 0.06), (80.7, 0.50, 0.09), (56.87, 0.80, 0.06)),
    "bagging of 3 mc-sgd": ((86.60, 0.46, 0.05), (80.00, 0.24, 0.08), (55.48, 1.20, 0.06)),
    "2 corners": ((87.1, 0.19, 0.07), (86.6, 0.45, 0.07), (60.97, 1.53, 0.05)),
    OURS: METHODS[OURS],
    "5 corners": ((87.8, 0.30, 0.07), (86.8, 0.46, 0.07), (60.85, 0.73, 0.05)),
}

TABLES = {
    "mc-sgd": "2, 5, 6",
    "ensemble of 3 mc-sgd": "2, 5, 6",
    "multitask": "2, 6",
    "wider mc-sgd, 3.1 times": "2, 5",
    "2 corners": "4, 5",
    OURS: "2, 4, 5, 6",
    "5 corners": "4",
}
"""Where a line stands that is not in the one table that its list is of."""

STREAMS = {"permuted": "Permuted MNIST", "rotated": "Rotated MNIST", "cifar100": "Split CIFAR-100"}
"""The streams, in the order of the numbers above, and what the paper calls them."""

TASKS = 20
"""Of each stream."""

Numbers = tuple[float, float, float]


def printed(stream: str, lines: Mapping[str, tuple[Numbers, Numbers, Numbers]], table: str) -> Published:
    """Return what was printed of one stream.

    Args:
        stream: one of ``STREAMS``.
        lines: each method's numbers.
        table: in which they stand but for those in ``TABLES``.
    """
    column = list(STREAMS).index(stream)
    found = {}
    for label, numbers in lines.items():
        accuracy, std, forgetting = numbers[column]
        found[label] = Printed(accuracy / 100, std / 100, forgetting, TABLES.get(label, table))
    return Published(found, OURS, TASKS, oracle="multitask", beyond=BEYOND)


def claimed(stream: str) -> str:
    """Return what the paper says of its method on one stream."""
    column = list(STREAMS).index(stream)
    ours, ensemble = METHODS[OURS][column][0], METHODS["ensemble of 3 mc-sgd"][column][0]
    return f"three corners at the cost of one model reach {ours} % on {STREAMS[stream]}, three models {ensemble} %"


def of(stream: str, sizes: bool) -> Reproduction:
    """Return the reproduction of one column of the tables.

    Args:
        stream: one of ``STREAMS``.
        sizes: of the tables of corners and larger models, else that of methods.
    """
    on = STREAMS[stream]
    return Reproduction(
        name=f"doan2023-{stream}{'-sizes' * sizes}",
        title=f"{'corners and larger models' if sizes else 'ten methods'} on {on}, {TASKS} tasks, beside its "
        f"{'tables 4 and 5' if sizes else 'table 6'}",
        claim=Claim(PAPER, "arXiv:2202.09826", claimed(stream), on),
        caveat=SILENCES,
        roles=printed(stream, *((SIZES, "5") if sizes else (METHODS, "6"))),
        forms=("full",) if sizes or stream == "cifar100" else ("full", "quick"),
    )


REPRODUCTIONS = (
    Reproduction(
        name="doan2023-choices",
        title="what these tables leave open, chosen on training data held back of Permuted MNIST",
        claim=of("permuted", sizes=False).claim,
        caveat=SILENCES,
        roles=Roles("subspace connectivity", "naive sgd, rate 0.01", "multitask"),
        forms=("full",),
    ),
    Reproduction(
        name="doan2023-cifar100-choices",
        title="what they leave open on Split CIFAR-100, on training data held back",
        claim=of("cifar100", sizes=False).claim,
        caveat=SILENCES,
        roles=Roles("subspace connectivity", "naive sgd", "multitask"),
        forms=("full",),
    ),
    *(of(stream, sizes) for sizes in (False, True) for stream in STREAMS),
)

GROUPS = {
    "doan2023-table6": tuple(of(stream, sizes=False).name for stream in STREAMS),
    "doan2023-table5": tuple(of(stream, sizes=True).name for stream in STREAMS),
}
"""Tables of the paper by their number; table 2 is of lines of table 6, and table 4 is told with table 5."""
