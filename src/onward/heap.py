"""What a process does with memory that it has freed."""

from __future__ import annotations

import ctypes

TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
"""The options of ``mallopt``, by their numbers in glibc's ``malloc.h``."""

AT_MOST = 1 << 30
"""Up to so many bytes an allocation comes from the heap, and so many free ones the heap keeps at its end."""


def keep_what_is_freed() -> bool:
    """Let this process keep the memory that it frees, where the C library is glibc.

    glibc gives large blocks back to the system at once. A network frees the values of its layers with every batch and
    asks for as much with the next; each page of it then comes from the system anew, and filled with zeros, which can
    take longer than the arithmetic; `benchmarks/freed_memory.py` tells how much longer.

    It is a choice about the whole process, so the command and the processes that it starts make it, and the library
    never does.

    Returns:
        Whether it was done.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # no C library by that door, or none of glibc's kind
        return False
    return all(mallopt(option, AT_MOST) == 1 for option in (MMAP_THRESHOLD, TRIM_THRESHOLD))
