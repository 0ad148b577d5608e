"""Versions made once: what is exported is never changed."""

from __future__ import annotations

import numpy as np
import pytest
from tests.export.worlds import FACTORY, FAST, MEAN, STD, coloured, merged, ours, saved
from tests.nets.resnet_cifar import ResNet, resnet20

from onward.engine.update import update
from onward.learner import Learner
from onward.nets.adopt import adopted
from onward.rng import isolated
from onward.store.lineage import Lineage


@pytest.fixture(scope="session")
def cnn() -> Learner:
    """Batch norm, normalised inputs, and a head of two blocks."""
    return ours("cnn", width=2)


@pytest.fixture(scope="session")
def mlp_merged() -> Learner:
    """Normalised inputs, a head of two blocks, and a class that was merged into another."""
    return merged(ours("mlp", width=16, depth=1))


@pytest.fixture(scope="session")
def cnn_lineage(cnn, tmp_path_factory) -> Lineage:
    return saved(tmp_path_factory.mktemp("cnn"), cnn)[0]


@pytest.fixture(scope="session")
def merged_lineage(mlp_merged, tmp_path_factory) -> Lineage:
    return saved(tmp_path_factory.mktemp("merged"), mlp_merged)[0]


@pytest.fixture(scope="session")
def trained() -> ResNet:
    """A user's network as its own training might have left it: batch norm has seen data."""
    with isolated(0, "trained"):
        network = resnet20(classes=3)
    network(coloured("digits:train@rows=0:64").inputs / 255)
    return network.eval()


@pytest.fixture(scope="session")
def brought(trained) -> Learner:
    """That network, adopted."""
    return Learner(adopted(FACTORY, "012", trained.state_dict(), arguments={"classes": 3}, mean=MEAN, std=STD))


@pytest.fixture(scope="session")
def brought_grown(brought) -> Learner:
    """And updated, with two more classes."""
    return update(brought, coloured("digits:train@classes=2,3,4@rows=0:64"), FAST, seed=0)[0]


@pytest.fixture(scope="session")
def colour(tmp_path_factory) -> str:
    """The source of a test set for it."""
    data, path = coloured("digits:test@rows=0:30"), tmp_path_factory.mktemp("colour") / "digits.npz"
    np.savez(path, x=data.inputs.numpy(), y=data.targets.numpy(), classes=np.array(data.classes))
    return str(path)
