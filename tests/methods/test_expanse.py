"""EXPANSE: new units in every layer, and a source that stays to the bit."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds, cnn, mlp, task_headed, with_dropout
from tests.methods.growing import (
    ADAMW,
    MORE,
    NESTEROV,
    PICTURES,
    SGD,
    World,
    assert_steps_are_those_written_out,
    assert_the_source_stays,
    resnet,
)
from tests.methods.walks import FIRST, SECOND, SEED, SETTINGS
from tests.reference.expanse import said

from onward.catalogue import parsed, written
from onward.engine.update import planned, update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.batch_ensemble import BatchEnsemble
from onward.methods.expanse import Expanse
from onward.methods.refit_head import RefitHead
from onward.methods.vanilla_ensemble import VanillaEnsemble
from onward.methods.warm_start import WarmStart
from onward.nets.expanded import Expanded
from onward.nets.zoo import fresh
from onward.phase import Phase

CASES = {
    "new classes": (mlp, FIRST, SECOND, SGD, Expanse()),
    "the same classes": (mlp, FIRST, clouds("abc", 2, shift=1.0), SGD, Expanse()),
    "some new and some again": (mlp, FIRST, clouds("dca", 2, shift=0.5), NESTEROV, Expanse()),
    "adamw": (mlp, FIRST, SECOND, ADAMW, Expanse(ratio=1.5)),
    "adamw, the same classes": (mlp, FIRST, clouds("abc", 2, shift=1.0), ADAMW, Expanse(units=3)),
    "dropout": (with_dropout, FIRST, SECOND, SGD, Expanse()),
    "batch norm": (cnn, PICTURES, MORE, SGD, Expanse()),
    "batch norm, adamw, examples of the source": (cnn, PICTURES, MORE, ADAMW, Expanse(size=20)),
    "sums and batch norm": (resnet, PICTURES, MORE, SGD, Expanse(budget=2000)),
    "copies": (mlp, FIRST, clouds("dca", 2, shift=0.5), NESTEROV, Expanse(new_units="copied")),
    "copies, batch norm, adamw": (resnet, PICTURES, MORE, ADAMW, Expanse(ratio=1.2, new_units="copied")),
    "parts of a head": (task_headed, FIRST, SECOND, NESTEROV, Expanse()),
}


@pytest.mark.parametrize("case", CASES)
def test_the_source_says_bit_for_bit_what_the_parent_said(case):
    net, first, second, settings, method = CASES[case]
    assert_the_source_stays(World(net, first, second, settings), method)


def test_fifty_steps_are_those_of_the_blocks_written_out():
    learner = Learner(fresh("mlp", (4,), seed=0, width=8, depth=2), Expanse())
    parent, _ = update(learner, FIRST, SETTINGS, seed=3)
    assert_steps_are_those_written_out(parent, NEW, said)


NEW = [
    *(f"backbone.added.layers.1.from_old.{part}" for part in ("weight", "bias")),
    *(f"backbone.added.layers.3.{part}" for part in ("from_old.weight", "from_old.bias", "from_new.weight")),
    *(f"head.blocks.1.{part}" for part in ("weight", "bias")),
]


@pytest.mark.parametrize("second", [SECOND, clouds("abc", 2)], ids=["new classes", "the same classes"])
def test_before_the_first_step_everything_is_said_as_without_the_new_units(second):
    parent, _ = update(Learner(mlp(), Expanse()), FIRST, SETTINGS, seed=3)
    dry = replace(SETTINGS, steps=0)
    wide, _ = update(parent, second, dry, SEED)
    plain, _ = update(parent, second, dry, SEED, method=WarmStart())
    torch.testing.assert_close(wide.predict(FIRST.inputs).logits, plain.predict(FIRST.inputs).logits)


def test_copies_begin_under_new_rows_of_their_own_and_the_old_features_add_nothing_yet():
    method = Expanse(ratio=1, new_units="copied")
    parent, _ = update(Learner(mlp(), method), FIRST, SETTINGS, seed=3)
    child, _ = update(parent, SECOND, replace(SETTINGS, steps=0), SEED)
    features, before = child.model.features(FIRST.inputs), parent.model.features(FIRST.inputs)
    assert torch.equal(features[:, :8], before)
    torch.testing.assert_close(features[:, 8:].sort(dim=1).values, before.sort(dim=1).values)
    rows = child.model.head.linears[1].weight
    assert rows.shape == (2, 16) and (rows[:, :8] == 0).all() and (rows[:, 8:] != 0).all()
    after, _ = update(parent, SECOND, SETTINGS, SEED)
    assert (after.model.head.linears[1].weight[:, :8] != 0).any(), "they are heard once it helps"


def test_as_the_authors_ran_it_all_moves_and_the_copy_says_something_else():
    method = Expanse(mode="authors", size=20, share=0.25)
    parent, _ = update(Learner(fresh("mlp", (4,), 0, width=8), method), FIRST, SETTINGS, seed=3)
    copied, _ = update(parent, SECOND, replace(SETTINGS, steps=0), SEED)
    assert torch.equal(copied.model.backbone.inner.layers[3].weight, parent.model.backbone.layers[3].weight)
    assert not torch.allclose(copied.model(FIRST.inputs)[:, :3], parent.model(FIRST.inputs), atol=1e-3)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    assert record.phases[0].mixed == 4  # a quarter of 12 + 4
    assert record.phases[0].trained == sum(each.numel() for each in child.model.parameters())
    moved = dict(copied.model.named_parameters())
    assert all(not torch.equal(each, moved[name]) for name, each in child.model.named_parameters())
    assert len(child.kept["expanse/inputs"]) == 20


def test_unfreeze_is_a_phase_of_the_new_and_then_one_of_all():
    parent, _ = update(Learner(mlp(), Expanse()), FIRST, SETTINGS, seed=3)
    alone, everything = planned(parent, SECOND, SETTINGS, method=Expanse(mode="unfreeze"))
    assert (alone.name, everything.name) == ("train", "unfreeze")
    # 4 units from 4 inputs; rows of 2 classes at 8 + 4 features; all else is 8 units and rows of 3 classes.
    assert alone.trained == 4 * 5 + 2 * 13
    assert everything.trained == alone.trained + 8 * 5 + 3 * 9


def test_without_new_units_it_is_the_frozen_network_under_new_rows():
    parent, _ = update(Learner(mlp(), Expanse(ratio=0)), FIRST, SETTINGS, seed=3)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    assert not isinstance(child.model.backbone, Expanded)
    assert torch.equal(child.model(FIRST.inputs)[:, :3], parent.model(FIRST.inputs))
    assert record.phases[0].trained == 2 * 9


def test_a_network_with_members_is_refused():
    for other in (BatchEnsemble(), VanillaEnsemble()):
        parent, _ = update(Learner(mlp(), other), FIRST, replace(SETTINGS, steps=0))
        with pytest.raises(InputError, match=r"expanse lets one network grow, .* Leave the other out"):
            update(parent, SECOND, SETTINGS, method=Expanse())


def test_it_keeps_examples_only_where_it_is_told_to():
    assert not Expanse().keeps_examples
    assert Expanse(size=1).keeps_examples


@pytest.mark.parametrize("values", [{"mode": "x"}, {"ratio": -1.0}, {"units": -1}, {"size": -1}, {"share": 1.0}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        Expanse(**values)


def test_units_are_given_in_one_way():
    with pytest.raises(InputError, match="budget must be >= 0, and None where units is given, got 1"):
        Expanse(units=1, budget=1)


def test_units_may_differ_by_layer_and_stand_in_a_chain():
    assert parsed("expanse(units=(2, 1))") == parsed("expanse(units=[2, 1])")
    method = Expanse(units=(2, 1))
    assert parsed(written(method)).methods == (method,)
    parent, _ = update(Learner(fresh("mlp", (4,), 0, width=[8, 6]), method), FIRST, SETTINGS, seed=3)
    child, _ = update(parent, SECOND, replace(SETTINGS, steps=0), SEED)
    assert child.model.backbone.units == {"layers.1": 2, "layers.3": 1}
    with pytest.raises(InputError, match=r"units must be >= 0, got \(1, -1\)"):
        Expanse(units=(1, -1))


def test_a_memory_that_holds_more_than_is_asked_for_is_drawn_from(monkeypatch):
    method = Expanse(size=20, share=0.25)
    parent, _ = update(Learner(mlp(), method), FIRST, SETTINGS, seed=3)
    sizes = []
    monkeypatch.setattr(Phase, "mixed", lambda phase, memory, beside: sizes.append(len(memory)) or phase)
    for size in (20, 7):
        update(parent, SECOND, replace(SETTINGS, steps=0), SEED, method=Expanse(size=size, share=0.25))
    assert sizes == [20, 7]


@pytest.mark.parametrize("method", [RefitHead(), VanillaEnsemble(members=2)])
def test_what_needs_rows_on_all_features_refuses_a_lineage_that_grew(method):
    parent, _ = update(Learner(mlp(), Expanse()), FIRST, SETTINGS, seed=3)
    child, _ = update(parent, SECOND, replace(SETTINGS, steps=0), SEED)
    told = rf"{method.name} wants all rows of the head to read all 12 features, and those of 3 classes read the first 8"
    with pytest.raises(InputError, match=told):
        update(child, clouds("abcde", 3), SETTINGS, SEED, method=method)
