"""Every method's accuracies on a tiny stream are those on record.

``pytest tests/golden --rewrite-golden`` writes the record anew; the difference then belongs to the commit, and to the
changelog under Numbers.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
import torch

from onward import catalogue
from onward.datasets.published.named import load
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.settings import Settings
from onward.streams.scenario import task_incremental

RECORD = Path(__file__).with_name("tiny.json")
SETTINGS = Settings(epochs=5, batch_size=32, lr=0.1)
TOLERANCE = 0.03  # of an accuracy: three or four test images of some 120, for other processors round otherwise
METHODS = {
    "a_gem": "a_gem",
    "ace": "ace | replay(size=100)",
    "align_head": "align_head",
    "batch_ensemble": "batch_ensemble",
    "bic": "replay(size=100) | bic",
    "ckca": "ckca",
    "dash": "dash",
    "der": "der(size=100, labels=0.5)",
    "ewc": "ewc(strength=100)",
    "expanse": "expanse",
    "feature_distillation": "feature_distillation(form='smooth_l1')",
    "freeze_old_rows": "freeze_old_rows",
    "freeze_stem": "freeze_stem",
    "gdumb": "gdumb(size=100)",
    "gem": "gem",
    "icarl": "icarl(size=100)",
    "joint": "joint",
    "l2_to_parent": "l2_to_parent",
    "layer_decay": "layer_decay",
    "least_squares": "least_squares",
    "lwf": "lwf",
    "mas": "mas(strength=0.1)",
    "mc_sgd": "mc_sgd(per_class=5, connect_epochs=5)",
    "net2net": "net2net",
    "podnet": "podnet",
    "progressive": "progressive",
    "refit_head": "refit_head",
    "regmean": "regmean",
    "replay": "replay(size=100)",
    "sam": "sam",
    "scratch": "scratch",
    "shrink_and_perturb": "shrink_and_perturb",
    "si": "si",
    "side_network": "side_network",
    "soft_targets": "soft_targets | replay(size=100)",
    "stable_sgd": "stable_sgd(decay=0.5)",
    "subspace_connectivity": "subspace_connectivity(per_class=5, connect_epochs=5)",
    "subspace_ensemble": "subspace_ensemble",
    "two_step": "two_step",
    "vanilla_ensemble": "vanilla_ensemble",
    "warm_start": "warm_start",
    "weight_average": "weight_average",
}


@cache
def matrices(method: str) -> dict[str, list[list[float]]]:
    """The accuracy on each experience's test set, by column, after each update, by row; both ways of asking."""
    stream = task_incremental(load("digits", "train"), load("digits", "test"), 3, seed=0)
    learner = Learner(fresh("mlp", (1, 8, 8), seed=0, width=32, depth=1), catalogue.parsed(method))
    told: dict[str, list[list[float]]] = {"among all classes": [], "among the task's": []}
    for index, experience in enumerate(stream):
        learner, _ = update(learner, experience.train, SETTINGS, seed=index)
        for each, rows in told.items():
            asked = [judge(learner, e.test, e.candidates if "task" in each else None) for e in stream]
            rows.append([round(judgement.accuracy, 4) for judgement in asked])
    return told


@pytest.fixture(scope="module")
def record(rewrite_golden):
    """What is on record; written first where that is asked for."""
    if rewrite_golden:
        lines = [
            f"  {json.dumps(name)}: {{\n    "
            + ",\n    ".join(f"{json.dumps(asked)}: {json.dumps(rows)}" for asked, rows in matrices(method).items())
            + "\n  }"
            for name, method in METHODS.items()
        ]
        RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    return json.loads(RECORD.read_text())


def test_every_method_is_on_record(record):
    assert set(record) == set(METHODS) == set(catalogue.names())


@pytest.mark.parametrize("asked", ["among all classes", "among the task's"])
@pytest.mark.parametrize("name", METHODS)
def test_accuracies_are_those_on_record(name, asked, record):
    found, golden = torch.tensor(matrices(METHODS[name])[asked]), torch.tensor(record[name][asked])
    torch.testing.assert_close(found, golden, rtol=0, atol=TOLERANCE, msg=lambda told: f"{told}\n{found}\n{golden}")
