"""How versions look on a terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from functools import cache
from typing import Any

from rich.console import Console
from rich.table import Table

from onward.errors import listed
from onward.record import Measure, PhaseRecord
from onward.release import Ready, Release
from onward.store.lineage import Version
from onward.types import present


WIDE = 400
"""Columns of a line where there is no terminal."""


@cache
def console() -> Console:
    """Return the terminal that all commands print to; a file or a pipe has lines as long as they need to be."""
    found = Console(highlight=False, soft_wrap=True)
    return found if found.is_terminal else Console(highlight=False, soft_wrap=True, width=WIDE)


def print_json(values: Any) -> None:  # noqa: ANN401 - JSON
    """Print values as JSON and nothing else."""
    console().print(json.dumps(values, indent=1, ensure_ascii=False, default=str), markup=False, soft_wrap=True)


def percent(share: float | None) -> str:
    """Return a share as percent, or a dash."""
    return "-" if share is None else f"{100 * share:.1f}"


def table(*columns: str, right: tuple[str, ...] = ()) -> Table:
    """Return an empty table in the style of all our tables."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, justify="right" if column in right else "left", overflow="fold")
    return made


def preflight_line(going: Ready) -> None:
    """Say what arrived."""
    known, here = going.before.classes, present(going.data)
    new = [name for name in here if name not in known]
    parts = [f"{len(going.data):,} new examples"]
    parts += [f"{len(new)} new classes ({listed(new, most=5)})"] if new else ["no new class"]
    parts += [f"{len(here) - len(new)} of {len(known)} old classes present"] if known else []
    console().print("  preflight   " + " · ".join(parts), markup=False)


def measure_text(measure: Measure) -> str:
    """Return a version on a test set as a phrase."""
    before = "" if measure.parent_accuracy is None else f"{percent(measure.parent_accuracy)} -> "
    flips = "" if measure.negative_flips is None else f" (negative flips {percent(measure.negative_flips)} %)"
    return f"{'old' if measure.old else 'new'} {measure.test} {before}{percent(measure.accuracy)} %{flips}"


def release_lines(done: Release, head: str | None) -> None:
    """Say what came of an update: evaluation, bill, gate."""
    card, out = done.version.card, console()
    for measure in card.measures:
        out.print(f"  evaluate    {measure_text(measure)}", markup=False)
    out.print(f"  bill        {bill_text(done)}", markup=False)
    word = "PASS" if done.verdict.passed else "FAIL"
    out.print(f"  gate        {word} ({done.verdict.told})", style="bold green" if done.verdict.passed else "bold red")
    for finding in done.verdict.findings:
        if finding.status != "pass":
            out.print(f"              {finding.status}: {finding.rule}: {finding.told}", markup=False)
    now = f"is head of {head}" if done.promoted else "is kept and no head names it"
    out.print(f"  version     {done.version.short} {now}", markup=False)


def bill_text(done: Release) -> str:
    """Return what an update cost, as a phrase."""
    record = done.version.card.record
    if record is None:
        return "nothing was trained"
    cost = record.cost
    share = f"{percent(done.share_of_scratch)} % of training from scratch (projected)"
    told = share if done.share_of_scratch is not None else "against scratch unknown: the first model was brought"
    flops = cost.forward_flops + cost.backward_flops
    return f"{cost.samples:,} examples, {cost.steps:,} steps, {flops:.2g} FLOPs, {cost.seconds:.1f} s, {size(cost.kept_bytes)} kept; {told}"


def size(count: float) -> str:
    """Return bytes in a readable unit."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def release_values(done: Release) -> dict[str, Any]:
    """Return what came of an update, as JSON."""
    return {
        "version": done.version.id,
        "parent": done.parent.id,
        "promoted": done.promoted,
        "share_of_scratch": done.share_of_scratch,
        "verdict": asdict(done.verdict) | {"passed": done.verdict.passed},
        "measures": [asdict(measure) for measure in done.version.card.measures],
        "cost": asdict(done.version.card.record.cost) if done.version.card.record else None,
    }


def version_lines(version: Version) -> None:
    """Print the facts of a version."""
    card, out = version.card, table("", "")
    parameters = f"{card.net.get('backbone', {}).get('net', card.net.get('net'))}"
    facts = {
        "version": version.id,
        "parent": card.parent or "none",
        "made": f"{card.created}, by {card.method}, seed {card.seed}",
        "network": parameters,
        "classes": f"{len(card.classes)}: {listed(card.classes)}" if card.classes else "none yet",
    }
    if card.data is not None:
        facts["data"] = f"{card.data.source}: {card.data.examples:,} examples, fingerprint {card.data.fingerprint[:8]}"
    facts |= {f"on {m.test}": measure_text(m).removeprefix(f"{'old' if m.old else 'new'} {m.test} ") for m in card.measures}
    if card.verdict is not None:
        facts["gate"] = ("PASS" if card.verdict.passed else "FAIL") + f" ({card.verdict.told})"
    if card.note:
        facts["note"] = card.note
    for name, fact in facts.items():
        out.add_row(name, fact)
    out.show_header = False
    console().print(out, markup=False)


def plan_table(phases: Sequence[PhaseRecord]) -> None:
    """Print the phases of a dry run."""
    out = table("phase", "examples", "mixed in", "terms", "parameters", right=("examples", "mixed in", "parameters"))
    for phase in phases:
        row = (phase.name, f"{phase.examples:,}", f"{phase.mixed} a step", " + ".join(phase.terms), f"{phase.trained:,}")
        out.add_row(*row)
    console().print(out)
    console().print("a dry run: nothing was trained and nothing was written")
