"""What Iman et al. 2022 claim of EXPANSE, arXiv:2205.10356, and what is to come of it here.

The paper's text is not known to us but for its abstract; numbers are those that its programs print.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from onward.experiment.growth import Growth
from onward.reproduction.claim import Claim, Reproduction

PAPER = "Iman, Miller, Rasheed, Branch & Arabnia 2022, EXPANSE: A Deep Continual / Progressive Learning System"

RUN_OTHERWISE = (
    "the printed numbers are of one run each, with rates and epochs compared on the test set, and in them nothing is "
    "frozen; that the old weights stand still is how we read the paper's intent"
)


WITH_SAM = "authors from one step with sam"
"""What goes beyond the notebooks, where an experiment has it."""


class Tried(NamedTuple):
    """One reproduction of the paper.

    Args:
        title: what it is, in a line.
        words: the claim.
        on: the data on which it was measured; "" where it was not.
        growth: what the methods of its experiment are.
        quick: whether it has a quick form.
    """

    title: str
    words: str
    on: str
    growth: Growth
    quick: bool = False


def of_halves(aim: float) -> Growth:
    """Return what the methods are where five classes follow five others of the same data set.

    Args:
        aim: the accuracy that the paper's program prints for the largest network that is grown there.
    """
    return Growth(
        contender="triangular",
        near=("authors", "all at once"),
        exact=("triangular", "triangular in two steps"),
        steps={
            "triangular in two steps": "triangular",
            "authors": "authors from one step",
            "all at once in two steps": "all at once",
        },
        aims=dict.fromkeys(("authors", WITH_SAM, "triangular", "unfreeze"), aim),
        whole=True,
    )


DISTANT = Growth(
    contender="expanse",
    rivals=("progressive", "frozen features"),
    near=("fine-tuned",),
    exact=("expanse", "expanse in two steps", "expanse beside examples", "expanse with drawn units"),
    steps={"expanse in two steps": "expanse"},
)
"""What the methods are where the target is far from the source."""

FAR = "grown networks learn what is far from the source, where new last layers do not suffice"

TRIED: Mapping[str, Tried] = MappingProxyType(
    {
        "expanse": Tried(
            "MNIST 0-4, then 5-9: a network of 300 and 200 units grows to 500 and 300",
            "98.52 % on MNIST by a network that grew, trained again on two thirds of the source",
            "MNIST",
            of_halves(0.9852),
            quick=True,
        ),
        "expanse-fashion": Tried(
            "the same of Fashion-MNIST",
            "89.43 % on Fashion-MNIST by a network that grew, trained again on 70 % of the source",
            "Fashion-MNIST",
            of_halves(0.8943),
        ),
        "expanse-small": Tried(
            "the same of MNIST from 150 and 80 units to 256 and 128, with all of the source",
            "98.09 % on MNIST by a network that grew, trained again on all of the source",
            "MNIST",
            of_halves(0.9809),
        ),
        "expanse-choices": Tried(
            "which schedule, share of the source and passes over the basics, on training data of MNIST held back",
            "98.52 % on MNIST by a network that grew, trained again on two thirds of the source",
            "MNIST",
            Growth("triangular"),
        ),
        "expanse-distant": Tried(
            "from MNIST to Fashion-MNIST and to KMNIST, with all, a tenth and a hundredth of the target's data",
            FAR,
            "",
            DISTANT,
            quick=True,
        ),
        "expanse-distant-choices": Tried(
            "how new units begin, how many, and at what rate, on training data held back", FAR, "", Growth("0.8 copied")
        ),
        "expanse-cifar10": Tried("the same with a convolutional network from CIFAR-10 to MNIST", FAR, "", DISTANT),
        "expanse-resnet20": Tried("the same from a published ResNet-20 of CIFAR-10 to Fashion-MNIST", FAR, "", DISTANT),
        "expanse-resnet20-choices": Tried(
            "at what rate, on training data held back", FAR, "", Growth("expanse at 3e-3")
        ),
    }
)
"""Each by its name."""


REPRODUCTIONS = tuple(
    Reproduction(
        name=name,
        title=tried.title,
        claim=Claim(PAPER, "arXiv:2205.10356", tried.words, tried.on),
        caveat=RUN_OTHERWISE,
        roles=tried.growth,
        forms=("full", "quick") if tried.quick else ("full",),
    )
    for name, tried in TRIED.items()
)
