"""An update that gives the same bits each time, where torch can; what is set for it is put back."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager

import torch

from onward.errors import InputError
from onward.settings import Settings

WORKSPACE, SIZES = "CUBLAS_WORKSPACE_CONFIG", (":4096:8", ":16:8")
"""What cuBLAS asks of the environment before it gives the same bits, and what it may say."""

HAS_NONE = "does not have a deterministic implementation"
"""What torch says of an operation that would not."""


@contextmanager
def same_bits(settings: Settings) -> Generator[None]:
    """Let torch take only algorithms that give the same bits each time, on a CPU with one thread, if that is wanted.

    Raises:
        InputError: when cuBLAS was not told, or an operation has no such algorithm.
    """
    if not settings.deterministic:
        yield
        return
    on_gpu = torch.device(settings.device).type == "cuda"
    if on_gpu and os.environ.get(WORKSPACE) not in SIZES:
        raise InputError(
            f"deterministic=True on {settings.device} needs the environment variable {WORKSPACE}={SIZES[0]} before the "
            f"process starts, got {os.environ.get(WORKSPACE)!r}"
        )
    was, warns = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    searches, threads = torch.backends.cudnn.benchmark, torch.get_num_threads()
    try:
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False  # else what was fastest today is taken
        if not on_gpu:
            torch.set_num_threads(1)
        yield
    except RuntimeError as error:
        if HAS_NONE not in str(error):
            raise
        what = str(error).partition(HAS_NONE)[0].strip()
        raise InputError(f"{what} {HAS_NONE}: choose another method or network, or leave deterministic=True") from error
    finally:
        torch.use_deterministic_algorithms(was, warn_only=warns)
        torch.backends.cudnn.benchmark = searches
        torch.set_num_threads(threads)
