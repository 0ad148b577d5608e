"""The energy that a machine says it spent: its processors by Linux's powercap counters, an NVIDIA GPU by its driver."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import torch

from onward.engine.log import Observer, Progress

POWERCAP = Path("/sys/class/powercap")
"""Where Linux shows the counters of running average power limiting (RAPL), of Intel's and AMD's processors."""

COUNTED = ("package", "dram")
"""The domains that are counted: the cores are a part of their package, and ``psys`` is the whole board."""


@dataclass(frozen=True)
class Counter:
    """A count of energy that only rises.

    Args:
        read: gives it in joules.
        wraps: where it begins again at 0, in joules; None never.
    """

    read: Callable[[], float]
    wraps: float | None = None

    def risen(self, before: float, now: float) -> float:
        """Return the joules between two readings, between which it wrapped at most once."""
        return now - before + (self.wraps if self.wraps is not None and now < before else 0.0)


class Meter:
    """The joules of a while. Programs beside this one are counted as well: the counters are the machine's."""

    def __init__(self, device: str, powercap: Path | None = None) -> None:
        """Find the counters that may be read.

        Args:
            device: that trains. On a CUDA device its GPU is counted beside the processors, and must be.
            powercap: the folder of the processors' counters; None is where Linux shows them.
        """
        gpu = gpu_counters(device) if device.startswith("cuda") else ()
        told = bool(gpu) or not device.startswith("cuda")
        self._counters = (*processor_counters(powercap or POWERCAP), *gpu) if told else ()
        self._last: list[float] = []
        self._spent = 0.0

    def __enter__(self) -> Meter:
        """Begin to count."""
        self._readings()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Stop to count."""
        self.read()

    @property
    def joules(self) -> float | None:
        """What was spent until the last reading; None where the machine does not tell it."""
        return self._spent if self._counters else None

    def read(self) -> None:
        """Add what was spent since the last reading; a counter that wraps must be read before it wraps twice."""
        before = self._last
        for counter, last, now in zip(self._counters, before, self._readings(), strict=False):
            self._spent += counter.risen(last, now)

    def along(self, observe: Observer) -> Observer:
        """Return an observer that reads the counters before it hands on what it is told."""

        def observing(progress: Progress) -> None:
            self.read()
            observe(progress)

        return observing if self._counters else observe

    def _readings(self) -> list[float]:
        try:
            self._last = [counter.read() for counter in self._counters]
        except OSError:  # a counter that is taken away in between leaves the sum unknown
            self._counters, self._last = (), []
        return self._last


def processor_counters(folder: Path) -> tuple[Counter, ...]:
    """Return the counters of packages and memory that may be read; on many machines only the administrator may.

    The same packages appear a second time as ``intel-rapl-mmio``, which is left aside.
    """
    found = []
    for zone in sorted(folder.glob("intel-rapl:*")):
        try:
            name = (zone / "name").read_text().strip()
            wraps = micro(zone / "max_energy_range_uj")
            micro(zone / "energy_uj")
        except (OSError, ValueError):
            continue
        if name.startswith(COUNTED):
            found.append(Counter(lambda file=zone / "energy_uj": micro(file), wraps))
    return tuple(found)


def micro(file: Path) -> float:
    """Return what a file tells in microjoules, in joules."""
    return int(file.read_text()) / 1e6


def gpu_counters(device: str) -> tuple[Counter, ...]:
    """Return the counter of a CUDA device; () where the driver's library or pynvml is missing, or tells no energy."""
    try:
        driver = importlib.import_module("pynvml")
    except ImportError:
        return ()

    def read() -> float:
        try:
            driver.nvmlInit()  # counts how often it is asked; after the first time it does nothing
            handle = driver.nvmlDeviceGetHandleByUUID(f"GPU-{torch.cuda.get_device_properties(device).uuid}")
            return driver.nvmlDeviceGetTotalEnergyConsumption(handle) / 1e3  # it counts millijoules
        except (driver.NVMLError, RuntimeError, AssertionError) as error:
            raise OSError(f"the energy of {device} cannot be read: {error}") from error

    try:
        read()
    except OSError:
        return ()
    return (Counter(read),)
