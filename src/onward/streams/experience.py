"""One portion of data with its test set, and a stream of them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from onward.errors import InputError, listed
from onward.types import Data, aligned, joined, present, subset


@dataclass(frozen=True, eq=False)
class Experience:
    """One portion of a stream.

    Args:
        name: what sets it apart from the others of its stream.
        train: what arrives.
        test: where it is evaluated; its targets are counted by the class names of ``train``.
        candidates: the class names among which a prediction is made when the task is told at test; else None.
        of: the experiences that come in it at once, where the task is told: each is evaluated by itself.
    """

    name: str
    train: Data
    test: Data
    candidates: tuple[str, ...] | None = None
    of: tuple[Experience, ...] = ()


Stream = tuple[Experience, ...]


def comparable(train: Data, test: Data) -> Data:
    """Return ``test`` with its targets counted by the class names of ``train``.

    Raises:
        InputError: when either is empty, or ``test`` has examples of a class that ``train`` has none of.
    """
    if not len(train) or not len(test):
        raise InputError(f"a stream needs training and test examples, got {len(train)} and {len(test)}")
    taught = set(present(train))
    untaught = [name for name in present(test) if name not in taught]
    if untaught:
        raise InputError(
            f"the test data has examples of {len(untaught)} class(es) that the training data has none of: "
            f"{listed(untaught)}. Leave them out of the test data, or add training examples"
        )
    return aligned(test, train.classes)


def portion(data: Data, rows: Tensor, owner: str) -> Data:
    """Return the given rows of ``data`` for the experience ``owner``, refused when there are none."""
    if not len(rows):
        raise InputError(f"{owner} would get none of the {len(data)} examples; cut the data into fewer parts")
    return subset(data, rows)


def together(stream: Stream) -> Stream:
    """Return a stream of one experience: all training data of another, on all its tests, each of them once."""
    trains, tests = [each.train for each in stream], list({id(each.test): each.test for each in stream}.values())
    told = any(each.candidates is not None for each in stream)
    return (Experience("all", joined(*trains), joined(*tests), of=stream if told else ()),)
