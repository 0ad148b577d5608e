"""Which rows, and which classes, go to which part. Every split is disjoint and covers what it splits."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import torch
from torch import Generator, Tensor

from onward.errors import InputError, listed
from onward.types import Data


def even_sizes(n: int, parts: int, what: str = "examples") -> list[int]:
    """Return the sizes of ``parts`` parts of n things, equal to within one, the larger ones first.

    Raises:
        InputError: when a part would be empty; the message calls the things ``what``.
    """
    if n < parts:
        raise InputError(f"{n} {what} cannot fill {parts} parts: {parts - n} would be empty. Ask for fewer parts")
    return [n // parts + (part < n % parts) for part in range(parts)]


def dirichlet_sizes(n: int, parts: int, concentration: float, generator: Generator) -> list[int]:
    """Return random sizes of ``parts`` parts of n things: one each, the rest by shares ~ Dirichlet(α, …, α).

    Args:
        n: how many things, >= parts.
        parts: how many parts, >= 1.
        concentration: α > 0. Large: nearly equal sizes. Small: one part has nearly everything.
        generator: where the shares are drawn from.

    Raises:
        InputError: when a part would be empty.
    """
    rest = n - len(even_sizes(n, parts))
    # Gamma variates, normalised: torch's Dirichlet distribution takes no generator.
    drawn = torch._standard_gamma(torch.full((parts,), concentration, dtype=torch.float64), generator=generator)
    ends = (drawn.cumsum(0) / drawn.sum() * rest).round().long()
    return (1 + torch.diff(ends, prepend=torch.zeros(1, dtype=torch.int64))).tolist()


def split_rows(targets: Tensor, sizes: Sequence[int], generator: Generator, stratified: bool) -> list[Tensor]:
    """Return the rows of each part, drawn at random, in ascending order.

    Args:
        targets: the class ids of all n rows, (n,).
        sizes: of the parts, (parts,), with sum n.
        generator: where the split is drawn from.
        stratified: each part has each class in the proportion of the whole: n_k · size/n examples of a class
            with n_k, give or take 1 + (parts − 2) · size/n.

    Returns:
        For each part (size,) int64.
    """
    line = torch.randperm(len(targets), generator=generator)
    if not stratified:
        return [rows.sort().values for rows in line.split(list(sizes))]
    line = line[targets.cpu()[line].argsort(stable=True)]
    part_at = spread(sizes)
    return [line[part_at == part].sort().values for part in range(len(sizes))]


def spread(sizes: Sequence[int]) -> Tensor:
    """Return a line in which part k stands ``sizes[k]`` times, spread evenly along it, (n,) int64.

    Any stretch of the line then holds the parts in the proportion of their sizes. Part k's m-th place is at
    (m + 1/2) / size of the line's length.
    """
    parts = torch.repeat_interleave(torch.tensor(list(sizes)))
    places = torch.cat([(torch.arange(size, dtype=torch.float64) + 0.5) / size for size in sizes])
    return parts[places.argsort(stable=True)]


def shuffled(names: Sequence[str], generator: Generator) -> tuple[str, ...]:
    """Return ``names`` in a random order."""
    return tuple(names[k] for k in torch.randperm(len(names), generator=generator).tolist())


def ordered(names: Sequence[str], order: Sequence[str]) -> tuple[str, ...]:
    """Return ``order``, refused unless it names each of ``names`` once.

    Raises:
        InputError: with the names that are missing, that do not exist, and that come twice.
    """
    problems = {
        "missing": [name for name in names if name not in order],
        "without examples": [name for name in order if name not in names],
        "named twice": sorted({name for name in order if list(order).count(name) > 1}),
    }
    wrong = [f"{what}: {listed(which)}" for what, which in problems.items() if which]
    if wrong:
        raise InputError(f"order must name each of the {len(names)} classes once; {'; '.join(wrong)}")
    return tuple(order)


def grouped(names: Sequence[str], parts: int) -> list[tuple[str, ...]]:
    """Return ``names`` cut in order into ``parts`` groups, equal in size to within one, larger ones first.

    Raises:
        InputError: when a group would be empty.
    """
    ends = accumulate(even_sizes(len(names), parts, "classes"), initial=0)
    return [tuple(names[start:end]) for start, end in pairwise(ends)]


def rows_of(data: Data, names: Sequence[str]) -> Tensor:
    """Return the rows of ``data`` that are of the classes ``names``, ascending, (m,) int64."""
    ids = torch.tensor([data.classes.index(name) for name in names], dtype=torch.int64)
    return torch.isin(data.targets.cpu(), ids).nonzero()[:, 0]
