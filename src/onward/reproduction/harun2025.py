"""What Harun & Kanan 2025 claim of rows from least squares, arXiv:2503.06385, and what tries it here."""

from __future__ import annotations

from functools import partial

from onward.experiment.switches import Grid
from onward.reproduction.claim import Claim, Reproduction

CLAIM = Claim(
    paper="Harun & Kanan 2025, A Good Start Matters",
    reference="arXiv:2503.06385",
    words="rows of new classes from least squares remove the loss spike and need up to 7 times fewer updates, "
    "Places365 after ImageNet",
    on="Places365",
)

QUOTED = (
    "the paper's tables are not known to us; the 7 is quoted by a program that refers to it. Its backbone is "
    "ConvNeXtV2, its data Places365 after ImageNet"
)

LOSSES = ("cross-entropy", "squared error", "squentropy")
MOVED = ("trained", "frozen")
FROZEN = tuple(f"{loss}, frozen" for loss in LOSSES)
RESCALED = tuple(f"κ {emphasis} M {aim}" for emphasis, aim in ((1, 1), (15, 1), (1, 10), (5, 10), (15, 30)))
"""By which losses, and with the network trained or its head alone, starts of new rows are compared, as labels say."""


def starts_of_new_rows(*cells: str) -> Grid:
    """Return what the labels of a comparison of starts stand for."""
    return Grid("least squares", baseline="random", others=("class mean",), cells=cells, oracle="joint")


tried = partial(Reproduction, claim=CLAIM, caveat=QUOTED)

REPRODUCTIONS = (
    tried(
        name="good-start",
        title="how rows of new classes begin: 50 classes of CIFAR-100, then 5 times 10, with rehearsal",
        roles=starts_of_new_rows(*(f"{loss}, {moved}" for loss in LOSSES for moved in MOVED)),
    ),
    tried(
        name="good-start-scale",
        title="how rows from least squares are scaled beside trained ones, on training data held back",
        roles=Grid("norm", "none", ("level", "temperature"), (f"{LOSSES[0]}, trained", *FROZEN), oracle="joint"),
        forms=("full",),
    ),
    tried(
        name="good-start-squared",
        title="how much the true class counts in the squared error, on training data held back",
        roles=Grid(
            "least squares",
            baseline="random",
            others=(),
            cells=tuple(f"{loss}, {moved}" for loss in RESCALED for moved in MOVED),
            oracle="joint",
        ),
        forms=("full",),
    ),
    tried(
        name="good-start-imagenet",
        title="the same on features of a backbone that ImageNet trained and that stands still",
        roles=starts_of_new_rows(*LOSSES),
        forms=("full",),
    ),
)
