"""One phase on its way through its epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from itertools import islice

import torch
from torch import Generator, nn

from onward.engine.augment import augmented
from onward.engine.batches import as_they_are, epoch, featured, parted, resident, steps_in
from onward.engine.inside import Inside
from onward.engine.journalled import Journalled, of_this_update
from onward.engine.loader import loaded
from onward.engine.log import Log, Observer, Progress
from onward.engine.optimise import held_by, optimiser, put_back, rate, set_rate
from onward.engine.position import Position, Weights
from onward.engine.slope import Slope
from onward.engine.teacher import Teacher
from onward.journal import Entry, under
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.rng import generator
from onward.schema import checked
from onward.step import Outputs, Piece, Step
from onward.types import Batch, Data


@dataclass(frozen=True)
class Surroundings:
    """What all phases of one update share.

    Args:
        seed: of every random stream.
        teacher: gives the parent's outputs; None on the first update.
        validation: the held-back data.
        observe: looks on.
        journalled: what the update writes down of itself; None writes nothing.
    """

    seed: int
    teacher: Teacher | None
    validation: Data | None
    observe: Observer
    journalled: Journalled | None = None


class Descent:
    """One phase on its way through its epochs: the model, the optimiser, and how far it is.

    Args:
        phase: what to do.
        model: in training.
        chosen: its parameters that move.
        around: what all phases of the update share.
        index: the phase's place in the plan; part of the name of its random streams.
    """

    def __init__(
        self, phase: Phase, model: Classifier, chosen: list[nn.Parameter], around: Surroundings, index: int
    ) -> None:
        """Make what the loop needs once a phase."""
        settings = phase.settings
        self.phase, self.model, self.chosen, self.around, self.index = phase, model, chosen, around, index
        self.per_epoch = steps_in(phase)
        planned = settings.epochs * self.per_epoch
        self.steps = planned if settings.steps is None else min(settings.steps, planned)
        names = {id(parameter): name for name, parameter in model.named_parameters()}
        paces = [phase.pace(names[id(parameter)]) for parameter in chosen]
        self.inside = None
        if phase.within is not None and self.steps:
            self.inside = Inside(phase, model, {names[id(parameter)]: parameter for parameter in chosen}, paces)
        self.optimiser = self.inside.corners if self.inside else optimiser(chosen, settings, paces)
        self.log = Log(phase.name, list(phase.terms), settings.read_every)
        self.features = torch.compile(model.features) if settings.compile else model.features
        if phase.on_features:
            self.features = as_they_are
        self.slope, self.step, self.epochs = Slope(phase, chosen), 0, 0
        self.losses: list[float] = []
        self.best: Weights | None = None
        self.cut: Entry | None = None
        self.lookup = around.teacher is not None and around.teacher.remembers(phase)
        self.began = self.read_at = time.perf_counter()
        self.read_samples = 0

    @cached_property
    def sources(self) -> list[Data]:
        """What batches are taken from, on the device where it lies in memory; beside features, features.

        Made when it is first asked for, so that a dry run makes none.
        """
        beside = [mix.data for mix in (*self.phase.mixes, *self.phase.apart)]
        if self.phase.on_features:
            beside = [featured(data, self.model) for data in beside]
        return [resident(data, self.model.device) for data in (self.phase.data, *beside)]

    @property
    def stream(self) -> tuple[str | int, ...]:
        """What the names of the phase's random streams begin with."""
        return ("phase", self.index, self.phase.name)

    def drawing(self, purpose: str) -> Generator:
        """Return the running epoch's stream of a purpose, from its beginning."""
        return generator(self.around.seed, *self.stream, self.epochs, purpose)

    def epoch(self) -> None:
        """Go through the data once, or until the phase's steps are used up; where it was cut, through the rest."""
        settings, journalled = self.phase.settings, self.around.journalled
        self.draws, self.views = self.drawing("terms"), self.drawing("augment")
        pace = settings.schedule != "constant" or settings.warmup > 0
        if self.cut is not None:
            self.draw_on(self.cut)
        done = self.step - self.epochs * self.per_epoch
        places = islice(epoch(self.phase, self.sources, self.drawing("batches")), done, done + self.steps - self.step)
        with closing(loaded(places, self.sources, self.model.device)) as batches:
            for pieces, batch in batches:
                if journalled is not None:
                    journalled.before_step(self.index, self.phase, self.model, self.position)
                if settings.augment and not self.phase.on_features:
                    batch = Batch(augmented(batch.inputs, settings.augment, self.views), batch.targets)
                if pace:
                    set_rate(self.optimiser, rate(settings, self.step, self.steps))
                self.descend(self.through(batch, pieces, self.draws))
                self.step += 1
                if self.log.due:
                    self.tell()
        if self.slope.samples > self.read_samples:
            self.tell()

    def through(self, batch: Batch, pieces: Sequence[Piece], draws: Generator) -> Step:
        """Return the step of a batch, with what goes apart from it in steps of its own."""
        own = 1 + len(self.phase.mixes)
        batch, *others = parted(batch, pieces, own)
        apart: dict[object, Step] = {
            mix: Step(self.model, some, draws, self.parent(some, [piece]), self.features, [piece])
            for mix, some, piece in zip(self.phase.apart, others, pieces[own:], strict=True)
        }
        return Step(self.model, batch, draws, self.parent(batch, pieces[:own]), self.features, pieces[:own], apart)

    def descend(self, step: Step) -> None:
        """Take one step down the sum of the terms."""
        for choice in self.phase.choices:
            step = choice(step)
        if self.inside is None:
            values = self.slope(step)
            self.optimiser.step()
        else:
            values = self.inside.step(step, self.slope)
        self.log.add(values)
        self.show()

    def show(self) -> None:
        """Let the followers see where the weights are."""
        for follower in self.phase.followers:
            follower(self.model)

    def parent(self, batch: Batch, pieces: Sequence[Piece]) -> Callable[[], Outputs] | None:
        """Return what gives the parent's outputs on a batch, should a term ask."""
        teacher = self.around.teacher
        if teacher is None:
            return None
        if self.phase.on_features:
            return partial(teacher.of_features, batch)
        return partial(teacher.recalled, pieces) if self.lookup else partial(teacher.asked, batch)

    def tell(self) -> None:
        """Read the log and let the observer know."""
        terms, now = self.log.read(), time.perf_counter()
        rate = (self.slope.samples - self.read_samples) / max(now - self.read_at, 1e-9)
        self.read_at, self.read_samples = now, self.slope.samples
        epochs = self.phase.settings.epochs
        name, epoch = self.phase.name, self.epochs + 1
        self.around.observe(Progress(name, self.step, self.steps, epoch, epochs, terms, rate, self.model))

    def position(self) -> Entry:
        """Return all by which the phase goes on, but the weights; nothing is read that would change what is told."""
        curve = {term: tuple(values) for term, values in self.log.curve.items()}
        place = Position(
            step=self.step,
            epochs=self.epochs,
            losses=tuple(self.losses),
            samples=self.slope.samples,
            read_samples=self.read_samples,
            read=self.log.steps_read,
            curve=curve,
            seconds=time.perf_counter() - self.began,
        )
        tensors = {"draws": self.draws.get_state(), "views": self.views.get_state(), "network": torch.get_rng_state()}
        if self.model.device.type == "cuda":
            tensors["network_on_device"] = torch.cuda.get_rng_state(self.model.device)
        if self.inside:
            tensors |= {"corners": self.inside.corners.corners, "velocity": self.inside.corners.velocity}
        else:
            tensors |= under("optimiser", held_by(self.optimiser, self.chosen))
        if self.best is not None:
            tensors |= under("best", self.best.model)
            tensors |= {} if self.best.corners is None else {"corners_of_best": self.best.corners}
        return Entry({"position": asdict(place)}, {**tensors, **self.log.pending})

    def go_on(self, entry: Entry) -> None:
        """Be where the phase was cut; the weights are there already.

        Raises:
            StoreError: when the entry does not fit.
        """
        with of_this_update():
            place = checked(Position, entry.facts["position"], "where it was")
            first = place.epochs * self.per_epoch
            if not first <= place.step < min(first + self.per_epoch, self.steps):
                raise ValueError(f"step {place.step:,} of epoch {place.epochs + 1:,} is none of this phase's")
            self.step, self.epochs, self.losses = place.step, place.epochs, list(place.losses)
            self.slope.samples, self.read_samples = place.samples, place.read_samples
            self.began -= place.seconds
            self.log.go_on(place.read, place.curve, entry.tensors.get("pending"))
            if best := entry.part("best"):
                self.best = Weights.like(self.model, best, entry.tensors.get("corners_of_best"))
            if self.inside:
                self.inside.corners.put(entry.tensors["corners"], entry.tensors["velocity"])
            else:
                put_back(self.optimiser, self.chosen, entry.part("optimiser"))
            for purpose in ("draws", "views", "network"):
                torch.Generator().set_state(entry.tensors[purpose])  # refused here, before the epoch begins
        self.cut = entry

    def draw_on(self, cut: Entry) -> None:
        """Let the streams of the epoch that was cut go on."""
        self.draws.set_state(cut.tensors["draws"])
        self.views.set_state(cut.tensors["views"])
        torch.set_rng_state(cut.tensors["network"])
        if self.model.device.type == "cuda":
            torch.cuda.set_rng_state(cut.tensors["network_on_device"], self.model.device)
        self.cut = None
