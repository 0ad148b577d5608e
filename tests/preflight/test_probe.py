"""The linear probe: against fits made one by one, and where the answer is known."""

from __future__ import annotations

import pytest
import torch

from onward.preflight.probe import FOLDS, RIDGE, probed
from onward.rng import generator


def draws():
    return generator(0, "folds")


def noise(n, d):
    return torch.randn(n, d, generator=generator(0, "noise"), dtype=torch.float64)


def test_each_fold_is_judged_by_a_ridge_classifier_of_the_others():
    points, ids = noise(43, 6), torch.arange(43) % 3
    points[:, 0] += ids
    x = torch.cat([(points - points.mean(0)) / points.std(0, correction=0), torch.ones(43, 1)], dim=1)
    wanted = torch.zeros(43, dtype=torch.bool)
    for fold in torch.randperm(43, generator=draws()).tensor_split(FOLDS):
        rest = [row for row in range(43) if row not in fold.tolist()]
        # Ridge as least squares with rows √(λ n) I below: the minimiser of |XW − Y|² + λ n |W|².
        above = torch.cat([x[rest], (RIDGE * len(rest)) ** 0.5 * torch.eye(7)])
        below = torch.cat([torch.eye(3, dtype=torch.float64)[ids[rest]], torch.zeros(7, 3)])
        wanted[fold] = (x[fold] @ torch.linalg.lstsq(above, below).solution).argmax(dim=1) == ids[fold]
    found = probed(points, ids, 3, draws())
    assert torch.equal(found, wanted) and 0.4 < found.double().mean() < 1


def test_what_a_line_parts_is_right_and_what_is_noise_is_chance():
    ids = torch.arange(400) % 4
    parted = noise(400, 8) + 10 * torch.eye(8, dtype=torch.float64)[ids]
    assert bool(probed(parted, ids, 4, draws()).all())
    # A quarter right by chance; 3 standard deviations of 400 tries are 6.5 points.
    assert float(probed(noise(400, 8), ids, 4, draws()).double().mean()) == pytest.approx(0.25, abs=0.065)


def test_more_features_than_examples_do_no_harm():
    ids = torch.arange(30) % 2
    points = noise(30, 200)
    points[:, :20] += 3.0 * ids[:, None]
    assert float(probed(points, ids, 2, draws()).double().mean()) > 0.9


def test_a_feature_that_never_changes_and_a_class_without_examples_change_nothing():
    ids, points = torch.arange(40) % 2, noise(40, 5)
    dead = torch.cat([points, torch.full((40, 1), 7.0)], dim=1)
    assert torch.equal(probed(points, ids, 2, draws()), probed(dead, ids, 5, draws()))
