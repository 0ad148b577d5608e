"""One run: a method with a seed, by itself, in any process."""

from __future__ import annotations

import traceback
from collections.abc import Generator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path

import torch

from onward.catalogue import parsed
from onward.datasets.source import read
from onward.engine.update import update
from onward.errors import OnwardError
from onward.experiment.checkpoint import IMPORTED, brought
from onward.experiment.plan import AnyStream, Cell, GivenStream, ModelPlan, Part, StreamPlan
from onward.experiment.results import CellResult, Outcome
from onward.experiment.start import started
from onward.experiment.walk import walked
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.nets.zoo import fresh
from onward.rng import derived
from onward.settings import Settings
from onward.streams.experience import Stream, together
from onward.streams.named import build_stream
from onward.streams.scenario import in_turn
from onward.types import Data, Examples, shape_of


def run(cell: Cell) -> CellResult:
    """Return what came of a cell. Nothing that goes wrong in it is raised; it is said in the result."""
    outcome, failure = None, ""
    try:
        with single_thread():
            outcome = walk(cell)
    except OnwardError as error:
        failure = str(error)
    except Exception as error:  # whatever a method does wrong, the other cells go on
        place = traceback.extract_tb(error.__traceback__)[-1]
        failure = f"{type(error).__name__}: {error} ({Path(place.filename).name}, line {place.lineno})"
    return CellResult(cell.contender.label, cell.contender.method, cell.seed, outcome, failure, cell.key)


def walk(cell: Cell) -> Outcome:
    """Make the stream and the model of a cell and send the one through the other.

    Raises:
        OnwardError: when they cannot be made, do not fit, or training diverges.
    """
    learner, stream = ground(cell)
    start = partial(started, cell) if cell.contender.start is not None else None
    settings, seed = cell.contender.settings, cell.seed
    return walked(learner, stream, settings, seed, start=start, watch=cell.watch, seen_only=cell.seen_only)


def begin_there(cell: Cell) -> None:
    """Make the version that a cell starts from. What goes wrong is told when the cell itself is run."""
    with single_thread(), suppress(Exception):
        learner, stream = ground(cell)
        started(cell, learner, stream[0], derived(cell.seed, "update", 0))


def ground(cell: Cell) -> tuple[Learner, Stream]:
    """Return the learner without classes with which a cell begins, and what it goes through.

    Raises:
        InputError: when they cannot be made, or do not fit.
    """
    stream = stream_of(cell.stream, cell.seed, cell.data_dir)
    told = any(experience.candidates is not None for experience in stream)
    model = made_model(cell.model, stream[0].train, cell.seed, tasks=told, data_dir=cell.data_dir)
    if cell.contender.at_once:
        for each in stream if told else ():  # the classes of each task come together, as they would one by one
            model.grow(each.candidates or (), cell.seed)
        stream = together(stream)
    return Learner(model, parsed(cell.contender.method)), stream


def stream_of(plan: AnyStream, seed: int, data_dir: Path | None) -> Stream:
    """Return a planned stream, its data read where it lies.

    Raises:
        InputError: for what the scenario does not take, and for data that cannot be cut or put together so.
    """
    if isinstance(plan, GivenStream):
        return in_turn({part.name: data_of(part, data_dir) for part in plan.parts})
    return made_stream(plan, *data_of(plan, data_dir), seed)


def data_of(plan: StreamPlan | Part, data_dir: Path | None) -> tuple[Data, Data]:
    """Return the training and the test data of a planned stream, or of a part of one."""
    train, test = zip((plan.train, plan.test), plan.fingerprints, strict=True)
    return held(train, data_dir), held(test, data_dir)


@cache
def held(planned: tuple[str, str], data_dir: Path | None) -> Data:
    """Return the examples of a source, read once for all cells that a process runs: decoding may take minutes.

    Args:
        planned: the source, and the fingerprint of its examples when the run was planned: where a file changed between
            two runs, the second has another, so it is read again.
        data_dir: where data sets by name are looked for.
    """
    source, _ = planned
    return read(source, data_dir)


def made_stream(plan: StreamPlan, train: Data, test: Data, seed: int) -> Stream:
    """Return the stream that a plan cuts from data.

    Raises:
        InputError: for what the scenario does not take, and for data that cannot be cut so.
    """
    return build_stream(plan.scenario, train, test, parts=plan.parts, seed=seed, **plan.options)


def made_model(
    plan: ModelPlan, first: Data, seed: int, tasks: bool = False, data_dir: Path | None = None
) -> Classifier:
    """Return a model without classes; with those of the first data where it brings weights of its own.

    Args:
        plan: which.
        first: what arrives first.
        seed: of the weights.
        tasks: give each task a part of the head of its own, for a stream in which the task is told at test.
        data_dir: where weights are looked for.

    Raises:
        InputError: when there is no such network, or it does not take such arguments.
    """
    if plan.net == IMPORTED:
        return brought(plan.arguments, first, seed, data_dir)
    model = fresh(plan.net, shape_of(first), seed, **plan.arguments)
    return Classifier(model.backbone, model.head, tasks=(), mean=model.mean, std=model.std) if tasks else model


def warm_up() -> None:
    """Let torch load what it only loads at a process's first update, so that no run's seconds hold it."""
    two = Examples(torch.zeros(2, 1), torch.tensor([0, 1]), ("one", "other"))
    update(Learner(fresh("mlp", (1,), seed=0, width=1, depth=1)), two, Settings(epochs=1))


@contextmanager
def single_thread() -> Generator[None]:
    """Let torch use one thread for a while: the order of a sum, and so its last bit, depends on how many there are."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
