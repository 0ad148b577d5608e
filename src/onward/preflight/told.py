"""What a preflight found, as lines to read."""

from __future__ import annotations

from onward.errors import counted, listed
from onward.preflight.facts import Preflight
from onward.preflight.fitness import fitting


def lines(facts: Preflight, exemplar_free: bool = False) -> list[tuple[str, str]]:
    """Return each line as the word that says what it is about, "" for the one before, and its text.

    Args:
        facts: what was found.
        exemplar_free: whether no example may be kept; methods that keep some then do not fit.
    """
    known = len(facts.old) + len(facts.missing)
    new = f"{counted(len(facts.new), 'new class')} ({listed(facts.new, most=5)})" if facts.new else "no new class"
    parts = [counted(facts.examples, "new example"), new]
    parts += [f"{len(facts.old)} of {counted(known, 'old class')} present"] if known else []
    told = [("preflight", " · ".join(parts))]
    if found := oddities(facts):
        told.append(("", " · ".join(found)))
    fits = listed(fitting(facts.scenario, exemplar_free))
    told.append(("scenario", f"{facts.scenario}; methods that fit: {fits}"))
    if facts.shift is not None:
        told.append(("shift", facts.shift.told))
    return told + [("warning", warning) for warning in facts.warnings]


def oddities(facts: Preflight) -> list[str]:
    """Return what is not as one would wish it, as phrases."""
    found = [f"the largest class {facts.imbalance:.1f} times the smallest"] if facts.imbalance >= 2 else []
    counts = {
        "duplicate": facts.duplicates,
        "contradictory label": facts.contradictions,
        "unlabeled file": facts.unlabeled,
        "corrupt file": facts.corrupt,
    }
    found += [counted(count, noun) for noun, count in counts.items() if count]
    return found + [f"{counted(count, 'example')} also in {test}" for test, count in facts.overlap.items() if count]
