"""What was published, and the experiment that tries it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal

from onward.errors import InputError, listed
from onward.experiment.gains import Roles
from onward.experiment.growth import Growth
from onward.experiment.published import Published
from onward.experiment.switches import Grid

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
