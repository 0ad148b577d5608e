"""A version that is the mean of several: judged by the gate as an update is, kept, and promoted or not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from onward.blend.choosing import Choice, best_alpha, greedy_soup
from onward.blend.held_out import given, recorded, with_statistics
from onward.blend.parts import Part, Parts, check_related, parts_of
from onward.catalogue import written
from onward.errors import InputError, counted, hold
from onward.learner import Learner
from onward.privacy import refuse_examples
from onward.record import Blend
from onward.release.held_out import HeldOut, check_apart
from onward.release.judging import Standard, judged_by_gate
from onward.release.making import Release, placed
from onward.release.rules import Rules, rules_of
from onward.store.card import Card
from onward.store.heads import allow
from onward.store.lineage import Lineage


@dataclass(frozen=True)
class Recipe:
    """Which mean is wanted.

    Args:
        alpha: how far from the first of two versions to the second, in [0, 1]; None gives all the same weight, unless
            the weights are to be chosen.
        chosen_on: sources of held-out data on which the weights are chosen: of two versions by a grid of α, of more as
            a greedy soup.
        points: of that grid, at least 2.
        statistics: sources of the data from which batch norm's running statistics are taken anew; () averages them.
        note: the user's words, for the card.

    Raises:
        InputError: when both are asked for, or a number is out of its range.
    """

    alpha: float | None = None
    chosen_on: tuple[str, ...] = ()
    points: int = 11
    statistics: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot be done."""
        rules = {
            "alpha must be in [0, 1]": self.alpha is None or 0 <= self.alpha <= 1,
            "alpha must be left out where it is to be chosen": self.alpha is None or not self.chosen_on,
            "points must be >= 2": self.points >= 2,
        }
        hold(rules, vars(self))


@dataclass(frozen=True)
class Blended:
    """What came of it.

    Args:
        release: the new version, judged; None where the version in use was chosen as it is.
        parts: of what it was made.
        choice: what was tried; None where the weights were given.
    """

    release: Release | None
    parts: Parts
    choice: Choice | None


def blended(
    lineage: Lineage,
    references: Sequence[str],
    recipe: Recipe,
    promote_to: str | None = None,
    data_dir: Path | None = None,
) -> Blended:
    """Make a version that is the mean of several, put it before the gate, keep it, and promote it if the gate lets it.

    Args:
        lineage: where they are.
        references: the version in use first: the parent, beside which the child is judged.
        recipe: which mean.
        promote_to: the head that is to name it if the gate lets it; None promotes nothing.
        data_dir: where data sets by name are looked for.

    Raises:
        InputError: when the versions cannot be averaged, or something that was given cannot be read or used; nothing
            is written.
        StoreError: when a version is not what its card says, or the head has moved meanwhile.
    """
    if promote_to is not None:
        allow(promote_to)
    rules, heads = rules_of(lineage), lineage.heads.all()
    parts = gathered(lineage, references, recipe, data_dir)
    if rules.privacy.exemplar_free:
        refuse_examples(parts.frame.learner.method)
    slices = {name: each.source for name, each in rules.gate.slices.items()}
    tests, missing = recorded(parts.parts, parts.frame, data_dir, slices)
    choice = chosen(parts, recipe, tests, data_dir) if recipe.chosen_on else None
    weights = weights_of(recipe, len(parts.parts)) if choice is None else choice.chosen.weights
    first = parts.parts[0]
    if choice is not None and weights[0] == 1 and first.learner.classes == parts.frame.learner.classes:
        return Blended(None, parts, choice)
    after = parts.learner(weights)
    card = judged_by_gate(standard(rules, parts, tests, missing), after, card_of(parts, weights, recipe))
    return Blended(placed(lineage, after, card, first.version, promote_to, heads), parts, choice)


def gathered(lineage: Lineage, references: Sequence[str], recipe: Recipe, data_dir: Path | None) -> Parts:
    """Return the versions that are to be averaged.

    Raises:
        InputError: when they cannot be, or there are too few or too many.
    """
    if len(references) < 2:
        raise InputError("a blend is made of two versions at least; name another one, or how many with --last")
    if recipe.alpha is not None and len(references) != 2:
        raise InputError(
            f"alpha lies between two versions, and {len(references)} are named; without it they all count alike"
        )
    parts = parts_of([Part.of(lineage, reference) for reference in references])
    check_related(parts.parts)
    return with_statistics(parts, recipe.statistics, data_dir)


def last_of(lineage: Lineage, reference: str, count: int) -> list[str]:
    """Return the ids of a version and of those before it, ``count`` in all, the youngest first.

    Raises:
        InputError: when there are not so many.
    """
    line = [version.id for version in lineage.history(reference)]
    if not 2 <= count <= len(line):
        raise InputError(f"{reference} and those before it are {counted(len(line), 'version')}, got --last {count}")
    return line[:count]


def chosen(parts: Parts, recipe: Recipe, tests: Sequence[HeldOut], data_dir: Path | None) -> Choice:
    """Return the best mean on held-out data.

    Raises:
        InputError: when that cannot be read, or is in a test set on which the gate will judge.
    """
    sets = given(recipe.chosen_on, parts.frame, data_dir)
    check_apart(sets, tests)
    return best_alpha(parts, sets, recipe.points) if len(parts.parts) == 2 else greedy_soup(parts, sets)


def weights_of(recipe: Recipe, count: int) -> tuple[float, ...]:
    """Return the weights of ``count`` versions that are not to be chosen."""
    return (1 / count,) * count if recipe.alpha is None else (1 - recipe.alpha, recipe.alpha)


def standard(rules: Rules, parts: Parts, tests: tuple[HeldOut, ...], missing: tuple[str, ...]) -> Standard:
    """Return what the child is held against: the first version, on the test sets of all."""
    before: Learner = parts.parts[0].learner
    example = tests[0].data.take(torch.zeros(1, dtype=torch.int64)).inputs if tests else None
    return Standard(rules.gate, before, tests, missing, example)


def card_of(parts: Parts, weights: Sequence[float], recipe: Recipe) -> Card:
    """Return what the child says of itself before it is judged."""
    first, frame = parts.parts[0].version, parts.frame
    shares = {part.version.id: weight for part, weight in zip(parts.parts, weights, strict=True)}
    told = " + ".join(f"{weight:.3g} of {id[:8]}" for id, weight in shares.items() if weight)
    return Card(
        net={},
        method=written(frame.learner.method),
        act=f"blend {told}",
        blend=Blend(shares, frame.version.id, recipe.chosen_on, recipe.statistics),
        seed=first.card.seed,
        parent=first.id,
        tests=tuple(dict.fromkeys(test for part in parts.parts for test in part.version.card.tests)),
        exemplar_free=frame.version.card.exemplar_free,
        note=recipe.note,
    )
