"""The training loop. There is no other."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice

import torch
from torch import Generator, nn

from onward.engine.augment import augmented
from onward.engine.batches import as_they_are, epoch, featured, parted, resident, steps_in
from onward.engine.inside import Inside
from onward.engine.loader import loaded
from onward.engine.log import Log, Observer, Progress
from onward.engine.optimise import all_finite, optimiser, rate, set_rate, training
from onward.engine.slope import Slope
from onward.engine.teacher import Teacher
from onward.errors import DivergedError, InputError
from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.phase import Phase, in_head
from onward.record import PhaseRecord
from onward.rng import generator, isolated
from onward.step import Outputs, Piece, Step, cross_entropy
from onward.types import Batch, Data, in_order


@dataclass(frozen=True)
class Surroundings:
    """What all phases of one update share: the seed, the parent's outputs, the held-back data, who looks on."""

    seed: int
    teacher: Teacher | None
    validation: Data | None
    observe: Observer


class Pass:
    """One phase on its way through its epochs: the model, the optimiser, and how far it is."""

    def __init__(self, phase: Phase, model: Classifier, chosen: list[nn.Parameter], around: Surroundings) -> None:
        """Make what the loop needs once a phase."""
        settings = phase.settings
        self.phase, self.model, self.chosen, self.around = phase, model, chosen, around
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
        self.slope, self.step = Slope(phase, chosen), 0
        self.lookup = around.teacher is not None and around.teacher.remembers(phase)
        self.read_at, self.read_samples = time.perf_counter(), 0

    @cached_property
    def sources(self) -> list[Data]:
        """What batches are taken from, on the device where it lies in memory; beside features, features.

        Made when it is first asked for, so that a dry run makes none.
        """
        beside = [mix.data for mix in (*self.phase.mixes, *self.phase.apart)]
        if self.phase.on_features:
            beside = [featured(data, self.model) for data in beside]
        return [resident(data, self.model.device) for data in (self.phase.data, *beside)]

    def epoch(self, index: int, stream: tuple[str | int, ...]) -> None:
        """Go through the data once, or until the phase's steps are used up."""
        seed, settings, device = self.around.seed, self.phase.settings, self.model.device
        draws, views = generator(seed, *stream, index, "terms"), generator(seed, *stream, index, "augment")
        pace = settings.schedule != "constant" or settings.warmup > 0
        places = epoch(self.phase, self.sources, generator(seed, *stream, index, "batches"))
        with closing(loaded(islice(places, self.steps - self.step), self.sources, device)) as batches:
            for pieces, batch in batches:
                if settings.augment and not self.phase.on_features:
                    batch = Batch(augmented(batch.inputs, settings.augment, views), batch.targets)
                if pace:
                    set_rate(self.optimiser, rate(settings, self.step, self.steps))
                self.descend(self.through(batch, pieces, draws))
                self.step += 1
                if self.log.due:
                    self.tell(index)
        if self.slope.samples > self.read_samples:
            self.tell(index)

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

    def tell(self, index: int) -> None:
        """Read the log and let the observer know."""
        terms, now = self.log.read(), time.perf_counter()
        rate = (self.slope.samples - self.read_samples) / max(now - self.read_at, 1e-9)
        self.read_at, self.read_samples = now, self.slope.samples
        epochs = self.phase.settings.epochs
        name, epoch = self.phase.name, index + 1
        self.around.observe(Progress(name, self.step, self.steps, epoch, epochs, terms, rate, self.model))


def run(phase: Phase, model: Classifier, around: Surroundings, index: int) -> PhaseRecord:
    """Minimise the sum of a phase's terms, and return what happened.

    Args:
        phase: what to do.
        model: changed in place; in eval mode afterwards.
        around: what all phases of the update share.
        index: the phase's place in the plan; part of the name of its random streams.

    Raises:
        DivergedError: at the first value that is not finite.
        InputError: when the phase has no data, no term or no parameter, or features for data and not the head alone.
    """
    if not len(phase.data) or not phase.terms:
        has = f"{len(phase.data)} examples and {len(phase.terms)} terms"
        raise InputError(f"phase '{phase.name}' has {has}; it needs both")
    if phase.on_features and any(phase.trains(name) and not in_head(name) for name, _ in model.named_parameters()):
        raise InputError(
            f"phase '{phase.name}' has features for data, which train the head alone; give it only(in_head)"
        )
    began = time.perf_counter()
    with training(model, phase.trains) as chosen:
        going = Pass(phase, model, chosen, around)
        around.observe(Progress(phase.name, 0, going.steps, 1, phase.settings.epochs, {}, 0.0, model))
        if going.steps:
            going.show()
        losses, epochs = through_epochs(going, ("phase", index, phase.name))
        if going.steps and not all_finite(chosen):
            raise DivergedError(
                f"the last step of phase '{phase.name}' made weights that are not finite. Lower lr or set clip; the "
                "parent is unchanged."
            )
    return PhaseRecord(
        name=phase.name,
        examples=len(phase.data),
        batch_size=phase.settings.batch_size,
        mixed=sum(mix.size for mix in (*phase.mixes, *phase.apart)),
        terms=tuple(phase.terms),
        trained=sum(parameter.numel() for parameter in chosen),
        epochs=epochs,
        planned=phase.settings.epochs * going.per_epoch,
        steps=going.step,
        samples=going.slope.samples,
        curve={term: tuple(values) for term, values in going.log.curve.items()},
        validation=tuple(losses),
        seconds=time.perf_counter() - began,
        on_features=phase.on_features,
        climbs=phase.climb is not None,
    )


def through_epochs(going: Pass, stream: tuple[str | int, ...]) -> tuple[list[float], int]:
    """Run the epochs; with patience, stop when the held-back loss no longer falls and take the best epoch's weights.

    Returns:
        The held-back loss after each epoch, and the number of epochs run.
    """
    settings, losses, best = going.phase.settings, [], None
    epochs = 0
    for index in range(settings.epochs):
        if going.step == going.steps:
            break
        with isolated(going.around.seed, *stream, index, "network"):  # from which dropout draws
            going.epoch(index, stream)
        epochs += 1
        if going.around.validation is None:
            continue
        if going.inside:
            going.inside.settle(generator(going.around.seed, *stream, "midpoint"))
        losses.append(held_back_loss(going.model, going.around.validation))
        if not math.isfinite(losses[-1]):
            raise DivergedError(
                f"the loss on held-back data became {losses[-1]} in phase '{going.phase.name}' after epoch {epochs}. "
                "Lower lr or set clip; the parent is unchanged."
            )
        if settings.patience is None:
            continue
        since_best = len(losses) - 1 - losses.index(min(losses))
        if since_best == 0:
            corners = going.inside.corners.corners.clone() if going.inside else None
            best = copy.deepcopy(going.model.state_dict()), corners
        elif since_best >= settings.patience:
            break
    if best is not None:
        going.model.load_state_dict(best[0])
    if going.inside:
        going.inside.leave(best[1] if best else None, generator(going.around.seed, *stream, "midpoint"))
    return losses, epochs


@torch.no_grad()
def held_back_loss(model: Classifier, data: Data) -> float:
    """Return the mean cross-entropy of data that is not trained on."""
    total, device = torch.zeros((), dtype=torch.float64), model.device
    with resting(model):
        for batch in in_order(data):
            there = Batch(batch.inputs.to(device), batch.targets.to(device))
            total += cross_entropy(Step(model, there, torch.Generator())).double().cpu() * len(batch.targets)
    return float(total / len(data))
