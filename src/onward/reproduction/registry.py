"""The reproductions there are, as values. Their experiments lie beside them as TOML files."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from onward.errors import InputError, listed, unknown
from onward.experiment.gains import Roles
from onward.experiment.growth import Growth
from onward.experiment.published import Published
from onward.experiment.switches import Grid
from onward.reproduction import doan2023, iman2022

Form = Literal["full", "quick", "large"]
"""``quick`` takes minutes on two processor cores, ``large`` wants a GPU."""

EXPERIMENTS = files("onward.reproduction") / "experiments"
"""Where the experiments lie, each as NAME.toml, NAME-quick.toml or NAME-large.toml."""


@dataclass(frozen=True)
class Claim:
    """What was published.

    Args:
        paper: its authors, year and title.
        reference: where it is to be read.
        words: the claim, in words.
        on: the data on which it was measured.
        points: the claim, in points of top-1 accuracy over the paper's baseline; None where it is none of these.
    """

    paper: str
    reference: str
    words: str
    on: str
    points: float | None = None


@dataclass(frozen=True)
class Reproduction:
    """A claim and the experiment that tries it.

    Args:
        name: what it is called on the command line.
        title: what it is, in a line.
        claim: what it reproduces.
        caveat: what a reader must know before believing any of it; "" when nothing.
        roles: what the labels of its experiment stand for: methods beside a baseline, starts of new rows, lines of
            published tables, or networks that grow.
        forms: which experiments it has.
    """

    name: str
    title: str
    claim: Claim
    caveat: str
    roles: Roles | Grid | Published | Growth
    forms: tuple[Form, ...] = ("full", "quick")

    def called(self, form: Form) -> str:
        """Return the name of a form: of its experiment's file, and of the folder of its results.

        Raises:
            InputError: when there is no such form.
        """
        if form not in self.forms:
            raise InputError(f"{self.name} has no {form} form; it has: {listed(self.forms)}")
        return self.name if form == "full" else f"{self.name}-{form}"

    def file(self, form: Form) -> AbstractContextManager[Path]:
        """Return a context in which a form's experiment is a file, whose path is its value.

        Raises:
            InputError: when there is no such form.
        """
        return as_file(EXPERIMENTS / f"{self.called(form)}.toml")


SHEN_2024 = Claim(
    paper="Shen et al. 2024, Step Out and Seek Around: On Warm-Start Training with Incremental Data",
    reference="arXiv:2406.04484",
    words="up to +8.39 points of top-1 over the vanilla warm start, ImageNet in 10 parts, old data gone",
    points=8.39,
    on="ImageNet",
)

RECONSTRUCTION = (
    "ckca is a reconstruction from the paper's abstract: its equations are not public to us, and the data here is not "
    "ImageNet"
)

HARUN_2025 = Claim(
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


SILENCES = (
    "no program of the paper is known to us; what it leaves open, such as the momentum of four baselines, is chosen in "
    "the experiment's file, which says so"
)


def of_doan_2023(stream: str, sizes: bool) -> Reproduction:
    """Return the reproduction of one column of the tables of Doan et al. 2023.

    Args:
        stream: one of ``doan2023.STREAMS``.
        sizes: of the tables of corners and larger models, else that of methods.
    """
    on = doan2023.STREAMS[stream]
    paper = "Doan, Mirzadeh & Farajtabar 2023, Continual Learning Beyond a Single Model"
    return Reproduction(
        name=f"doan2023-{stream}{'-sizes' * sizes}",
        title=f"{'corners and larger models' if sizes else 'ten methods'} on {on}, {doan2023.TASKS} tasks, beside its "
        f"{'tables 4 and 5' if sizes else 'table 6'}",
        claim=Claim(paper, "arXiv:2202.09826", doan2023.claimed(stream), on),
        caveat=SILENCES,
        roles=doan2023.printed(stream, *((doan2023.SIZES, "5") if sizes else (doan2023.METHODS, "6"))),
        forms=("full",) if sizes or stream == "cifar100" else ("full", "quick"),
    )


def of_iman_2022(name: str) -> Reproduction:
    """Return one of the reproductions of Iman et al. 2022, by its name in ``iman2022.TRIED``."""
    tried = iman2022.TRIED[name]
    return Reproduction(
        name=name,
        title=tried.title,
        claim=Claim(iman2022.PAPER, "arXiv:2205.10356", tried.words, tried.on),
        caveat=iman2022.RUN_OTHERWISE,
        roles=tried.growth,
        forms=("full", "quick") if tried.quick else ("full",),
    )


REPRODUCTIONS: Mapping[str, Reproduction] = MappingProxyType(
    {
        each.name: each
        for each in (
            Reproduction(
                name="ckca",
                title="warm start on data that comes in 10 parts, of which each is gone when the next comes",
                claim=SHEN_2024,
                caveat=RECONSTRUCTION,
                roles=Roles("ckca", "warm start", "joint", allowed_more=("replay", "ckca and replay")),
                forms=("full", "quick", "large"),
            ),
            Reproduction(
                name="ckca-baselines",
                title="at which strength the baselines of ckca are best, on training data held back",
                claim=SHEN_2024,
                caveat=RECONSTRUCTION,
                roles=Roles("ckca", "warm start", "joint"),
                forms=("full",),
            ),
            Reproduction(
                name="ckca-regime",
                title="how many epochs an update must have for ckca to gain over the warm start",
                claim=SHEN_2024,
                caveat=RECONSTRUCTION,
                roles=Roles("ckca, 40 epochs", "warm start, 40 epochs", "joint"),
                forms=("full",),
            ),
            Reproduction(
                name="ckca-ablation",
                title="what each part of ckca is worth, on training data held back",
                claim=SHEN_2024,
                caveat=RECONSTRUCTION,
                roles=Roles("ckca", "warm start", "joint"),
                forms=("full",),
            ),
            Reproduction(
                name="good-start",
                title="how rows of new classes begin: 50 classes of CIFAR-100, then 5 times 10, with rehearsal",
                claim=HARUN_2025,
                caveat=QUOTED,
                roles=starts_of_new_rows(*(f"{loss}, {moved}" for loss in LOSSES for moved in MOVED)),
            ),
            Reproduction(
                name="good-start-scale",
                title="how rows from least squares are scaled beside trained ones, on training data held back",
                claim=HARUN_2025,
                caveat=QUOTED,
                roles=Grid(
                    "norm", "none", ("level", "temperature"), (f"{LOSSES[0]}, trained", *FROZEN), oracle="joint"
                ),
                forms=("full",),
            ),
            Reproduction(
                name="good-start-squared",
                title="how much the true class counts in the squared error, on training data held back",
                claim=HARUN_2025,
                caveat=QUOTED,
                roles=Grid(
                    "least squares",
                    baseline="random",
                    others=(),
                    cells=tuple(f"{loss}, {moved}" for loss in RESCALED for moved in MOVED),
                    oracle="joint",
                ),
                forms=("full",),
            ),
            Reproduction(
                name="good-start-imagenet",
                title="the same on features of a backbone that ImageNet trained and that stands still",
                claim=HARUN_2025,
                caveat=QUOTED,
                roles=starts_of_new_rows(*LOSSES),
                forms=("full",),
            ),
            Reproduction(
                name="doan2023-choices",
                title="what these tables leave open, chosen on training data held back of Permuted MNIST",
                claim=of_doan_2023("permuted", sizes=False).claim,
                caveat=SILENCES,
                roles=Roles("subspace connectivity", "naive sgd, rate 0.01", "multitask"),
                forms=("full",),
            ),
            *(of_doan_2023(stream, sizes) for sizes in (False, True) for stream in doan2023.STREAMS),
            *map(of_iman_2022, iman2022.TRIED),
        )
    }
)
"""Every reproduction by its name."""


def find(name: str) -> Reproduction:
    """Return a reproduction.

    Raises:
        InputError: when there is none of that name; names the nearest.
    """
    if name not in REPRODUCTIONS:
        raise unknown("reproduction", name, REPRODUCTIONS)
    return REPRODUCTIONS[name]
