"""Reading ahead: what takes time to come is asked for before it is wanted."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], most: int = 2) -> Generator[T]:
    """Yield ``items`` in their order, made by one thread that is at most ``most`` of them ahead.

    Which items come does not depend on the timing. An error comes where the item that raised it would have come. The
    thread works only on what it is asked for, and ends when this generator does, however that comes about.

    >>> list(ahead(n * n for n in range(5)))
    [0, 1, 4, 9, 16]
    """
    source = iter(items)
    thread = ThreadPoolExecutor(1, thread_name_prefix="reading-ahead")

    def one_more() -> Future[list[T]]:
        return thread.submit(lambda: list(islice(source, 1)))

    try:
        asked = deque(one_more() for _ in range(most))
        while made := asked.popleft().result():
            asked.append(one_more())
            yield made[0]
    finally:
        thread.shutdown(cancel_futures=True)
