"""What gradients of single examples need: a model as a function, and as many examples at once as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

Logits = Callable[[Mapping[str, Tensor], Tensor], Tensor]
"""From parameters by name and inputs (b, *shape) to logits (b, c)."""

CHUNK_NUMBERS = 2**23
"""How many per-example gradient numbers are held at once: 32 MiB of float32, which a CPU's cache still helps with."""


class AnyLayout(TorchFunctionMode):
    """Within it, a network that asks for an order of its numbers in memory gets them as they lie.

    ``vmap`` refuses what is asked (torch 2.13), and values do not depend on it.
    """

    def __torch_function__(
        self, func: Callable[..., Any], types: object, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:  # noqa: ANN401 - what torch's function gives
        """Call a function of torch without the order that was asked for."""
        return func(*args, **{name: value for name, value in (kwargs or {}).items() if name != "memory_format"})


def chunks(batches: Iterable[Tensor], parameters: Mapping[str, Tensor]) -> Iterator[Tensor]:
    """Yield the examples in pieces, (b', *shape), each with at most ``CHUNK_NUMBERS`` gradient numbers.

    Args:
        batches: the examples, (b, *shape) each.
        parameters: by which the gradients are.
    """
    size = max(1, CHUNK_NUMBERS // max(1, sum(parameter.numel() for parameter in parameters.values())))
    for batch in batches:
        yield from batch.split(size)
