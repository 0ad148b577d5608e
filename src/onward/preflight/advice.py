"""What to do about what arrived: nothing, refit the head, update, or train from scratch. Nothing is trained for it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from onward.catalogue import parsed, written
from onward.errors import counted, listed
from onward.learner import Learner
from onward.method import Method, chained
from onward.preflight.basis import Basis, measured
from onward.preflight.cost import Price, price, samples
from onward.preflight.facts import Preflight
from onward.preflight.fitness import UNPROTECTING, failing, fitting, names_in
from onward.preflight.warned import holding_nothing
from onward.settings import Settings
from onward.types import Data

Choice = Literal["nothing", "head", "update", "scratch"]

TOLERANCE = 0.02
"""How far a probe may stay below the accuracy on old tests and the features still do: the half width of a 95 % interval
of 1,000 examples of which nine in ten are right."""

SOLVING = "refit_head"
"""The method that solves the head anew, where what it needs of the past is kept."""

MOSTLY_NEW = 0.8
"""The share of all data so far from which an update costs nearly what training from scratch does."""


@dataclass(frozen=True, eq=False)
class Question:
    """What advice is asked about.

    Args:
        before: the version in use.
        data: what arrived.
        old: the old test sets that can be read, by source.
        facts: of the preflight.
        method: of the update that is thought of.
        settings: of it.
        command: what to type for it, without a method.
        seed: of what is drawn.
        examples_so_far: that the lineage was trained on; None where that is not known.
        exemplar_free: whether no example may be kept.
    """

    before: Learner
    data: Data
    old: Mapping[str, Data]
    facts: Preflight
    method: Method
    settings: Settings
    command: str
    seed: int = 0
    examples_so_far: int | None = None
    exemplar_free: bool = False


@dataclass(frozen=True)
class Option:
    """One way to go on.

    Args:
        name: of it.
        command: what to type; "" for nothing.
        examples: that go through the model in training; None where that is not known. So for the next two.
        flops: forward and backward.
        seconds: projected from one batch on this machine.
        outlook: what to expect.
    """

    name: Choice
    command: str
    examples: int | None
    flops: int | None
    seconds: float | None
    outlook: str


@dataclass(frozen=True)
class Advice:
    """What to do.

    Args:
        recommended: the option's name.
        why: a sentence.
        options: all four, the cheapest first.
        grounds: what it rests on, as sentences with numbers.
        basis: those numbers.
        facts: of the preflight.
    """

    recommended: Choice
    why: str
    options: tuple[Option, ...]
    grounds: tuple[str, ...]
    basis: Basis
    facts: Preflight


def advise(asked: Question) -> Advice:
    """Return the four options with their costs, and the one that the facts speak for.

    Raises:
        InputError: when the data, the method or the settings do not fit.
    """
    basis = measured(asked.before, asked.data, asked.old, asked.seed)
    name, why = chosen(basis, asked.facts, asked.examples_so_far)
    return Advice(name, why, options(asked, basis), grounds(asked, basis), basis, asked.facts)


def chosen(basis: Basis, facts: Preflight, so_far: int | None) -> tuple[Choice, str]:
    """Return the option that the facts speak for, and why."""
    if facts.scenario == "first data":
        return "update", "the version in use knows no class yet"
    lost = basis.loss is not None and basis.loss[0] > 0
    if not facts.new and not lost:
        return "nothing", "no class is new" + unharmed(basis)
    goal, probe = basis.tests or basis.known, basis.probe
    need = f"{counted(len(facts.new), 'class')} new" if facts.new else "accuracy fell on what arrived"
    if goal is not None and probe is not None and probe.share >= goal.share - TOLERANCE:
        return "head", f"{need}, and the present features tell what arrived apart as well as the old"
    if so_far is not None and facts.examples >= MOSTLY_NEW * (so_far + facts.examples):
        return "scratch", f"{need}, and most of all data so far is new: an update would cost nearly as much"
    weak = "and the present features do not tell what arrived apart as well as the old"
    return "update", f"{need}, {weak if goal is not None else 'and nothing old is there to hold the features against'}"


def unharmed(basis: Basis) -> str:
    """Return why no loss was found: none is there, or none could be seen."""
    if basis.loss is None:
        return "; whether accuracy fell cannot be told without a test set that came with an earlier update, --test"
    return ", and what arrived is predicted no worse than the old tests"


def options(asked: Question, basis: Basis) -> tuple[Option, ...]:
    """Return all four."""
    cost = price(asked.before, asked.data, asked.settings, asked.seed)
    method, so_far = method_for(asked), asked.examples_so_far
    count = samples(asked.before, asked.data, asked.settings, asked.seed, method)
    given = chained(asked.before.method) == chained(method)
    command = asked.command if given else f"{asked.command} --method {shlex.quote(written(method))}"
    every = None if so_far is None else (so_far + len(asked.data)) * asked.settings.epochs
    anew = "joint" if any(name.startswith("joint/") for name in asked.before.kept) else "scratch"
    return (
        Option("nothing", "", 0, 0, 0.0, stays(basis, asked.facts)),
        head(asked, basis, command, count, cost),
        option("update", command, count, (cost.flops, cost.seconds), updated(asked, method)),
        option("scratch", f"{asked.command} --method {anew}", every, (cost.flops, cost.seconds), afresh(anew)),
    )


def head(asked: Question, basis: Basis, command: str, count: int, cost: Price) -> Option:
    """Return what to do where the features are to stay: solve the head from the sums that are kept, else train it."""
    each = (cost.head_flops, cost.head_seconds)
    if not solvable(asked):
        return option("head", f"{command} --set trains=head", count, each, at_head(basis))
    own = SOLVING in names_in(asked.before.method)
    solved = asked.command if own else f"{asked.command} --method {SOLVING}"
    return option("head", solved, len(asked.data), each, f"{at_head(basis)}; nothing is forgotten")


def solvable(asked: Question) -> bool:
    """Return whether the version in use keeps the sums from which a head can be solved."""
    return any(name.startswith(f"{SOLVING}/") for name in asked.before.kept)


def option(name: Choice, command: str, examples: int | None, each: tuple[int, float], outlook: str) -> Option:
    """Return an option by how many examples go through the model, and by the FLOPs and the seconds of one."""
    if examples is None:
        return Option(name, command, None, None, None, outlook)
    return Option(name, command, examples, examples * each[0], examples * each[1], outlook)


def method_for(asked: Question) -> Method:
    """Return the method that was thought of; where that is known to fail, the lineage's own, or else one that fits."""
    fits = fitting(asked.facts.scenario, asked.exemplar_free)
    for method in (asked.method, asked.before.method, *map(parsed, fits)):
        begins = SOLVING not in names_in(method) or solvable(asked) or not asked.facts.missing
        if begins and not failing(asked.facts, method):
            return method
    return asked.method


def stays(basis: Basis, facts: Preflight) -> str:
    """Return what to expect of doing nothing."""
    if basis.arrived is None:
        return "it goes on knowing no class"
    never = f"; {listed(facts.new, most=5)} never predicted" if facts.new else ""
    return f"{100 * basis.arrived.share:.1f} % right of what arrived, as now{never}"


def at_head(basis: Basis) -> str:
    """Return what to expect of refitting the head."""
    if basis.probe is None:
        return "not known; the features stay"
    return f"about {100 * basis.probe.share:.1f} % right of what arrived, as the probe; the features stay"


def updated(asked: Question, method: Method) -> str:
    """Return what to expect of an update."""
    empty = holding_nothing(asked.before, method) if asked.before.classes else []
    if empty:
        return f"the features adapt; {listed(empty)} has kept nothing so far and protects from the next update on"
    if UNPROTECTING.issuperset(names_in(method)):
        return "the features adapt; nothing but what arrived holds the past"
    return f"the features adapt; {written(method)} holds the past"


def span(low: float, high: float) -> str:
    """Return an interval of a difference of shares, in points."""
    return f"{100 * low:+.1f} to {100 * high:+.1f}"


def afresh(method: str) -> str:
    """Return what to expect of training from scratch."""
    return "the reference for accuracy" + ("" if method == "joint" else "; SOURCE must then hold all data so far")


def grounds(asked: Question, basis: Basis) -> tuple[str, ...]:
    """Return what the advice rests on, as sentences with numbers."""
    facts, told = asked.facts, []
    if facts.new:
        told.append(f"{counted(len(facts.new), 'new class')} ({listed(facts.new, most=5)}), which it cannot predict")
    if basis.tests is not None:
        told.append(f"right on old tests: {basis.tests.told}")
    if basis.known is not None:
        told.append(f"right of what arrived of old classes: {basis.known.told}")
    if basis.loss is not None:
        low, high = basis.loss
        sure = "a loss" if low > 0 else "no significant loss"
        told.append(f"the one less the other, at the same shares of classes: {span(low, high)} points, {sure}")
    if basis.probe is not None:
        told.append(f"right of what arrived by a linear probe of its features: {basis.probe.told}")
    if facts.shift is not None:
        told.append(f"shift: {facts.shift.told}")
    before = "an unknown number" if asked.examples_so_far is None else f"{asked.examples_so_far:,}"
    return (*told, f"{counted(facts.examples, 'example')} arrived, after {before} so far")
