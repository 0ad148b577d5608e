"""From one learner to the next."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from onward.context import Context
from onward.engine.bill import bill
from onward.engine.check import check, check_is_data
from onward.engine.descent import Surroundings
from onward.engine.energy import Meter
from onward.engine.journalled import Journalled
from onward.engine.log import Observer, silent
from onward.engine.loop import run
from onward.engine.same_bits import same_bits
from onward.engine.teacher import Teacher
from onward.errors import InputError
from onward.journal import Journal
from onward.learner import Learner
from onward.method import Chain, Method, chained
from onward.nets.classifier import Classifier
from onward.phase import Phase, in_head
from onward.record import PhaseRecord, Record
from onward.rng import generator
from onward.settings import Settings
from onward.types import Data, Examples, Kept, aligned, known_as, present, subset


def update(
    learner: Learner,
    new: Data,
    settings: Settings | None = None,
    seed: int = 0,
    *,
    method: Method | None = None,
    observe: Observer = silent,
    journal: Journal | None = None,
) -> tuple[Learner, Record]:
    """Return the learner after ``new``, and what it took. The given one is left as it was, bit for bit.

    Classes of ``new`` that the learner does not know grow its head, by name. torch's global random state is not
    touched: the same learner, data, settings and seed give the same bits on a CPU with as many threads; with
    ``deterministic``, with however many, and on the same GPU too. With a journal, an update that was cut off goes on
    where the journal says, and gives the bits that it would have given.

    Args:
        learner: the version in use; without classes for a first update.
        new: the examples that arrived.
        settings: how to optimise; None is the defaults.
        seed: of every random stream of the update.
        method: another method than the learner's own; None is its own.
        observe: told of the progress; returns nothing.
        journal: of this update and no other; None writes nothing down.

    Raises:
        InputError: when the data, the method or the settings do not fit; before any training.
        StoreError: when the journal is another update's, or cannot be read or written.
        StoppedError: when the journal was asked to stop.
        DivergedError: when training is no longer finite.
    """
    settings, before = settings or Settings(), 0.0 if journal is None else journal.spent
    began = time.perf_counter() - before
    with same_bits(settings), Meter(settings.device) as meter:
        going = begun(learner, new, settings, seed, method, meter.along(observe), journal)
        billed = tuple(ran(going))
        with torch.no_grad():
            kept = settled(going.chain.keep(going.model, going.context), going.model, going.context.new)
    joules = None if before else meter.joules  # what an earlier process spent, nobody counted to its end
    cost = bill(billed, going.model, going.context.new, kept, time.perf_counter() - began, joules)
    phases = tuple(record for _, record in billed)
    return Learner(going.model.cpu().eval(), going.chain, kept), Record(phases, cost)


def planned(
    learner: Learner, new: Data, settings: Settings | None = None, seed: int = 0, *, method: Method | None = None
) -> tuple[PhaseRecord, ...]:
    """Return every phase that ``update`` would run, with no step taken: a dry run. Nothing is kept.

    Raises:
        InputError: as ``update``.
    """
    settings = replace(settings or Settings(), steps=0)
    return tuple(record for _, record in ran(begun(learner, new, settings, seed, method, silent)))


@dataclass(frozen=True)
class Going:
    """An update that has begun: its method, the model that will be the child's, and what the verbs may read."""

    chain: Chain
    model: Classifier
    context: Context
    around: Surroundings


def begun(
    learner: Learner,
    new: Data,
    settings: Settings,
    seed: int,
    method: Method | None,
    observe: Observer,
    journal: Journal | None = None,
) -> Going:
    """Check what was given, copy the model, grow its head, and let the method prepare it."""
    chain = chained(learner.method if method is None else method)
    _ = chain.predictor  # two of them would be found out only when training is paid for
    check_is_data(new)
    new = known_as(new, learner.model.aliases)
    check(new, learner.model, settings)
    device = usable(settings.device)
    model = copy.deepcopy(learner.model).to(device).requires_grad_(True)
    old = copy.deepcopy(learner.model).to(device).eval().requires_grad_(False) if learner.classes else None
    model.grow(present(new), seed)
    data, validation = held_back(aligned(new, model.classes), settings.validation, seed)
    context = Context(data, old, learner.kept, settings, seed, validation)
    journalled = None if journal is None else Journalled(journal, context.scratch)
    around = Surroundings(seed, None if old is None else Teacher(old), validation, observe, journalled)
    return Going(chain, chain.prepare(model.eval(), context), context, around)


def ran(going: Going) -> Iterator[tuple[Phase, PhaseRecord]]:
    """Run the phases as the plan yields them, each before the next is asked for; with each comes what became of it."""
    settings, model = going.context.settings, going.model
    whole = Phase("train", going.context.new, settings, trains=model.trains)
    proposed = [whole.only(in_head) if settings.trains == "head" else whole]
    for index, phase in enumerate(going.chain.plan(proposed, going.model, going.context)):
        yield phase, run(phase, going.model, going.around, index)


def usable(device: str) -> torch.device:
    """Return the device.

    Raises:
        InputError: when there is none of that name here.
    """
    try:
        chosen = torch.device(device)
        torch.empty(0, device=chosen)
    except (RuntimeError, AssertionError, ImportError) as error:
        raise InputError(f"device {device!r} cannot be used here: {str(error).splitlines()[0]}") from error
    return chosen


def held_back(data: Data, share: float, seed: int) -> tuple[Data, Data | None]:
    """Split off a share of each class for validation, at random; one example of each class is never taken.

    Raises:
        InputError: when that is not one example.
    """
    if share == 0:
        return data, None
    order = torch.randperm(len(data), generator=generator(seed, "validation"))
    order = order[data.targets[order].sort(stable=True).indices]
    stays = torch.ones(len(order), dtype=torch.bool)  # one example of each class, that it be learned
    stays[1:] = data.targets[order].diff() != 0
    free = order[~stays]
    place = torch.arange(len(free), dtype=torch.float64)
    taken = ((place + 1) * share).floor() > (place * share).floor()
    if not bool(taken.any()):
        raise InputError(f"validation = {share} of {len(data)} examples is not one example; raise it or bring more")
    trained = torch.cat([order[stays], free[~taken]])
    return subset(data, trained.sort().values), subset(data, free[taken].sort().values)


def settled(kept: Kept, model: Classifier, new: Data) -> dict[str, Tensor]:
    """Return what a method keeps as plain tensors of its own on the CPU: nothing of the model's or the user's."""
    given = [new.inputs, new.targets] if isinstance(new, Examples) else [new.targets]
    shared = {tensor.untyped_storage().data_ptr() for tensor in (*model.parameters(), *model.buffers(), *given)}
    plain = {}
    for name, tensor in kept.items():
        own = tensor.detach().to("cpu").contiguous()
        plain[name] = own.clone() if own.untyped_storage().data_ptr() in shared else own
    return plain
