"""How the difference of two versions looks on a terminal."""

from __future__ import annotations

from typing import Any

from onward.cli.show import console, fact, percent, print_table, table
from onward.errors import listed
from onward.store.diff import Difference


def difference_lines(found: Difference) -> None:
    """Print what changed, the test sets first."""
    console().print(f"{found.first[:8]} -> {found.second[:8]}", style="bold")
    for word, names in (("added", found.classes_added), ("removed", found.classes_removed)):
        if names:
            fact("classes", f"{word}: {listed(names)}")
    if found.measures:
        measures = table("test set", "accuracy % before", "after", right=("accuracy % before", "after"))
        for test, pair in found.measures.items():
            measures.add_row(test, *(percent(measure.accuracy if measure else None) for measure in pair))
        print_table(measures)
    if found.changed:
        facts = table("fact", "before", "after")
        for name, pair in found.changed.items():
            facts.add_row(name, *map(value_text, pair))
        print_table(facts)
    weights = table("weights", "numbers", "moved by", right=("numbers", "moved by"))
    for moved in found.moved:
        distance = "-" if moved.distance is None else f"{100 * moved.distance:.2f} %"
        weights.add_row(moved.group, f"{moved.numbers:,}", distance)
    print_table(weights)


def value_text(value: Any) -> str:  # noqa: ANN401 - what a card can hold
    """Return a fact of a card as it is shown; a dash for none."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return listed(value) or "-"
    return "-" if value is None else str(value)
