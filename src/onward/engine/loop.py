"""The training loop. There is no other."""

from __future__ import annotations

import copy
import math
import time

import torch

from onward.engine.descent import Descent, Surroundings
from onward.engine.log import Progress
from onward.engine.optimise import all_finite, training
from onward.engine.position import Weights
from onward.errors import DivergedError, InputError
from onward.nets.classifier import Classifier
from onward.nets.resting import resting
from onward.phase import Phase, in_head
from onward.record import PhaseRecord
from onward.rng import generator, isolated
from onward.step import Step, cross_entropy
from onward.types import Batch, Data, in_order


def run(phase: Phase, model: Classifier, around: Surroundings, index: int) -> PhaseRecord:
    """Minimise the sum of a phase's terms, and return what happened.

    Args:
        phase: what to do.
        model: changed in place; in eval mode afterwards.
        around: what all phases of the update share.
        index: the phase's place in the plan; part of the name of its random streams.

    Raises:
        StoppedError: when its journal was asked to stop; what was done is written down there.
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
    journalled = around.journalled
    if journalled is not None and (ended := journalled.ended(index, phase, model)) is not None:
        return ended
    with training(model, phase.trains) as chosen:
        going = Descent(phase, model, chosen, around, index)
        if going.steps:
            going.show()
        if journalled is not None and (entry := journalled.cut_in(index, phase, model)) is not None:
            going.go_on(entry)
        around.observe(Progress(phase.name, going.step, going.steps, 1, phase.settings.epochs, {}, 0.0, model))
        through_epochs(going)
        if going.steps and not all_finite(chosen):
            raise DivergedError(
                f"the last step of phase '{phase.name}' made weights that are not finite. Lower lr or set clip; the "
                "parent is unchanged."
            )
    record = recorded(going)
    if journalled is not None:
        journalled.end(index, phase, model, record)
    return record


def recorded(going: Descent) -> PhaseRecord:
    """Return what happened in a phase that is over."""
    phase = going.phase
    return PhaseRecord(
        name=phase.name,
        examples=len(phase.data),
        batch_size=phase.settings.batch_size,
        mixed=sum(mix.size for mix in (*phase.mixes, *phase.apart)),
        terms=tuple(phase.terms),
        trained=sum(parameter.numel() for parameter in going.chosen),
        epochs=going.epochs,
        planned=phase.settings.epochs * going.per_epoch,
        steps=going.step,
        samples=going.slope.samples,
        curve={term: tuple(values) for term, values in going.log.curve.items()},
        validation=tuple(going.losses),
        seconds=time.perf_counter() - going.began,
        on_features=phase.on_features,
        climbs=phase.climb is not None,
    )


def through_epochs(going: Descent) -> None:
    """Run the epochs; with patience, stop when the held-back loss no longer falls and take the best epoch's weights."""
    settings, seed, validation = going.phase.settings, going.around.seed, going.around.validation
    while going.epochs < settings.epochs and going.step < going.steps:
        with isolated(seed, *going.stream, going.epochs, "network"):  # from which dropout draws
            going.epoch()
        going.epochs += 1
        if validation is None:
            continue
        if going.inside:
            going.inside.settle(generator(seed, *going.stream, "midpoint"))
        losses = going.losses
        losses.append(held_back_loss(going.model, validation))
        if not math.isfinite(losses[-1]):
            raise DivergedError(
                f"the loss on held-back data became {losses[-1]} in phase '{going.phase.name}' after epoch "
                f"{going.epochs}. Lower lr or set clip; the parent is unchanged."
            )
        if settings.patience is None:
            continue
        since_best = len(losses) - 1 - losses.index(min(losses))
        if since_best == 0:
            corners = going.inside.corners.corners.clone() if going.inside else None
            going.best = Weights(copy.deepcopy(going.model.state_dict()), corners)
        elif since_best >= settings.patience:
            break
    if going.best is not None:
        going.model.load_state_dict(going.best.model)
    if going.inside:
        going.inside.leave(going.best.corners if going.best else None, generator(seed, *going.stream, "midpoint"))


@torch.no_grad()
def held_back_loss(model: Classifier, data: Data) -> float:
    """Return the mean cross-entropy of data that is not trained on."""
    total, device = torch.zeros((), dtype=torch.float64), model.device
    with resting(model):
        for batch in in_order(data):
            there = Batch(batch.inputs.to(device), batch.targets.to(device))
            total += cross_entropy(Step(model, there, torch.Generator())).double().cpu() * len(batch.targets)
    return float(total / len(data))
