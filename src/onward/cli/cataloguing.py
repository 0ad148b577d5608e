"""The command that tells of the methods of updating."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from onward.cli import options

if TYPE_CHECKING:
    from onward.preflight.facts import Scenario

SHORT: dict[Scenario, str] = {
    "same classes": "same",
    "new classes": "new",
    "shifted domain": "shift",
    "mixed": "mixed",
}
"""The scenarios in the space of a table."""


def methods(name: options.MethodName = None, as_json: options.AsJson = False) -> None:
    """List the methods of updating, or tell all of one.

    Of each: the scenarios in which it is not known to lose what it was (same classes, new ones without the old, a
    shifted domain, a mixture), what it keeps, and what is known of it beside the numbers of its paper.
    """
    from onward import catalogue
    from onward.cli.show import console, fact, print_json, print_table, table

    wanted = (*catalogue.names(), *catalogue.CHAINS) if name is None else (name,)
    told = [told_of(each) for each in wanted]
    if as_json:
        print_json(told)
        return
    if name is not None:
        (one,) = told
        console().print(f"{name}\n\n{one['told']}\n")
        if one["fields"]:
            fact("fields", ", ".join(f"{field['name']}={field['default']!r}" for field in one["fields"]))
        if one["holds"] is not None:
            fact("holds", ", ".join(one["holds"]) or "nothing of the past in any scenario")
        return
    out = table("method", "holds", "keeps", "status", "what it does")
    for each in told:
        held = "-" if each["holds"] is None else ", ".join(SHORT[scenario] for scenario in each["holds"])
        status = each["sections"].get("Status", "-").partition(":")[0]
        out.add_row(each["name"], held, kept(each["sections"]), status, each["told"].partition("\n")[0])
    print_table(out)


def kept(sections: Mapping[str, str]) -> str:
    """Return what a method keeps in a few words: without the names of the tensors, and the first of several things."""
    first = sections.get("Keeps", "-").partition(";")[0].replace("``", "")
    return first.partition(": ")[2] or first


def told_of(name: str) -> dict[str, Any]:
    """Return what there is to tell of a method, or of a chain that has a name, as values.

    What a method of another package holds is not known: None.
    """
    import inspect

    from onward import catalogue
    from onward.docstring import parted
    from onward.preflight.fitness import holding

    chain = catalogue.CHAINS.get(name)
    told = f"The chain {chain}." if chain else inspect.getdoc(catalogue.method_class(name)) or ""
    ours = chain or catalogue.method_class(name).__module__.startswith("onward.methods.")
    return {
        "name": name,
        "told": told,
        "fields": [] if chain else [asdict(field) for field in catalogue.fields_of(name)],
        "holds": holding(catalogue.parsed(name)) if ours else None,
        "sections": {} if chain else {k: " ".join(v.split()) for k, v in parted(told)[1].items() if k != "Example"},
    }
