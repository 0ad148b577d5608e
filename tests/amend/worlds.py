"""A small lineage whose ``prod`` knows three classes, keeps a memory, and has a test set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tests.conformance.scenarios import SETTINGS, clouds, mlp

from onward.amend.child import Origin, origin
from onward.catalogue import parsed, written
from onward.engine.update import update
from onward.gate.measuring import measure
from onward.learner import Learner
from onward.release.saving import saved
from onward.store.card import Card
from onward.store.fingerprint import facts
from onward.store.lineage import Lineage
from onward.types import Data

TRAIN, TEST = clouds("abc", 1), clouds("abc", 9, shift=1.5)  # far enough that some are confused


def put(path: Path, data: Data) -> str:
    """Write examples as a user has them, and return their source."""
    batch = data.take(torch.arange(len(data)))
    np.savez(path, x=batch.inputs.numpy(), y=batch.targets.numpy(), classes=np.array(data.classes))
    return str(path)


def begun(folder: Path, method: str = "replay(size=40, per_batch=8)") -> Lineage:
    """Begin the lineage with one update."""
    lineage = Lineage.create(folder / "lineage")
    source, train = put(folder / "test.npz", TEST), put(folder / "train.npz", TRAIN)
    learner, record = update(Learner(mlp(), parsed(method)), TRAIN, SETTINGS, seed=1)
    measures = (measure(source, TEST, learner, None, old=False),)
    card = Card(
        net={},
        method=written(learner.method),
        seed=1,
        data=facts(TRAIN, train),
        tests=(source,),
        measures=measures,
        record=record,
    )
    lineage.promote(saved(lineage, learner, card).id, "prod")
    return lineage


def start(lineage: Lineage, head: str | None = "prod", reference: str = "prod") -> Origin:
    """The version in use, to be amended."""
    return origin(lineage, reference, head)
