"""What is likely to go wrong in an update, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from onward.context import part
from onward.errors import counted, listed
from onward.learner import Learner
from onward.method import Method, chained
from onward.preflight.facts import Preflight
from onward.preflight.fitness import HOLDS_BY, UNPROTECTING, failing, fitting, names_in
from onward.settings import Settings

FEW = 5
"""Examples of a class below which it can hardly be learned, nor a share of it be held back."""

UNEVEN = 10.0
"""Examples of the largest class for one of the smallest from which cross-entropy neglects the small ones."""

GENTLE = {"sgd": 0.005, "adamw": 0.0005}
"""The learning rates up to which all weights of a trained network are usually trained on."""


def warnings_on(facts: Preflight, before: Learner, method: Method, exemplar_free: bool = False) -> tuple[str, ...]:
    """Return what is known to go wrong, as sentences.

    Args:
        facts: what arrived, its scenario known.
        before: the version in use.
        method: of the update.
        exemplar_free: whether no example may be kept; what keeps some is then not recommended.
    """
    return (*of_method(facts, before, method, exemplar_free), *of_data(facts))


def of_method(facts: Preflight, before: Learner, method: Method, exemplar_free: bool) -> Iterator[str]:
    """Yield what is known to go wrong with the method."""
    names = names_in(method)
    known = failing(facts, method)
    fits = fitting(facts.scenario, exemplar_free)[:2]
    other = f"what fits: {listed(map(repr, fits))}"
    if known:
        yield "; ".join(f"{name} alone: {told}" for name, told in known.items()) + f"; {other}"
    elif facts.missing and UNPROTECTING.issuperset(names):
        holding = listed(("ewc", "lwf") if exemplar_free else ("ewc", "lwf", "replay"))
        yield (
            f"{counted(len(facts.missing), 'known class')} did not arrive ({listed(facts.missing, most=5)}), and "
            f"{listed(names)} holds on to nothing of the past; what does: {holding}"
        )
    empty = [name for name in holding_nothing(before, method) if facts.scenario != "first data"]
    if empty:
        yield (
            f"{listed(empty)} holds nothing yet, for the version in use was made without: it protects the past from "
            "the next update on. For this one, bring some old examples with the new ones"
        )


def holding_nothing(before: Learner, method: Method) -> list[str]:
    """Return the methods of a chain that act by what they kept and have kept nothing."""
    found = []
    for key, each in chained(method).named:
        wanted = HOLDS_BY.get(each.name, "" if each.keeps_examples else None)
        kept = part(before.kept, key)
        if wanted is not None and not any(name.startswith(wanted) for name in kept):
            found.append(key)
    return found


def of_rate(settings: Settings) -> Iterator[str]:
    """Yield what is known to go wrong with the learning rate, where the version in use was trained elsewhere."""
    gentle = GENTLE[settings.optimiser]
    if settings.lr > gentle and settings.trains == "all":
        yield (
            f"the version in use was trained elsewhere, and lr = {settings.lr:g} may undo that before anything is "
            f"learned: begin with the head, --set trains=head, or at a rate of at most {gentle:g}, --set lr={gentle:g}"
        )


def of_data(facts: Preflight) -> Iterator[str]:
    """Yield what is known to go wrong with the data."""
    few = [f"{name} {count}" for name, count in facts.counts.items() if count < FEW]
    if few:
        yield f"{counted(len(few), 'class')} with fewer than {FEW} examples ({listed(few, most=5)}): bring more of them"
    if facts.imbalance >= UNEVEN:
        yield (
            f"the largest class has {facts.imbalance:.0f} times the examples of the smallest: the small ones will be "
            "neglected; bring more of them, or fewer of the large"
        )
    if facts.contradictions:
        yield (
            f"{counted(facts.contradictions, 'example')} with the same content as another under another label: one of "
            "the labels is wrong; mend them"
        )
