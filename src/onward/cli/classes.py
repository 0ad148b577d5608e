"""How the classes of a version, and what it forgot, look on a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from onward.amend.forgetting import Forgotten
from onward.cli.show import console, fact, print_table, table
from onward.errors import counted, listed
from onward.store.class_map import ClassFacts
from onward.store.version import Version


def class_lines(version: Version, found: Sequence[ClassFacts]) -> None:
    """Print a line for each class."""
    if not found:
        console().print(f"{version.short} knows no class yet")
        return
    out = table("id", "class", "since", "examples", "also called", right=("id", "examples"))
    for each in found:
        other = f"counted as {each.merged_into}" if each.merged_into else ", ".join(each.aliases)
        out.add_row(str(each.id), each.name, (each.since or version.id)[:8], f"{each.examples:,}", other)
    print_table(out)


def forgotten_lines(done: Forgotten) -> None:
    """Say what was found and taken out, and what is not."""
    fact("kept", f"{done.found:,} of {counted(done.asked, 'example')} found" + (" and taken out" if done.found else ""))
    for name in done.dropped:
        fact("", f"all that {name} kept is left out: one example cannot be taken out of it")
    if done.version is None:
        fact("version", f"nothing that {done.parent.short} keeps has to do with them, so no new one was made")
    fact("weights", "stay as they are; only training anew without these examples takes out what they learnt of them")
    if done.holders:
        still = listed((version.short for version in done.holders), most=20)
        fact("earlier", f"{counted(len(done.holders), 'version')} of the lineage still {keep(done)} some: {still}")


def keep(done: Forgotten) -> str:
    """Return the verb for as many versions as there are."""
    return "keeps" if len(done.holders) == 1 else "keep"
