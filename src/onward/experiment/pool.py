"""All cells of an experiment, several at once, each at most once."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar

from onward.errors import InputError, OnwardError, StoreError
from onward.experiment.cell import begin_there, held, run, warm_up
from onward.experiment.export import export
from onward.experiment.ledger import Ledger
from onward.experiment.plan import Cell, Experiment
from onward.experiment.results import CellResult, Results
from onward.heap import keep_what_is_freed

T = TypeVar("T")


@dataclass(frozen=True)
class Notice:
    """What is told of a cell while an experiment runs.

    Args:
        label: of its method.
        seed: its seed.
        state: ``found`` finished from before; ``damaged``, and so run again; ``begun``, where it goes on from a version
            that others share and that is made; ``done``; ``failed``.
        told: why, where it is damaged or failed; what is there, where it is begun.
        finished: cells that are through by now, failed ones included.
        of: all cells.
    """

    label: str
    seed: int
    state: Literal["found", "damaged", "begun", "done", "failed"]
    told: str
    finished: int
    of: int


def conduct(
    experiment: Experiment, folder: str | Path, jobs: int | None = None, observe: Callable[[Notice], None] | None = None
) -> Results:
    """Run every cell that is not finished yet, and write what came of all of them.

    The folder gets ``cells/``, a file for each cell as soon as it is finished; ``starts/``, where cells go on from the
    same version; and at the end the files of ``export``.
    Called again after it was ended in whatever way, it goes on from the finished cells; failed ones are tried again.
    The numbers do not depend on ``jobs``, nor on how often it was ended.

    Args:
        experiment: what to run.
        folder: where the results go.
        jobs: how many cells run at once, each in a process of its own with one thread; None is one for each processor.
            With 1 they run in this process.
        observe: told of every cell; returns nothing. None tells nobody.

    Raises:
        InputError: when ``jobs`` is below 1.
        OnwardError: when a process is ended from outside; finished cells are kept.
    """
    if jobs is not None and jobs < 1:
        raise InputError(f"jobs must be >= 1, or left out for one for each processor; got {jobs}")
    ledger = Ledger(Path(folder) / "cells")
    cells = tuple(replace(cell, starts=Path(folder) / "starts") for cell in experiment.cells)
    results: dict[str, CellResult] = {}

    def tell(cell: Cell, state: Literal["found", "damaged", "begun", "done", "failed"], told: str = "") -> None:
        if observe is not None:
            observe(Notice(cell.contender.label, cell.seed, state, told, len(results), len(cells)))

    for cell in cells:
        try:
            found = ledger.find(cell)
        except StoreError as error:
            tell(cell, "damaged", str(error))
            continue
        if found is not None and not found.failure:
            results[cell.key] = found
            tell(cell, "found")
    rest = [cell for cell in cells if cell.key not in results]
    rest.sort(key=lambda cell: experiment.seeds.index(cell.seed))  # every method has a result before any has them all
    jobs = jobs or os.cpu_count() or 1
    starts = {cell.start_key: cell for cell in rest if cell.start_key}
    for cell, _ in finished(begin_there, tuple(starts.values()), jobs):
        tell(cell, "begun", "what it goes on from is there")
    for cell, result in finished(run, rest, jobs):
        ledger.write(cell, result)
        results[cell.key] = result
        tell(cell, "failed" if result.failure else "done", result.failure)
    every = Results(experiment.name, tuple(results[cell.key] for cell in cells))
    export(every, experiment, Path(folder))
    return every


def finished(work: Callable[[Cell], T], cells: Sequence[Cell], jobs: int) -> Iterator[tuple[Cell, T]]:
    """Do some work on cells and yield each with what came of it as it is finished; then no data stays in memory.

    Raises:
        OnwardError: when a process is ended from outside.
    """
    jobs = min(jobs, len(cells))
    if jobs <= 1:
        if cells:
            warm_up()
        try:
            yield from ((cell, work(cell)) for cell in cells)
        finally:
            held.cache_clear()
        return
    spawn = multiprocessing.get_context("spawn")  # a forked child would inherit torch's threads in a broken state
    pool = ProcessPoolExecutor(jobs, mp_context=spawn, initializer=begin)
    try:
        running = {pool.submit(work, cell): cell for cell in cells}
        yield from ((running[future], future.result()) for future in as_completed(running))
    except BrokenProcessPool as error:
        raise OnwardError(
            "a process that ran a cell was ended from outside, as happens when memory runs out. What was finished is "
            "kept; run the same again, with fewer jobs"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def begin() -> None:
    """Make a new process ready for cells."""
    end_with_parent()
    keep_what_is_freed()
    warm_up()


def end_with_parent() -> None:
    """End this process when its parent does, however that ends: nobody would take what it makes."""

    def watch() -> None:
        parent = multiprocessing.parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
