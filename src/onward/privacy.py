"""No example is kept where none may be: methods that keep some are refused, and what is kept is looked through."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from onward.catalogue import method_class, names, written
from onward.content import Digests, of_each
from onward.errors import InputError, listed
from onward.method import Method, chained
from onward.types import Data, Kept, in_order

NUMBERS = 2**22
"""How many numbers of a kept tensor are looked at together: 16 MiB of float32."""


def refuse_examples(method: Method) -> None:
    """Refuse a method that keeps examples, before anything is trained.

    Raises:
        InputError: naming each of a chain that does, and the methods that do not.
    """
    chain = chained(method)
    keepers = [key for key, each in chain.named if each.keeps_examples]
    if keepers:
        keep = "keeps" if len(keepers) == 1 else "keep"
        others = [name for name in names() if not method_class(name).keeps_examples]
        raise InputError(
            f"{listed(keepers)} {keep} examples themselves, and exemplar-free none may be kept; got {written(chain)}. "
            f"These keep none: {listed(others, most=len(others))}"
        )


def refuse_held(kept: Kept, data: Data) -> None:
    """Refuse to keep a tensor in which an example lies, whatever its method says of itself.

    Raises:
        InputError: naming the tensor.
    """
    if (found := example_in(kept, data)) is not None:
        raise InputError(
            f"'{found}' holds an example of those that arrived, and exemplar-free none may be kept. Nothing was "
            f"written; leave {found.partition('/')[0]} out of the method."
        )


def example_in(kept: Kept, data: Data) -> str | None:
    """Return the name of the first kept tensor in which an example lies, as ``Sought`` finds it; None for none."""
    return next(iter(Sought.of(data).within(kept)), None)


@dataclass(frozen=True, eq=False)
class Sought:
    """Examples to be looked for in tensors, in whatever form: as they are, flat, as floats, bytes as shares of 255.

    An example of one number repeated, such as a black image, tells nothing and is like any row of zeros: it is not
    found. (Where an example is one number, all are.)

    Args:
        numbers: of which each example is made.
        digests: of each example in each form, (forms, n).
        telling: which of them are more than one number repeated, (n,).
    """

    numbers: int
    digests: NDArray[np.uint64]
    telling: NDArray[np.bool_]

    @classmethod
    def of(cls, data: Data) -> Sought:
        """Return the examples of ``data`` as things to be looked for."""
        found, telling, numbers = [], [], 0
        for batch in in_order(data):
            rows = batch.inputs.flatten(1) if batch.inputs.ndim > 1 else batch.inputs[:, None]
            numbers = rows.shape[1]
            found.append(forms(rows))
            telling.append((rows != rows[:, :1]).any(dim=1).cpu().numpy() | (numbers == 1))
        return cls(numbers, np.concatenate(found, axis=1), np.concatenate(telling))

    def within(self, kept: Kept) -> dict[str, NDArray[np.bool_]]:
        """Return which examples lie in a tensor, (n,), by the name of each tensor in which some do."""
        found = {}
        for name, tensor in kept.items():
            parts = as_rows(tensor, self.numbers).split(max(1, NUMBERS // self.numbers))
            held = np.logical_or.reduce([np.isin(self.digests, forms(part)).any(axis=0) for part in parts])
            if (which := held & self.telling).any():
                found[name] = which
        return found


def as_rows(tensor: Tensor, numbers: int) -> Tensor:
    """Return a tensor as rows of so many numbers, (m, numbers), if its last sizes make up one such; else none."""
    sizes = [math.prod(tensor.shape[k:]) for k in range(tensor.ndim + 1)]
    return tensor.reshape(-1, numbers) if numbers in sizes and tensor.numel() else tensor.new_empty(0, numbers)


def forms(rows: Tensor) -> Digests:
    """Return digests of rows, (m, numbers), as float32; of bytes also as shares of 255: (1 or 2, m)."""
    plain = rows.to("cpu", torch.float32) + 0.0  # a zero has one sign
    return np.stack([of_each(plain), of_each(plain / 255)] if rows.dtype == torch.uint8 else [of_each(plain)])
