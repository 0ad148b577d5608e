"""Whether old classes look as they used to: a two-sample test on the model's own features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Generator, Tensor

from onward.errors import counted
from onward.formulas.two_sample import cross_fitted, principal, separation, separation_chance
from onward.nets.classifier import Classifier
from onward.preflight.facts import Shift
from onward.preflight.features import features_of, ids_of
from onward.preflight.matching import at_most, counts_of, drawn, shared
from onward.rng import generator
from onward.types import Data, subset

FEWEST = 50
"""Examples of each side below which nothing is said: an AUC of 25 scores against 25 strays by 0.08 by itself."""

MOST = 1000
"""Examples of each side: an AUC is then known to 0.02, and more would cost a forward pass for nothing."""

COMPONENTS = 32
"""Principal components of the features: what ``FEWEST`` examples can fit a line to, held by the formula's ridge."""

REPEATS = 100
"""How often the old data is held against itself."""

QUANTILE = 0.99
"""The share of those that stay below the threshold."""

SMALL = 0.01
"""The p-value below which an AUC is no chance."""


def shift_of(model: Classifier, data: Data, old: Mapping[str, Data], seed: int) -> Shift:
    """Return whether examples of old classes look to the model as they did.

    The new examples of old classes are held against held-back old ones, as many of each class, and each class around
    its own mean: neither other shares of the classes nor the differences between them count as a shift.

    Args:
        model: the version in use.
        data: what arrived.
        old: held-back old examples by source; classes that the model does not know are left aside.
        seed: of what is drawn.
    """
    draws = generator(seed, "preflight", "shift")
    known = {source: ids for source, part in old.items() if bool(((ids := ids_of(part, model)) >= 0).any())}
    here = ids_of(data, model)
    there = torch.cat([here[:0], *known.values()])
    wanted = at_most(shared(here, there, len(model.classes)), MOST)
    if (n := int(wanted.sum())) < FEWEST:
        return unchecked(n, arrived=bool((here >= 0).any()), tested=bool(old))
    arrived = drawn(here, wanted, draws)
    pool = drawn(there, 2 * wanted, draws)  # twice as many: so two parts of it are as large as the two sides
    before, ids = features_from(model, [old[source] for source in known], pool), there[pool]
    same = drawn(ids, wanted, draws)
    after = features_of(model, subset(data, arrived))
    points = coordinates(torch.cat([after, before[same]]), ids[same].repeat(2))
    scores = cross_fitted(points[:n], points[n:])
    statistic, p = separation(scores), separation_chance(scores)
    threshold = usual(coordinates(before, ids), ids, wanted, draws)
    shifted = statistic > threshold and p < SMALL
    told = (
        f"AUC {statistic:.2f} of telling new from old ({counted(n, 'example')} each), p {p:.1g}; parts of the old data "
        f"stay below {threshold:.2f}: {'the domain has shifted' if shifted else 'no shift'}"
    )
    return Shift(told, statistic, p, threshold, shifted, n, tuple(known))


def unchecked(n: int, arrived: bool, tested: bool) -> Shift:
    """Return that there are too few examples whose class both sides have.

    Args:
        n: how many.
        arrived: whether any of an old class did.
        tested: whether there is an old test set.
    """
    why = f"{counted(n, 'shared example')}, {FEWEST} are needed" if arrived else "no old class arrived"
    return Shift(f"not checked: {why if tested else 'no old test set can be read'}", examples=n)


def usual(points: Tensor, ids: Tensor, wanted: Tensor, draws: Generator) -> float:
    """Return the AUC that two parts of the old data stay below, ``QUANTILE`` of the times.

    Args:
        points: the old data's, (n, k).
        ids: its classes, (n,).
        wanted: examples of each class on each side; where there are not twice as many, half of those there are.
        draws: from which the parts are drawn.
    """
    half = torch.minimum(wanted, counts_of(ids, len(wanted)) // 2)
    found = []
    for _ in range(REPEATS):
        rows = drawn(ids, 2 * half, draws)
        found.append(separation(cross_fitted(points[rows[0::2]], points[rows[1::2]])))
    return float(torch.tensor(found, dtype=torch.float64).quantile(QUANTILE))


def coordinates(points: Tensor, ids: Tensor) -> Tensor:
    """Return points, (n, d), each less the mean of its class, by their principal components, (n, k)."""
    sums = points.new_zeros(int(ids.max()) + 1, points.shape[1]).index_add(0, ids, points)
    means = sums / counts_of(ids, len(sums)).clamp(min=1)[:, None]
    return principal(points - means[ids], COMPONENTS)


def features_from(model: Classifier, parts: Iterable[Data], rows: Tensor) -> Tensor:
    """Return the features of rows, (m,), of several data sets counted through, (m, d); each is read by itself."""
    found = torch.zeros(len(rows), model.head.in_features, dtype=torch.float64)
    start = 0
    for part in parts:
        here = (rows >= start) & (rows < start + len(part))
        if bool(here.any()):
            found[here] = features_of(model, subset(part, rows[here] - start))
        start += len(part)
    return found
