"""Ideas that the abstract of CKCA permits, each a method made from ``CKCA`` by the verbs that any method has."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from onward.context import Context
from onward.formulas.distillation import distillation
from onward.formulas.feature_distance import cosine_distance
from onward.methods.ckca import CKCA
from onward.nets.averaging import average, renormalise
from onward.nets.classifier import Classifier
from onward.phase import Phase, everything
from onward.step import Step, Term
from onward.types import Kept


@dataclass(frozen=True)
class Scheduled(CKCA):
    """The pull of the parent rises from nothing to twice its strength in the course of an update, or falls so."""

    course: Literal["rising", "falling"] = "rising"

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Weigh both terms by how far the phase is."""
        for phase in super().plan(phases, model, context):
            steps = phase.settings.epochs * math.ceil(len(phase.data) / phase.settings.batch_size)
            weigh = partial(self.in_course, steps)
            held = {name: term for name, term in phase.terms.items() if name in ("featreg", "adakd")}
            yield replace(phase, terms={**phase.terms, **{name: weigh(term) for name, term in held.items()}})

    def in_course(self, steps: int, term: Term) -> Term:
        """Return a term that counts its own calls, one a step."""
        clock = itertools.count()

        def weighed(step: Step) -> Tensor:
            done = (next(clock) + 0.5) / steps
            return 2 * (done if self.course == "rising" else 1 - done) * term(step)

        return weighed


@dataclass(frozen=True)
class Taught(CKCA):
    """The answers are held to those of teachers made from what was kept, by the mean of their log-probabilities."""

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add AdaKD with the teachers in the parent's place."""
        phases = replace(self, answers=0.0).paced(phases, model, context)
        if context.old is None:
            yield from phases
            return
        strength, teachers = self.worth(context) * self.answers, self.teachers(context.old, context)

        def adakd(step: Step) -> Tensor:
            with torch.no_grad():
                said = torch.stack([teacher(step.inputs).log_softmax(dim=1) for teacher in teachers]).mean(dim=0)
            return strength * distillation(step.logits[:, : said.shape[1]], said, self.temperature)

        for phase in phases:
            yield phase.plus(adakd=adakd)

    def paced(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Yield what CKCA makes of the phases."""
        yield from CKCA.plan(self, phases, model, context)

    def teachers(self, old: Classifier, context: Context) -> Sequence[Classifier]:
        """Return the networks that teach."""
        raise NotImplementedError


@dataclass(frozen=True)
class MeanTaught(Taught):
    """The teacher is the mean over all versions, batch norm's statistics taken anew on each portion."""

    def teachers(self, old: Classifier, context: Context) -> Sequence[Classifier]:
        """Return the mean as it was kept."""
        return [loaded(old, context.kept, "mean")]

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Move the mean by one version."""
        mean, versions = copy.deepcopy(model).eval(), int(context.kept.get("versions", 0)) + 1
        if context.old is not None:
            average(mean, loaded(context.old, context.kept, "mean"), 1 - 1 / versions)
            renormalise(mean, context.new, context.generator("mean"), everything)
        return {**super().keep(model, context), "versions": torch.tensor(versions), **unloaded(mean, "mean")}


@dataclass(frozen=True)
class TwiceTaught(Taught):
    """The teachers are the parent and the parent's parent."""

    def teachers(self, old: Classifier, context: Context) -> Sequence[Classifier]:
        """Return both; the parent alone where there is no other."""
        kept = any(name.startswith("before.") for name in context.kept)
        return [old, loaded(old, context.kept, "before")] if kept else [old]

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep the parent for the child's child."""
        before = {} if context.old is None else unloaded(context.old, "before")
        return {**super().keep(model, context), **before}


@dataclass(frozen=True)
class Staged(CKCA):
    """Beside the answers the activations of every stage are held, averaged over the image; each counts alike."""

    stages: float = 0.1

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the distance of the stages, read by hooks while a phase runs."""
        if context.old is None:
            yield from super().plan(phases, model, context)
            return
        old, strength = context.old, self.worth(context) * self.stages
        ours, theirs, handles = {}, {}, []
        for seen, network in ((ours, model), (theirs, old)):
            handles += watched(network, seen)

        def featreg(step: Step) -> Tensor:
            step.logits.detach()  # has run, so what the model saw is there
            with torch.no_grad():  # not by step.old, which may be looked up
                old.features(step.inputs)
            parts = [cosine_distance(ours[name].mean((2, 3)), theirs[name].mean((2, 3))) for name in theirs]
            return strength * torch.stack(parts).mean()

        for phase in super().plan(phases, model, context):
            yield phase.plus(featreg=featreg)
        for handle in handles:
            handle.remove()


def watched(network: Classifier, seen: dict[str, Tensor]) -> list[RemovableHandle]:
    """Note in ``seen`` what each rectifier of the backbone gives, by its name, at every forward pass."""

    def note(name: str) -> Callable[[nn.Module, object, Tensor], None]:
        return lambda module, inputs, output: seen.__setitem__(name, output)

    rectifiers = [(name, module) for name, module in network.backbone.named_modules() if isinstance(module, nn.ReLU)]
    return [module.register_forward_hook(note(name)) for name, module in rectifiers]


def unloaded(network: Classifier, under: str) -> dict[str, Tensor]:
    """Return a network's tensors, to be kept."""
    return {f"{under}.{name}": value.detach().clone() for name, value in network.state_dict().items()}


def loaded(like: Classifier, kept: Kept, under: str) -> Classifier:
    """Return the network whose tensors were kept."""
    network = copy.deepcopy(like).eval()
    network.load_state_dict({name: kept[f"{under}.{name}"] for name in network.state_dict()})
    return network


IDEAS: dict[str, CKCA] = {
    "ckca": CKCA(),
    "strength rising": Scheduled(course="rising"),
    "strength falling": Scheduled(course="falling"),
    "teacher: mean of all versions": MeanTaught(),
    "teachers: the last two versions": TwiceTaught(),
    "features of every stage": Staged(),
}
"""What is tried; every other is measured by the first."""
