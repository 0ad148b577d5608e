"""Loss and accuracy along a line, against what a line of such weights must have."""

from __future__ import annotations

import copy
import json
from dataclasses import asdict

import pytest
import torch
import torch.nn.functional as F
from tests.blend.worlds import TEST, family, kept, knowing, parts, trained
from tests.conformance.scenarios import clouds

from onward.blend.connection import connection
from onward.blend.held_out import looked_at
from onward.blend.parts import parts_of
from onward.engine.curvature import top_eigenvalues
from onward.engine.mean_loss import mean_loss
from onward.errors import InputError
from onward.release.held_out import HeldOut
from onward.store.lineage import Lineage

SETS = (HeldOut("test", TEST, old=True),)


@pytest.fixture
def world(tmp_path):
    return family(tmp_path)


def test_at_the_ends_it_is_what_each_version_does(world):
    lineage, first, child, _ = world
    both = parts_of(parts(lineage, first, child))
    (profile,) = connection(both, SETS, points=3).profiles
    for place, version in ((0, first), (-1, child)):
        own = mean_loss(lineage.load(version.id), TEST)
        assert (profile.losses[place], profile.accuracies[place]) == (own.loss, own.accuracy)
    assert profile.alphas == (0.0, 0.5, 1.0) and profile.data == "test"


def test_in_between_it_is_the_loss_of_the_weights_in_between(world):
    lineage, first, child, _ = world
    ends = [lineage.load(version.id).model.state_dict() for version in (first, child)]
    model = lineage.load(first.id).model
    model.load_state_dict({name: 0.75 * one + 0.25 * ends[1][name] for name, one in ends[0].items()})
    (profile,) = connection(parts_of(parts(lineage, first, child)), SETS, points=5).profiles
    with torch.no_grad():
        assert profile.losses[1] == pytest.approx(float(F.cross_entropy(model(TEST.inputs), TEST.targets)), rel=1e-5)


def test_where_the_heads_alone_differ_the_loss_is_convex_and_there_is_no_barrier(tmp_path):
    """Softmax regression on fixed features is convex in its weights, so the loss is in α: second differences >= 0."""
    lineage = Lineage.create(tmp_path)
    first = kept(lineage, knowing("a b c", 1))
    both = parts_of(parts(lineage, first, kept(lineage, knowing("a b c", 2), first)))
    (profile,) = connection(both, SETS, points=9).profiles
    losses = torch.tensor(profile.losses, dtype=torch.float64)
    assert (losses.diff().diff() > -1e-6).all() and losses.diff().diff().max() > 1e-3
    assert profile.barrier == pytest.approx(0, abs=1e-6)


def test_between_permuted_copies_there_is_a_barrier(tmp_path):
    """Both have the same function; the average of unlike units has not (Entezari et al. 2022)."""
    lineage, train = Lineage.create(tmp_path), clouds("abc", 1)
    turned, order = copy.deepcopy(trained()), torch.arange(8).roll(3)
    with torch.no_grad():
        layer, rows = turned.backbone.layers[1], turned.head.linears[0].weight
        layer.weight.copy_(layer.weight[order])
        layer.bias.copy_(layer.bias[order])
        rows.copy_(rows[:, order])
    first = kept(lineage, trained())
    both = parts_of(parts(lineage, first, kept(lineage, turned, first)))
    (profile,) = connection(both, (HeldOut("train", train, old=True),)).profiles
    assert profile.losses[0] == pytest.approx(profile.losses[-1], rel=1e-4) and profile.losses[0] < 0.001
    assert (
        profile.barrier == pytest.approx(max(profile.losses) - profile.losses[0], rel=1e-4) and profile.barrier > 0.05
    )


def test_between_versions_of_the_same_weights_the_line_is_flat_to_the_bit(tmp_path):
    lineage = Lineage.create(tmp_path)
    first = kept(lineage, knowing("a b c", 1))
    again = kept(lineage, knowing("a b c", 1), first)
    (profile,) = connection(parts_of(parts(lineage, first, again)), SETS, points=7).profiles
    assert len(set(profile.losses)) == len(set(profile.accuracies)) == 1
    assert profile.barrier == pytest.approx(0, abs=1e-15)


def test_from_the_other_end_it_is_the_same_line(world):
    lineage, first, child, _ = world
    (there,) = connection(parts_of(parts(lineage, first, child)), SETS, points=4).profiles
    (back,) = connection(parts_of(parts(lineage, child, first)), SETS, points=4).profiles
    assert back.losses == pytest.approx(there.losses[::-1], rel=1e-6)
    assert back.barrier == pytest.approx(there.barrier, rel=1e-6)


def test_a_new_class_is_never_right_at_the_end_that_does_not_know_it(world):
    lineage, first, _, last = world
    both = parts_of(parts(lineage, first, last))
    old, new = looked_at(both, None)
    found = connection(both, (old, new), points=3)
    assert [each.data.rpartition("/")[2] for each in found.profiles] == ["old.npz", "new.npz"]
    assert found.profiles[0].losses[0] >= mean_loss(lineage.load(first.id), TEST).loss, "a logit of 0 more"
    assert (found.first, found.second, found.related, found.statistics) == (first.id, last.id, True, "none")
    assert json.loads(json.dumps(asdict(found)))["profiles"][0]["alphas"] == [0.0, 0.5, 1.0]


def test_the_eigenvalues_are_those_of_both_ends(world):
    lineage, first, child, _ = world
    (sharp,) = connection(parts_of(parts(lineage, first, child)), SETS, points=2, curvature=2).sharpness
    for found, version in ((sharp.first, first), (sharp.second, child)):
        assert found == pytest.approx(top_eigenvalues(lineage.load(version.id).model, TEST, 2), rel=1e-3)


def test_one_point_is_no_line_and_without_data_there_is_nothing_to_look_at(tmp_path):
    lineage = Lineage.create(tmp_path)
    first = kept(lineage, knowing("a b c", 1), tests=("gone.npz",))
    both = parts_of(parts(lineage, first, kept(lineage, knowing("a b c", 2), first, tests=("gone.npz",))))
    with pytest.raises(InputError, match="looked at in 2 points at least, got 1"):
        connection(both, SETS, points=1)
    with pytest.raises(InputError, match=r"no test set that can be read \(gone.npz cannot be\); name one with --data"):
        looked_at(both, None)
