"""The rules on single classes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from onward.errors import counted, listed
from onward.gate.findings import above, telling
from onward.gate.paired import Fall, holm
from onward.gate.verdict import ACCURACY, Finding
from onward.record import Measure, Score


def pooled(measures: Sequence[Measure]) -> dict[str, Score]:
    """Return the score of each class over several test sets laid together."""
    every: dict[str, Score] = {}
    for name, score in (pair for measure in measures for pair in measure.by_class.items()):
        every[name] = together(every[name], score) if name in every else score
    return every


def together(one: Score, other: Score) -> Score:
    """Return the score on the examples of two; what one of them lacks is not known of both."""
    pairs = ((one.parent_right, other.parent_right), (one.negative_flips, other.negative_flips))
    known = (None if a is None or b is None else a + b for a, b in pairs)
    return Score(one.examples + other.examples, one.right + other.right, *known)


def on_floors(scores: Mapping[str, Score], floors: Mapping[str, float]) -> Iterator[Finding]:
    """Yield what is to be said of each class that has a floor."""
    for name, floor in floors.items():
        rule, score = f"{ACCURACY} of class {name}", scores.get(name)
        if score is None:
            yield Finding(rule, "unchecked", "no test set has an example of it; give one with --test", limit=floor)
        else:
            yield above(rule, score.right / score.examples, floor, score.examples)


def on_falls(scores: Mapping[str, Score], margin: float, confidence: float) -> Finding:
    """Return what is to be said of the fall of every class: as many tests, at one confidence together.

    Args:
        scores: of each class on the old test sets.
        margin: how far the accuracy of one may fall.
        confidence: how sure the data must be that not one of those named fell within the margin.
    """
    rule, falls = f"{ACCURACY} of each class on old tests", falls_of(scores)
    if not falls:
        return Finding(rule, "unchecked", "no old test set has a class that the parent knew", limit=margin)
    doubts = [fall.doubt(margin) for fall in falls.values()]
    broken = [name for name, bad in zip(falls, holm(doubts, confidence), strict=True) if bad]
    worst = max(broken or falls, key=lambda name: falls[name].value)
    told = listed(f"{name} {change(scores[name], falls[name])}" for name in broken or [worst])
    told, value = f"{told}, may fall by {100 * margin:g}", falls[worst].value
    if broken:
        return Finding(rule, "fail", told, value, margin)
    each = 1 - (1 - confidence) / len(falls)
    small = [name for name, fall in falls.items() if not telling(fall, margin, each)]
    if not small:
        return Finding(rule, "pass", f"most: {told}", value, margin)
    few = f"too few examples of {counted(len(small), 'class')} to check this: {listed(small, most=5)}"
    return Finding(rule, "unchecked", f"most: {told}; {few}", value, margin)


def falls_of(scores: Mapping[str, Score]) -> dict[str, Fall]:
    """Return how child and parent differ on each class; left out where that is not known."""
    falls = {}
    for name, score in scores.items():
        if score.parent_right is not None and score.negative_flips is not None:
            positive = score.right - score.parent_right + score.negative_flips
            falls[name] = Fall(score.examples, score.negative_flips, positive)
    return falls


def change(score: Score, fall: Fall) -> str:
    """Return a class's accuracy before and now, in percent."""
    now = score.right / score.examples
    return f"{100 * (now + fall.value):.1f} -> {100 * now:.1f} %"
