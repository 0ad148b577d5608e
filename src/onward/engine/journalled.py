"""An update that writes down how far it is, and goes on from there: to the same bits as if it had never been cut."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from onward.context import Scratch
from onward.errors import StoppedError, StoreError
from onward.journal import Entry, Journal, under
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.record import PhaseRecord
from onward.schema import checked

NOW = "now"
"""The name of the entry about the phase that runs."""


class Journalled:
    """What an update writes down as it goes, and takes back when it goes on.

    The plan is driven again from its beginning. A phase that had ended is not run again: what it left is put back, and
    the code after its ``yield`` sees what it saw. The phase that was cut goes on from the newest entry. One that ended
    without an entry, for none was due, is run again, which gives the same.

    Args:
        journal: where it is written.
        scratch: what the methods hold for the length of the update.
    """

    def __init__(self, journal: Journal, scratch: Scratch) -> None:
        """Look where the update was cut."""
        self.journal, self.scratch = journal, scratch
        now = journal.facts(NOW)
        with of_this_update():
            self.cut = -1 if now is None else int(now["phase"])

    def ended(self, index: int, phase: Phase, model: Classifier) -> PhaseRecord | None:
        """Put back what a phase left that had ended, and return its record; None where it has not.

        Raises:
            StoreError: when the entry is of another phase.
        """
        entry = self.journal.read(of_phase(index))
        if entry is None:
            return None
        fits(entry, phase)
        with of_this_update():
            record = checked(PhaseRecord, entry.facts["record"], "its record")
            for follower in phase.followers if record.steps else ():
                follower(model)  # so that what it holds is there to be put back
            self.refill(entry, model)
            if phase.within is not None:
                phase.within.offsets.update(alike(phase.within.offsets, entry.part("offsets"), model.device))
        return record

    def cut_in(self, index: int, phase: Phase, model: Classifier) -> Entry | None:
        """Return the entry of a phase that was cut, its weights put back; None of any other. From now on it listens.

        Raises:
            StoreError: when the entry is of another phase.
        """
        self.journal.listening = True
        if index != self.cut:
            return None
        self.cut, entry = -1, self.journal.read(NOW)
        assert entry is not None
        fits(entry, phase)
        with of_this_update():
            self.refill(entry, model)
        return entry

    def before_step(self, index: int, phase: Phase, model: Classifier, position: Callable[[], Entry]) -> None:
        """Write an entry where one is due, and leave where that is asked for.

        Args:
            index: the phase's place in the plan.
            phase: that runs.
            model: in training.
            position: gives what is to be known beside the weights.

        Raises:
            StoppedError: when the journal is asked to stop.
        """
        if not self.journal.stopping and not self.journal.due:
            return
        if self.cut < 0:  # else a phase is run again, and the entry about a later one stays
            there = position()
            facts = {**facts_of(phase), "phase": index, **there.facts}
            self.journal.write(NOW, Entry(facts, {**self.held(model), **there.tensors}))
        if self.journal.stopping:
            raise stopped(f"in phase '{phase.name}'")

    def end(self, index: int, phase: Phase, model: Classifier, record: PhaseRecord) -> None:
        """Write down what a phase leaves, where an entry is due, and leave where that is asked for.

        Raises:
            StoppedError: when the journal is asked to stop.
        """
        self.journal.listening = False
        if self.journal.stopping or (self.cut < 0 and self.journal.due):
            offsets = {} if phase.within is None else under("offsets", phase.within.offsets)
            facts = {**facts_of(phase), "record": asdict(record)}
            self.journal.write(of_phase(index), Entry(facts, {**self.held(model), **offsets}))
        if self.journal.stopping:
            raise stopped(f"after phase '{phase.name}'")

    def held(self, model: Classifier) -> dict[str, Tensor]:
        """Return the weights, and what the methods hold, as parts of an entry."""
        return {**under("model", model.state_dict()), **under("scratch", self.scratch)}

    def refill(self, entry: Entry, model: Classifier) -> None:
        """Put back the weights, and what the methods hold."""
        model.load_state_dict(entry.part("model"))
        there = entry.part("scratch")
        for name in set(self.scratch) - set(there):
            del self.scratch[name]
        put_in_place(self.scratch, there, model.device)


def put_in_place(held: MutableMapping[str, Tensor], there: Mapping[str, Tensor], device: torch.device) -> None:
    """Give tensors new numbers where they are, so that whoever refers to them sees these; those that are new, a place.

    Raises:
        ValueError: when one is of another shape or type.
    """
    for name, tensor in alike(held, there, device).items():
        if name in held:
            held[name].detach().copy_(tensor)
        else:
            held[name] = tensor


def alike(held: Mapping[str, Tensor], there: Mapping[str, Tensor], device: torch.device) -> dict[str, Tensor]:
    """Return tensors on the device, each of the form of the one that is held under its name.

    Raises:
        ValueError: when one is of another shape or type.
    """
    for name in held.keys() & there.keys():
        here, new = held[name], there[name]
        if here.shape != new.shape or here.dtype != new.dtype:
            raise ValueError(f"'{name}' is {tuple(new.shape)} {new.dtype}, not {tuple(here.shape)} {here.dtype}")
    return {name: tensor.to(device) for name, tensor in there.items()}


@contextmanager
def of_this_update() -> Generator[None]:
    """Say in our words that what is put back has another form than what is there.

    Raises:
        StoreError: in place of torch's and Python's errors.
    """
    try:
        yield
    except (RuntimeError, TypeError, ValueError, LookupError, OverflowError) as error:
        told = " ".join(str(error).split()).rstrip(".") or type(error).__name__
        raise misfit(f"its entry does not fit: {told}") from error


def of_phase(index: int) -> str:
    """Return the name of the entry about what a phase left."""
    return f"phase-{index:03}"


def facts_of(phase: Phase) -> dict[str, Any]:
    """Return by what a phase is known again."""
    return {"name": phase.name, "examples": len(phase.data), "terms": list(phase.terms)}


def fits(entry: Entry, phase: Phase) -> None:
    """Refuse an entry about another phase.

    Raises:
        StoreError: with both.
    """
    wanted = facts_of(phase)
    found = {name: entry.facts.get(name) for name in wanted}
    if found != wanted:
        raise misfit(f"it tells of {found}, and the phase is {wanted}")


def misfit(why: str) -> StoreError:
    """Return the error for a journal from which this update cannot go on."""
    return StoreError(f"the journal does not belong to this update: {why}. Start anew, without it.")


def stopped(place: str) -> StoppedError:
    """Return the error of an update that was asked to stop."""
    return StoppedError(f"stopped {place}; what was done is in the journal")
