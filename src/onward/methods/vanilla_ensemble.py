"""Several networks that differ in where they began, and predict together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from onward.context import Context
from onward.errors import InputError, hold, listed
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.ensemble import Ensemble, ensemble_under, said_by_each
from onward.nets.fast_weights import FastWeights
from onward.nets.grown import refuse_narrow_rows
from onward.nets.zoo import ensemble
from onward.phase import Phase, in_head
from onward.step import Step
from onward.types import Kept

Prediction = Literal["average", "most_confident", "majority"]
"""How members decide: the mean of their logits; the one most sure of its class; or a vote."""


@dataclass(frozen=True)
class VanillaEnsemble(Method):
    """Train n networks side by side on the same examples, and average what they say.

    With f_i the logits of the i-th member, which differ in their initial weights alone:

        L = (1/n) Σ_i ℓ(f_i(x), y),   f = (1/n) Σ_i f_i                                   (Alg. 3 of [1])

    Ensembles learn better and forget less than one network, at n times its price; what is cheaper is measured by them.
    The model becomes one network, its members side by side: a chain's other methods act on it whole, so that
    ``mc_sgd | vanilla_ensemble`` connects all members at once.

    Acts on:      structure (once: n members); the loss on the new data; the prediction
    Keeps:        nothing; the model is n times as large
    Cost:         n times that of one network in training and in prediction; with ``bagging`` one's in training
    Needs:        no other method in the chain that chooses the loss or the prediction; one that goes by depth takes
                  members for layers;  scenarios: all; holds nothing by itself
    Status:       matches its paper: as printed of it or above in ``doan2023-table6``, two streams

    Fields:
        members: n >= 1. 1 is the warm start, bit for bit. Papers: 2 and 3 [1].
        bagging: each batch goes to one member, each as likely, which so sees 1/n of the data (App. E.2 of [1]).
        prediction: ``average``; ``most_confident``, what the member says whose most probable class is the most
            probable; or ``majority``, the class that most members say. Papers: ``average``, slightly the best [1].

    Example:
        >>> from onward.methods.vanilla_ensemble import VanillaEnsemble
        >>> from onward.toy import two_tilts
        >>> after = two_tilts(VanillaEnsemble(members=3), seed=0)
        >>> after.new > 0.9
        True

    Departures:
        1. [1] does not say whether outputs are averaged as logits or probabilities. Inferred: as logits, of which each
           linear head says the mean. A tie of votes goes to the class of the higher mean probability.
        2. By SGD the rate is n times the run's and the weight decay an nth, for the loss is a mean over members: each
           takes the steps that it would take alone. The bias of a class is one for all, and moves by their mean.
        3. With a parent that is no ensemble, the parent is one member and the others begin anew: of the past they know
           nothing.
        4. Rows of classes that come later begin closer to zero by √n: they are drawn as one row over all members.
        5. With ``bagging`` and momentum the other members' columns of the head go on with what they had.

    References:
        [1] Doan, Mirzadeh & Farajtabar 2023, "Continual Learning Beyond a Single Model", CoLLAs, arXiv:2202.09826.
    """

    members: int = 3
    bagging: bool = False
    prediction: Prediction = "average"

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "members must be >= 1": self.members >= 1,
            f"prediction must be one of {listed(get_args(Prediction))}": self.prediction in get_args(Prediction),
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Put the members side by side, once.

        Raises:
            InputError: when the network is an ensemble of another kind, or of another number of members, or has grown.
        """
        if self.members == 1:
            return model
        refuse_narrow_rows(model, "vanilla_ensemble")
        inside = list(model.backbone.modules())
        if any(isinstance(part, FastWeights) for part in inside):
            raise InputError(
                "the network is a batch ensemble already; of vanilla_ensemble and batch_ensemble a lineage has one. "
                "Leave the other out"
            )
        if any(isinstance(part, Ensemble) for part in inside):
            there = ensemble_under(model)
            if len(there.members) != self.members:
                raise InputError(
                    f"the network is an ensemble of {len(there.members)} members, and vanilla_ensemble asks for "
                    f"{self.members}; set members to {len(there.members)}, or train anew"
                )
            there.bagging = self.bagging
            return model
        return ensemble(model, self.members, self.bagging, context.generator("members").initial_seed())

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let every member be right by itself, but in phases on features, which train the head alone."""
        for phase in phases:
            alone = self.members == 1 or self.bagging or phase.on_features
            yield phase if alone else each_right(phase, len(ensemble_under(model).members))

    def predict(self, model: Classifier, inputs: Tensor, kept: Kept) -> Tensor:
        """Return the mean logits; or those of the most confident member, or log-probabilities by votes.

        Where the head has tasks, confidence and votes are among the classes of each.
        """
        if self.members == 1 or self.prediction == "average":
            return model(inputs)
        decided = most_confident if self.prediction == "most_confident" else majority
        said = said_by_each(model, model.features(inputs))
        logits = torch.empty_like(said[0])
        for columns in model.softmaxes:
            logits[:, columns] = decided(said[:, :, columns])
        return logits


def each_right(phase: Phase, members: int) -> Phase:
    """Return a phase of one network as one of n side by side, each of which takes the steps that it would alone."""
    phase, settings = phase.exchanged(mean_over_members), phase.settings
    if settings.optimiser != "sgd":  # others go by the sign of a gradient more than by its size
        return phase
    phase = phase.tuned(lr=members * settings.lr, weight_decay=settings.weight_decay / members)
    return phase.paced(lambda name: 1 / members if in_head(name) and name.endswith("bias") else 1.0)


def mean_over_members(step: Step) -> Tensor:
    """Return the mean cross-entropy of a batch for each member by itself, and of these the mean."""
    said = said_by_each(step.model, step.features)
    targets = step.targets.repeat(len(said))
    return F.cross_entropy(step.model.among_task(said.flatten(0, 1), targets), targets)


def most_confident(said: Tensor) -> Tensor:
    """Return of logits, (n, b, c), those of the member most sure of its class, example by example: (b, c)."""
    surest = said.softmax(-1).amax(-1).argmax(0)
    return said[surest, torch.arange(said.shape[1], device=said.device)]


def majority(said: Tensor) -> Tensor:
    """Return log-probabilities, (b, c), from logits, (n, b, c): a vote each, and one divided by mean probability."""
    votes = F.one_hot(said.argmax(-1), said.shape[-1]).sum(0)
    shares = (votes + said.softmax(-1).mean(0)) / (len(said) + 1)
    return shares.clamp_min(torch.finfo(shares.dtype).tiny).log()
