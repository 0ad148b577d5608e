"""What of a version is served: all of it, or the source within it."""

from __future__ import annotations

from dataclasses import dataclass

from onward.errors import InputError
from onward.export.growth import Growth, Part, before_growth, growth, source_of
from onward.export.probe import Probe, Probed, probed
from onward.learner import Learner
from onward.nets.classifier import Classifier
from onward.store.lineage import Lineage
from onward.store.version import Version


@dataclass(frozen=True)
class Contents:
    """What of a version an export holds.

    Args:
        part: ``full``, or ``source`` for the network as it was before it grew last.
        own_names: the tensors of an adopted network stand under the names it has for them itself.
    """

    part: Part = "full"
    own_names: bool = False


@dataclass(frozen=True)
class Served:
    """What is served.

    Args:
        version: the one that is exported.
        part: see ``Contents``.
        model: the network that is written.
        learner: whose predictions a file must give.
        card_of: the version whose model card tells of it; for a source, the one that says the same.
        on: inputs of it.
        growth: what both networks take; None where none grew.
    """

    version: Version
    part: Part
    model: Classifier
    learner: Learner
    card_of: Version
    on: Probed
    growth: Growth | None


def served(lineage: Lineage, version: Version, part: Part = "full", probe: Probe | None = None) -> Served:
    """Return what of a version is served, at rest and without gradients.

    Args:
        lineage: where the version is.
        version: the one.
        part: see ``Contents``.
        probe: its inputs; None is the lineage's own test sets.

    Raises:
        InputError: when it holds no such part; when a method of its chain has a prediction of its own, or it knows no
            class; when there are no inputs.
        StoreError: when a version is not what its card says.
    """
    learner = lineage.load(version.id)
    before = before_growth(lineage, version, learner.model)
    smaller = None if before is None else lineage.load(before.id)
    if part == "source":
        model = source_of(learner.model, before, smaller)
        said, card_of = smaller or learner, before or version
    else:
        model, said, card_of = learner.model, learner, version
    refuse_more_than_a_network(said)
    model.requires_grad_(False)  # who serves it asks for no gradient
    on = probed(probe or Probe(), version.card.tests, model)
    took = None if before is None or smaller is None else growth(before, smaller, learner, on.inputs)
    return Served(version, part, model, said, card_of, on, took)


def refuse_more_than_a_network(learner: Learner) -> None:
    """Refuse a version that says something else than its network does, or nothing.

    Raises:
        InputError: when a method of its chain has a prediction of its own, or it knows no class.
    """
    if not learner.classes:
        raise InputError("the version knows no class yet; update it first")
    if learner.chain.predictor is not None:
        name, _ = learner.chain.predictor
        raise InputError(
            f"the method {name} predicts in a way of its own, from what it keeps, and an exported file holds the "
            "network alone: it would say something else. Serve the version with onward.load, or update it once more "
            f"with a method other than {name}."
        )
