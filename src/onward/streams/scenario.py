"""How data is cut into a stream: data-, class-, task- and domain-incremental; or given part by part.

The words are those of van de Ven, Tuytelaars & Tolias 2022, "Three types of incremental learning", Nature
Machine Intelligence 4, with data-incremental for more data of the same classes from the same domain. The
parts of a cut are disjoint and cover the training data; the same seed makes the same cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from onward.errors import InputError, listed
from onward.rng import generator
from onward.streams.experience import Experience, Stream, comparable, portion
from onward.streams.options import cut, number, require, whole
from onward.streams.shifts import Shift, shifted
from onward.streams.splits import dirichlet_sizes, even_sizes, grouped, ordered, rows_of, shuffled, split_rows
from onward.types import Data, aligned, known_as, present, shape_of

Sizes = Literal["uniform", "dirichlet"]


def data_incremental(
    train: Data,
    test: Data,
    parts: int,
    seed: int,
    *,
    sizes: Sizes = "uniform",
    concentration: float = 1.0,
    stratified: bool = False,
) -> Stream:
    """Return a stream in which more examples of the same classes arrive; each is tested on all of ``test``.

    The three options are independent properties of one split, so they stand side by side.

    Args:
        train: what is split.
        test: the test set of every experience.
        parts: how many experiences, >= 1.
        seed: of the split.
        sizes: of the experiences: ``uniform``, equal to within one; or ``dirichlet``, drawn, none empty.
        concentration: of the Dirichlet distribution, > 0; the smaller, the less equal the sizes.
        stratified: give every experience the class proportions of the whole.

    Raises:
        InputError: when an option is out of its range, or there are fewer examples than parts.
    """
    rules = {
        "sizes must be uniform or dirichlet": (sizes, sizes in ("uniform", "dirichlet")),
        "concentration must be a number > 0": (concentration, number(concentration) and concentration > 0),
        "stratified must be true or false": (stratified, isinstance(stratified, bool)),
    }
    require("data-incremental", {**cut(parts, seed), **rules})
    test = comparable(train, test)
    counts = (
        even_sizes(len(train), parts)
        if sizes == "uniform"
        else dirichlet_sizes(len(train), parts, concentration, generator(seed, "data-incremental", "sizes"))
    )
    split = split_rows(train.targets, counts, generator(seed, "data-incremental", "rows"), stratified)
    return tuple(
        Experience(f"part {k}", portion(train, rows, f"part {k}"), test) for k, rows in enumerate(split, start=1)
    )


def class_incremental(
    train: Data, test: Data, parts: int, seed: int, *, order: Sequence[str] | None = None, first: int | None = None
) -> Stream:
    """Return a stream in which new classes arrive; each experience is tested on its own classes.

    Args:
        train: what is split, by class.
        test: what is split likewise.
        parts: how many experiences, >= 1; each has as many classes as the next, to within one.
        seed: of the order of the classes.
        order: the names of all classes in the order in which they arrive; the seed then decides nothing.
        first: how many classes the first experience has, as where a network was trained on many of them before; the
            others then share the rest. None is as many as any.

    Raises:
        InputError: when there are fewer classes than parts, or ``order`` does not name each class once.
    """
    listed_names = order is None or (isinstance(order, list | tuple) and all(isinstance(name, str) for name in order))
    test, names = comparable(train, test), present(train)
    most = len(names) - parts + 1 if whole(parts) else len(names)
    least = most if parts == 1 else 1
    leaves_enough = first is None or (whole(first, least) and first <= most)
    rules = {
        "order must be a list of class names, or left out": (order, listed_names),
        f"first must be a whole number of classes from {least} to {most}, or left out": (first, leaves_enough),
    }
    require("class-incremental", {**cut(parts, seed), **rules})
    arrival = shuffled(names, generator(seed, "class-incremental", "order")) if order is None else order
    arriving = ordered(names, arrival)
    if first is None or parts == 1:
        groups = grouped(arriving, parts)
    else:
        groups = [arriving[:first], *grouped(arriving[first:], parts - 1)]
    return tuple(_of_classes(train, test, group, f"classes {listed(group, most=5)}") for group in groups)


def task_incremental(
    train: Data, test: Data, parts: int, seed: int, *, order: Sequence[str] | None = None, first: int | None = None
) -> Stream:
    """Return ``class_incremental`` with the task told at test: predictions stay among its classes."""
    stream = class_incremental(train, test, parts, seed, order=order, first=first)
    return tuple(replace(experience, candidates=present(experience.train)) for experience in stream)


def classes_as_domains(train: Data, test: Data, parts: int, seed: int, *, order: Sequence[str] | None = None) -> Stream:
    """Return ``class_incremental`` with each class called by its place among those of its part, by their ids.

    So Split MNIST is taught to one head of two rows, which tell in each part the first digit from the second.

    Raises:
        InputError: as there; and when the parts cannot all have as many classes.
    """
    stream = class_incremental(train, test, parts, seed, order=order)
    groups = [present(experience.train) for experience in stream]
    if len({len(group) for group in groups}) > 1:
        raise InputError(
            f"{sum(map(len, groups))} classes make no {parts} parts of as many each, so their places do not have the "
            "same names; ask for a number of parts that divides them"
        )
    places = {name: f"place {k}" for group in groups for k, name in enumerate(group, start=1)}
    return tuple(replace(each, train=known_as(each.train, places), test=known_as(each.test, places)) for each in stream)


def domain_incremental(train: Data, test: Data, shifts: Sequence[Shift]) -> Stream:
    """Return a stream in which the same classes arrive from new domains: all of the data under each shift.

    Data in memory is then held once for each shift.

    Args:
        train: what arrives in each domain.
        test: what each domain is tested on, under the same shift.
        shifts: the domains, as ``rotated`` and ``permuted`` make them.

    Raises:
        InputError: when there is no shift, or one does not fit the inputs.
    """
    if not shifts:
        raise InputError("a domain-incremental stream needs at least one shift, got none")
    test = comparable(train, test)
    return tuple(Experience(shift.name, shifted(train, shift), shifted(test, shift)) for shift in shifts)


def in_turn(parts: Mapping[str, tuple[Data, Data]]) -> Stream:
    """Return a stream whose parts are given: one data set after another, each with its test.

    A class that several of them name is one class; all others are new.

    Args:
        parts: training and test data by the part's name, in the order in which they arrive.

    Raises:
        InputError: when there is none, the inputs of two have different shapes, or a test has classes of its own.
    """
    if not parts:
        raise InputError("a stream of parts needs at least one, got none")
    sets = {name: (train, comparable(train, test)) for name, (train, test) in parts.items()}
    shapes = {name: shape_of(train) for name, (train, _) in sets.items()}
    if len(set(shapes.values())) > 1:
        told = listed(f"{name} {shape}" for name, shape in shapes.items())
        raise InputError(
            f"the parts have inputs of different shapes: {told}; "
            "bring images to one form in their sources, as with @size=32@channels=3"
        )
    names = tuple(dict.fromkeys(name for train, _ in sets.values() for name in train.classes))
    return tuple(Experience(name, aligned(train, names), aligned(test, names)) for name, (train, test) in sets.items())


def _of_classes(train: Data, test: Data, names: Sequence[str], called: str) -> Experience:
    """Return the experience of the classes ``names``."""
    return Experience(
        called,
        portion(train, rows_of(train, names), f"the training set of {called}"),
        portion(test, rows_of(test, names), f"the test set of {called}"),
    )
