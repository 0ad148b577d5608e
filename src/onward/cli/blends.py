"""How what lies between versions looks on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from onward.blend.choosing import Choice
from onward.blend.connection import Connection
from onward.blend.making import Blended
from onward.cli.show import fact, percent, print_table, table
from onward.cli.updates import release_lines, release_values
from onward.errors import listed

STATISTICS = {
    "anew": "batch norm's are taken anew",
    "interpolated": "batch norm's are averaged as weights are; --statistics SOURCE takes them anew",
}
"""What is said of running statistics, where there are some that moved."""

SEEN = 5e-5
"""The least barrier that is more than 0 as it is shown."""


def connection_lines(found: Connection) -> None:
    """Print loss and accuracy at each point of a line, the barriers, and the eigenvalues that were asked for."""
    profiles = found.profiles
    fact("line", f"{found.first[:8]} (alpha 0) to {found.second[:8]} (alpha 1)")
    if not found.related:
        fact("warning", "they have no common ancestor", "yellow")
    if found.statistics in STATISTICS:
        fact("statistics", STATISTICS[found.statistics])
    marks = [f"[{k}]" for k in range(1, len(profiles) + 1)]
    for mark, each in zip(marks, profiles, strict=True):
        fact(mark, each.data)
    titles = [title for mark in marks for title in (f"loss {mark}", f"right % {mark}")]
    rows = table("alpha", *titles, right=("alpha", *titles))
    for k, alpha in enumerate(profiles[0].alphas):
        values = [(f"{each.losses[k]:.4f}", percent(each.accuracies[k])) for each in profiles]
        rows.add_row(f"{alpha:.3g}", *(value for pair in values for value in pair))
    print_table(rows)
    for mark, each in zip(marks, profiles, strict=True):
        where = f", highest at alpha {each.highest:.3g}" if each.barrier >= SEEN else ""
        fact("barrier", f"{each.barrier:.4f} {mark}{where}")
    for mark, each in zip(marks, found.sharpness, strict=False):
        first, second = (listed((f"{value:.4g}" for value in end), most=len(end)) for end in (each.first, each.second))
        fact("curvature", f"{first} at alpha 0; {second} at alpha 1 {mark}")


def connection_values(found: Connection) -> dict[str, Any]:
    """Return what lies between two versions, as JSON, with what follows from it."""
    profiles = [{**asdict(each), "barrier": each.barrier, "highest": each.highest} for each in found.profiles]
    return {**asdict(found), "profiles": profiles}


def blended_lines(done: Blended, chosen_on: Sequence[str], head: str | None) -> None:
    """Print what was chosen, of what the version was made, and what came of it."""
    if done.choice is not None:
        fact("chosen", choice_text(done.choice, chosen_on))
    if done.release is None:
        in_use = done.parts.parts[0].version.short
        fact("version", f"none was made: nothing that was tried is better than {in_use}, the version in use")
        return
    fact("made", done.release.version.card.act)
    if (statistics := done.parts.done_about_statistics) in STATISTICS:
        fact("statistics", STATISTICS[statistics])
    release_lines(done.release, head)


def choice_text(choice: Choice, chosen_on: Sequence[str]) -> str:
    """Return what was chosen, as a phrase, beside what there was before."""
    best, on = choice.chosen, listed(chosen_on)
    right = f"{percent(best.accuracy)} % right of {on}"
    if len(best.weights) == 2:
        ends = f"alpha 0 has {percent(choice.tried[0].accuracy)}, alpha 1 {percent(choice.tried[-1].accuracy)}"
        return f"alpha {best.weights[1]:.3g} of {len(choice.tried)}, {right}; {ends}"
    alone = choice.tried[: len(best.weights)]
    inside = sum(weight > 0 for weight in best.weights)
    first, most = percent(alone[0].accuracy), percent(max(each.accuracy for each in alone))
    return f"{inside} of {len(alone)} versions, {right}; the first alone has {first}, the best alone {most}"


def blended_values(done: Blended) -> dict[str, Any]:
    """Return what came of a blend, as JSON."""
    tried = [asdict(each) for each in done.choice.tried] if done.choice is not None else []
    if done.release is None:
        return {"version": None, "parent": done.parts.parts[0].version.id, "promoted": False, "tried": tried}
    made = done.release.version.card.blend
    return {**release_values(done.release), "blend": asdict(made) if made else None, "tried": tried}
