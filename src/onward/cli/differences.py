"""How the difference of two versions looks on a terminal."""

from __future__ import annotations

from onward.cli.show import console, percent, table
from onward.errors import listed
from onward.store.diff import Difference


def difference_lines(found: Difference) -> None:
    """Print what changed, the test sets first."""
    out = console()
    out.print(f"{found.first[:8]} -> {found.second[:8]}", style="bold")
    for word, names in (("added", found.classes_added), ("removed", found.classes_removed)):
        if names:
            out.print(f"classes {word}: {listed(names)}", markup=False)
    if found.measures:
        measures = table("test set", "accuracy before", "after", right=("accuracy before", "after"))
        for test, (before, after) in found.measures.items():
            shares = [percent(measure.accuracy if measure else None) for measure in (before, after)]
            measures.add_row(test, *shares)
        out.print(measures, markup=False)
    facts = table("fact", "before", "after")
    for name, (before, after) in found.changed.items():
        facts.add_row(name, str(before), str(after))
    out.print(facts, markup=False)
    weights = table("weights", "numbers", "moved by", right=("numbers", "moved by"))
    for moved in found.moved:
        distance = "new" if moved.distance is None else f"{100 * moved.distance:.2f} %"
        weights.add_row(moved.group, f"{moved.numbers:,}", distance)
    out.print(weights, markup=False)
