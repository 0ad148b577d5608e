"""What advice rests on: how the version in use does on what arrived, and how well its features could do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from onward.engine.evaluate import judge
from onward.formulas.two_sample import difference_interval, share_interval
from onward.learner import Learner
from onward.preflight.features import features_of, ids_of
from onward.preflight.matching import counts_of, drawn
from onward.preflight.probe import probed
from onward.rng import generator
from onward.types import Data, counted_by, known_as, present, subset

PROBED = 2000
"""Examples of each side that a probe takes: its accuracy is then known to a point, and the forward pass stays short."""


SURE = 0.99
"""The level of a loss's interval: of harmless arrivals 1 in 200 looks like a loss, much as in the test of a shift."""


@dataclass(frozen=True)
class Accuracy:
    """A share of examples that is right, with its 95 % interval."""

    examples: int
    share: float
    low: float
    high: float

    @classmethod
    def of(cls, right: Tensor) -> Accuracy | None:
        """Return the accuracy of answers, (n,) bool; None of none."""
        if not len(right):
            return None
        hits = int(right.sum())
        return cls(len(right), hits / len(right), *share_interval(hits / len(right), len(right)))

    @property
    def told(self) -> str:
        """The share with its interval, in percent."""
        return f"{100 * self.share:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f}) of {self.examples:,}"


@dataclass(frozen=True)
class Basis:
    """What was measured; nothing was trained but the probe, which is a closed form.

    Args:
        arrived: the version in use on all that arrived; it has no new class right.
        known: on what arrived of old classes.
        tests: on the old test sets, their examples of classes that it knows.
        probe: a linear classifier on its features, on what arrived, each example held out once.
        loss: the 99 % interval of the accuracy on old tests less that on what arrived, over the classes that both
            have, weighted as they arrived: that hard classes arrived is no loss. None where they share no class.
    """

    arrived: Accuracy | None = None
    known: Accuracy | None = None
    tests: Accuracy | None = None
    probe: Accuracy | None = None
    loss: tuple[float, float] | None = None


def measured(before: Learner, data: Data, old: Mapping[str, Data], seed: int) -> Basis:
    """Return how the version in use does, and how well its features could do.

    Args:
        before: the version in use.
        data: what arrived.
        old: the old test sets by source; they stand for the old classes beside what arrived.
        seed: of what is drawn.
    """
    if not before.classes:
        return Basis()
    new, held = answers(before, data), [answers(before, each) for each in old.values()]
    none = new.right[:0], new.ids[:0]
    then = Answers(*(torch.cat(each) for each in zip(none, *held, strict=True)))
    return Basis(
        arrived=Accuracy.of(new.right),
        known=Accuracy.of(new.right[new.ids >= 0]),
        tests=Accuracy.of(then.right[then.ids >= 0]),
        probe=Accuracy.of(probe_of(before, data, old, seed)),
        loss=loss_of(then, new, len(before.classes)),
    )


class Answers(NamedTuple):
    """What a version said. right: (n,) bool; ids: the true classes by the model's ids, (n,), -1 for an unknown one."""

    right: Tensor
    ids: Tensor


def answers(before: Learner, data: Data) -> Answers:
    """Return what the version in use says of all of ``data``."""
    said = judge(before, data)
    return Answers(torch.from_numpy(said.predicted == said.targets), ids_of(data, before.model))


def loss_of(then: Answers, now: Answers, classes: int) -> tuple[float, float] | None:
    """Return the 99 % interval of the accuracy then less that now, both over the classes as they are shared out now.

        p = Σ_k w_k p_k,   w_k = n_k / n now,   as sure as 1 / Σ_k (w_k² / m_k) plain examples

    with p_k the accuracy then on the m_k examples of class k; n_k of them are there now.

    Args:
        then: on old tests.
        now: on what arrived.
        classes: how many the version knows.
    """
    n, m = counts_of(now.ids, classes), counts_of(then.ids, classes)
    both = (n > 0) & (m > 0)
    if not bool(both.any()):
        return None
    hits = torch.bincount(then.ids[then.right], minlength=classes)
    weights = n[both].double() / int(n[both].sum())
    p, as_many = weights @ (hits[both].double() / m[both]), 1 / (weights.square() / m[both]).sum()
    here = now.right[(now.ids >= 0) & both[now.ids]].double()
    return difference_interval((float(p), float(as_many)), (float(here.mean()), len(here)), SURE)


def probe_of(before: Learner, data: Data, old: Mapping[str, Data], seed: int) -> Tensor:
    """Return whether each of at most ``PROBED`` new examples is right by a probe of new and old ones, (m,) bool."""
    model, draws = before.model, generator(seed, "preflight", "probe")
    names = tuple(dict.fromkeys((*model.live, *present(known_as(data, model.aliases)))))
    points, ids = [], []
    for part in (data, *old.values()):
        classes = counted_by(known_as(part, model.aliases), names).cpu()
        most = PROBED if part is data else PROBED // len(old)
        rows = drawn(torch.where(classes >= 0, 0, -1), torch.tensor([most]), draws)
        if len(rows):
            points.append(features_of(model, subset(part, rows)))
            ids.append(classes[rows])
    return probed(torch.cat(points), torch.cat(ids), len(names), draws)[: len(ids[0])]
