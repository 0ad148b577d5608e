"""How each method is shown to the laws. A method that is not in the table fails the suite."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from tests.conformance.scenarios import SCENARIOS, SETTINGS
from torch import Tensor

from onward.catalogue import written
from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.methods.a_gem import AGEM
from onward.methods.ace import ACE
from onward.methods.align_head import AlignHead
from onward.methods.batch_ensemble import BatchEnsemble
from onward.methods.bic import BiC
from onward.methods.ckca import CKCA
from onward.methods.dash import DASH
from onward.methods.der import DER
from onward.methods.ewc import EWC
from onward.methods.expanse import Expanse
from onward.methods.feature_distillation import FeatureDistillation
from onward.methods.freeze_old_rows import FreezeOldRows
from onward.methods.freeze_stem import FreezeStem
from onward.methods.gdumb import GDumb
from onward.methods.gem import GEM
from onward.methods.icarl import ICaRL
from onward.methods.joint import Joint
from onward.methods.l2_to_parent import L2ToParent
from onward.methods.layer_decay import LayerDecay
from onward.methods.least_squares import LeastSquares
from onward.methods.lwf import LwF
from onward.methods.mas import MAS
from onward.methods.mc_sgd import MCSGD
from onward.methods.net2net import Net2Net
from onward.methods.podnet import PODNet
from onward.methods.progressive import Progressive
from onward.methods.refit_head import RefitHead
from onward.methods.regmean import RegMean
from onward.methods.replay import Replay
from onward.methods.sam import SAM
from onward.methods.scratch import Scratch
from onward.methods.shrink_and_perturb import ShrinkAndPerturb
from onward.methods.si import SI
from onward.methods.side_network import SideNetwork
from onward.methods.soft_targets import SoftTargets
from onward.methods.stable_sgd import StableSGD
from onward.methods.subspace_connectivity import SubspaceConnectivity
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.methods.two_step import TwoStep
from onward.methods.vanilla_ensemble import VanillaEnsemble
from onward.methods.warm_start import WarmStart
from onward.methods.weight_average import WeightAverage
from onward.record import Record
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.toy import Outcome, two_blobs, two_tilts


@dataclass(frozen=True)
class Specimen:
    """A method and what may be expected of it.

    Args:
        shown: with settings under which it acts on small problems.
        off: with settings under which it is the warm start; or the reason why it has none.
        earns: where it holds old data better than the warm start does; or the reason why it need not.
        solves: why an update with a parent takes no step and draws nothing; "" where it trains.
        needs_its_past: why it cannot take over from a method that kept nothing; "" where it can.
        idle: scenarios in which it is the warm start as shown, each with the reason.
        cannot_tell: why examples that were never seen cannot be told from others when they are to be forgotten.
    """

    shown: Method
    off: Method | str
    earns: Callable[[Method, int], Outcome] | str
    solves: str = ""
    needs_its_past: str = ""
    idle: Mapping[str, str] = field(default_factory=dict)
    cannot_tell: str = ""


SPECIMENS = {
    "a_gem": Specimen(AGEM(), AGEM(size=0), two_blobs),
    "ace": Specimen(
        ACE(),
        "it has no strength: a new example is told from all classes or not",
        two_blobs,
        idle={
            "more data, dropout": "every batch is of every class",
            "shifted domain, on disk": "every batch is of every class",
            "task heads": "a new example is told from no class of another task as it is",
        },
    ),
    "align_head": Specimen(
        AlignHead(samples=40, epochs=3),
        AlignHead(samples=0),
        two_blobs,
        needs_its_past="without sums over the old classes none of their features can be drawn",
        cannot_tell="a sum does not tell of what it is the sum",
    ),
    "batch_ensemble": Specimen(
        BatchEnsemble(spread=0.2),
        BatchEnsemble(members=1),
        "it learns as several do, and holds nothing",
    ),
    "bic": Specimen(BiC(), BiC(size=0), two_blobs),
    "ckca": Specimen(CKCA(features=1.0, answers=4.0), CKCA(answers=0.0, slowing=0.0), two_tilts),
    "dash": Specimen(DASH(), DASH(least=1.0), "it frees the network for the new, and holds nothing of the past"),
    "der": Specimen(DER(size=20, per_batch=8, labels=0.5), DER(size=0), two_blobs),
    "ewc": Specimen(EWC(strength=30.0), EWC(strength=0.0), two_tilts),
    "expanse": Specimen(Expanse(size=20), Expanse(mode="authors", ratio=0.0, size=0), two_blobs),
    "feature_distillation": Specimen(
        FeatureDistillation(strength=1.0, form="smooth_l1"), FeatureDistillation(strength=0.0), two_tilts
    ),
    "freeze_old_rows": Specimen(
        FreezeOldRows(),
        "it has no strength: a row moves or not",
        "it holds old rows; nothing holds the features",
        idle={
            "more data, dropout": "no class is new",
            "shifted domain, on disk": "no class is new",
            "task heads": "no loss of a new task reaches the rows of an old one",
        },
    ),
    "freeze_stem": Specimen(FreezeStem(), FreezeStem(share=0.0), "it holds the stem; nothing holds what is above"),
    "gem": Specimen(GEM(), GEM(size=0), two_blobs),
    "gdumb": Specimen(GDumb(size=40), "it has no strength: it always starts afresh, from the memory", two_blobs),
    "icarl": Specimen(ICaRL(size=40, per_batch=8), "it has no strength: its head is of means, or trained", two_blobs),
    "joint": Specimen(Joint(), "it has no strength: all data is all data", two_blobs),
    "l2_to_parent": Specimen(L2ToParent(strength=0.1), L2ToParent(strength=0.0), two_tilts),
    "layer_decay": Specimen(
        LayerDecay(decay=0.5), LayerDecay(decay=1.0), "it slows the forgetting of early layers, and holds nothing"
    ),
    "least_squares": Specimen(
        LeastSquares(), LeastSquares(start="random"), "it starts new classes well, and holds nothing of the past"
    ),
    "lwf": Specimen(LwF(strength=1.0), LwF(strength=0.0), two_tilts),
    "mas": Specimen(MAS(strength=0.03), MAS(strength=0.0), two_tilts),
    "mc_sgd": Specimen(MCSGD(per_class=5, connect_epochs=20), MCSGD(per_class=0), two_blobs),
    "net2net": Specimen(
        Net2Net(layers=1),
        Net2Net(ratio=0.0),
        "it makes room for the new, and holds nothing of the past",
    ),
    "podnet": Specimen(PODNet(flat=3.0), PODNet(spatial=0.0, flat=0.0), two_tilts),
    "progressive": Specimen(
        Progressive(layers=2),
        "without new layers the network still stands under new rows",
        "old logits stay to the bit, and nothing holds the new ones below them",
    ),
    "refit_head": Specimen(
        RefitHead(),
        "it has no strength: it solves the head, whole",
        two_blobs,
        solves="the head is a closed form of sums",
        needs_its_past="without sums over the old classes their rows cannot be solved",
        cannot_tell="a sum does not tell of what it is the sum",
    ),
    "regmean": Specimen(RegMean(), RegMean(strength=0.0), two_blobs),
    "replay": Specimen(Replay(size=20, per_batch=8), Replay(size=0), two_blobs),
    "sam": Specimen(SAM(rho=0.2), SAM(rho=0.0), "it makes each update cost the past less, and holds nothing"),
    "scratch": Specimen(Scratch(), "it always starts afresh", "it throws the past away, which is its name"),
    "shrink_and_perturb": Specimen(
        ShrinkAndPerturb(),
        ShrinkAndPerturb(shrink=1.0, noise=0.0),
        "it frees the network for the new, and holds nothing of the past",
    ),
    "si": Specimen(SI(), SI(strength=0.0), two_tilts),
    "side_network": Specimen(
        SideNetwork(),
        "there is always a network at the side, and the one beside it stands",
        "old logits stay to the bit, and nothing holds the new ones below them",
    ),
    "soft_targets": Specimen(
        SoftTargets(),
        "it has no strength: a target is soft or not",
        "it asks old classes for less change, and holds them only beside a memory",
    ),
    "stable_sgd": Specimen(StableSGD(decay=0.1), StableSGD(decay=1.0), two_tilts),
    "subspace_connectivity": Specimen(
        SubspaceConnectivity(per_class=5, connect_epochs=20),
        SubspaceConnectivity(corners=1, per_class=0),
        two_blobs,
    ),
    "subspace_ensemble": Specimen(
        SubspaceEnsemble(diversity=0.1, prediction="corners"),
        SubspaceEnsemble(corners=1),
        "it makes each update cost the past less, and holds nothing",
    ),
    "two_step": Specimen(
        TwoStep(per_class=5, weight=2),
        TwoStep(per_class=0),
        "it chooses what is learned first, and holds nothing",
    ),
    "vanilla_ensemble": Specimen(
        VanillaEnsemble(members=2),
        VanillaEnsemble(members=1),
        "it learns as several do, and holds nothing",
    ),
    "warm_start": Specimen(WarmStart(), WarmStart(), "it is what the others are measured against"),
    "weight_average": Specimen(WeightAverage(), WeightAverage(decay=0.0, share=0.0), two_tilts),
}

CHAINS = {
    "ewc | replay": EWC(strength=30.0) | Replay(size=20, per_batch=8),
    "replay | lwf | replay": Replay(size=10, per_batch=4) | LwF(strength=1.0) | Replay(size=6, per_batch=2),
    "replay | ace": Replay(size=20, per_batch=8) | ACE(),
    "herding, mir": Replay(size=20, per_batch=8, memory="herding", draw="mir", candidates=15),
}

SUBJECTS: dict[str, Method] = {**{name: each.shown for name, each in SPECIMENS.items()}, **CHAINS}


@dataclass(frozen=True)
class Onlooker(Method):
    """Put last in a chain, it sees each phase as it runs: the phase, and the parameters before and after."""

    seen: list = field(default_factory=list)

    def plan(self, phases, model, context):
        for phase in phases:
            before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
            yield phase
            after = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
            self.seen.append((phase, before, after))


class Life(NamedTuple):
    """A lineage of two updates in a scenario."""

    parent: Learner
    child: Learner
    born: Record
    updated: Record


@cache
def life(method: Method, scenario: str) -> Life:
    """Update a fresh network twice, once for all laws: nothing here is ever changed in place."""
    here = SCENARIOS[scenario]
    parent, born = update(Learner(here.net(), method), here.first, SETTINGS, seed=3)
    child, updated = update(parent, here.second, SETTINGS, seed=4)
    return Life(parent, child, born, updated)


def bits(learner: Learner) -> dict[str, Tensor]:
    """Return copies of all tensors of a learner."""
    model = {f"model/{name}": tensor for name, tensor in learner.model.state_dict().items()}
    kept = {f"kept/{name}": tensor for name, tensor in learner.kept.items()}
    return {name: tensor.clone() for name, tensor in {**model, **kept}.items()}


def differing(one: Mapping[str, Tensor], other: Mapping[str, Tensor]) -> list[str]:
    """Return the names under which two sets of tensors are not the same, bit for bit."""
    alike = {
        name
        for name in one.keys() & other.keys()
        if one[name].dtype == other[name].dtype and torch.equal(one[name], other[name])
    }
    return sorted((one.keys() | other.keys()) - alike)


def reloaded(learner: Learner, folder: Path) -> Learner:
    """Save a learner as a version in a folder, and load it from there."""
    version = Lineage.create(folder).save(learner, Card(learner.model.spec(), written(learner.method)))
    return Lineage(folder).load(version.id)
