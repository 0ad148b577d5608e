"""How an update looks on a terminal: before, as a plan, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from onward.catalogue import written
from onward.cli.options import DEFAULT_LINEAGE
from onward.cli.show import console, fact, flops, percent, print_table, size, table
from onward.errors import counted
from onward.gate.verdict import Verdict
from onward.preflight.told import lines
from onward.record import Cost, Measure, PhaseRecord, Share

if TYPE_CHECKING:  # what updates need takes a second to load, which `log` and `show` need not wait for
    from onward.release.arrival import Ready
    from onward.release.making import Release

STYLES = {"PASS": "bold green", "FAIL": "bold red", "UNCHECKED": "bold yellow"}


def preflight_lines(going: Ready) -> None:
    """Say what arrived, and by which method the model is to take it in."""
    for name, text in lines(going.preflight, going.exemplar_free):
        if name != "shift" or going.preflight.old:  # where no old class arrived, the first line says so
            fact(name, text, "yellow" if name == "warning" else None)
    fact("method", method_of(going))
    for name, count in dropped(going).items():
        fact("", f"what {name} kept ({size(count)}) ends here: this method has no {name}")


def method_of(going: Ready) -> str:
    """Return the method of an update that is about to be made, as it is written."""
    return written(going.method)


def dropped(going: Ready) -> dict[str, int]:
    """Return the bytes of what each method of the parent kept and the update's method does not carry on."""
    carried, lost = dict(going.method.named), {}
    for key, tensor in going.before.kept.items():
        name = key.partition("/")[0]
        if name not in carried:
            lost[name] = lost.get(name, 0) + tensor.nbytes
    return lost


def plan_lines(phases: Sequence[PhaseRecord]) -> None:
    """Print the phases of a dry run."""
    right = ("examples", "a step", "steps", "parameters")
    out = table("phase", "examples", "a step", "steps", "parameters", "terms", right=right)
    for phase in phases:
        batch = f"{phase.batch_size}" + (f" + {phase.mixed} mixed in" if phase.mixed else "")
        counts = (f"{phase.examples:,}", batch, f"{phase.planned:,}", f"{phase.trained:,}")
        out.add_row(phase.name, *counts, " + ".join(phase.terms))
    print_table(out)
    console().print("a dry run: nothing was trained and nothing was written")


def measure_texts(measures: Sequence[Measure]) -> list[str]:
    """Return what a version does on each test set as a phrase; they stand below one another."""
    wide = max((len(measure.test) for measure in measures), default=0)
    kinds = [each.slice or ("old" if each.old else "new") for each in measures]
    first = max(map(len, kinds), default=0)
    pairs = zip(kinds, measures, strict=True)
    return [f"{kind:<{first}}  {each.test:<{wide}}  {accuracy_text(each)}" for kind, each in pairs]


def accuracy_text(measure: Measure) -> str:
    """Return a measure's numbers, with those of the parent where it has any."""
    if measure.parent_accuracy is None:
        return f"{percent(measure.accuracy):>5} %"
    change = f"{percent(measure.parent_accuracy):>5} -> {percent(measure.accuracy):>5} %"
    return f"{change}  negative flips {percent(measure.negative_flips)} %" if measure.parent_accuracy else change


def bill_text(cost: Cost) -> str:
    """Return what an update cost, as a phrase."""
    done = f"{counted(cost.samples, 'example')}, {counted(cost.steps, 'step')}"
    spent = f"{flops(cost.flops)}, {cost.seconds:.1f} s"
    energy = "" if cost.joules is None else f", {cost.joules:,.0f} J"
    return f"{done}, {spent}{energy}, at most {size(cost.peak_memory)} in memory, {size(cost.kept_bytes)} kept"


def share_text(share: Share | None) -> str:
    """Return what an update cost against training from scratch, as a phrase."""
    if share is None:
        return "against training from scratch: unknown, as is what the first model was trained on (init --trained-on)"
    time = "" if share.seconds is None else f", {percent(share.seconds)} % of its time"
    return f"{percent(share.value)} % of training from scratch{time} ({share.kind}: {share.of})"


def gate_text(verdict: Verdict) -> str:
    """Return what the gate said, as a phrase."""
    return f"{verdict.word} ({verdict.told})"


def word(verdict: Verdict | None) -> str:
    """Return what the gate said, in a word; nothing where it was not asked."""
    return "" if verdict is None else verdict.word


def release_lines(done: Release, head: str | None) -> None:
    """Say what came of an update: evaluation, bill, gate."""
    card, verdict = done.version.card, done.verdict
    for text in measure_texts(card.measures):
        fact("evaluate", text)
    if card.record is not None:
        fact("bill", bill_text(card.record.cost))
        fact("", share_text(card.share))
    fact("gate", gate_text(verdict), STYLES[verdict.word])
    for finding in verdict.findings:
        if finding.status != "pass":
            fact("", f"{finding.status}: {finding.rule}: {finding.told}")
    now = f"is head of {head}" if done.promoted else "is kept and no head names it"
    fact("version", f"{done.version.short} {now}")
    if head is not None and not done.promoted:
        place = done.version.path.parent.parent
        where = "" if place == DEFAULT_LINEAGE else f" --lineage {place}"
        fact("", f"to use it all the same: onward promote {done.version.short} {head}{where}")


def release_values(done: Release) -> dict[str, Any]:
    """Return what came of an update, as JSON."""
    return {
        "version": done.version.id,
        "parent": done.parent.id,
        "promoted": done.promoted,
        "preflight": asdict(done.version.card.preflight) if done.version.card.preflight else None,
        "share_of_scratch": asdict(done.version.card.share) if done.version.card.share else None,
        "verdict": done.verdict.values(),
        "measures": [asdict(measure) for measure in done.version.card.measures],
        "cost": asdict(done.version.card.record.cost) if done.version.card.record else None,
    }
