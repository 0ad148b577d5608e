"""Added units taken out of a version: how many, which, what stays to the bit, and what the gate says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.amend.worlds import put, start
from tests.conformance.scenarios import SETTINGS, clouds

from onward.amend.squeezing import Squeeze, accuracy, cut, held_out, smaller, squeeze
from onward.catalogue import parsed, written
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.nets.added_units import marks_of, units_of
from onward.nets.grown import source
from onward.nets.squeezed import changes, magnitudes
from onward.nets.zoo import fresh
from onward.release.saving import saved
from onward.store.card import Card
from onward.store.lineage import Lineage
from onward.store.tensors import read_tensors

FIRST, SECOND, TEST, HELD = (
    clouds(names, seed) for names, seed in (("ab", 1), ("abcdef", 2), ("abcdef", 9), ("abcdef", 5))
)
LONG = replace(SETTINGS, epochs=10)


def grown(folder: Path, method: str = "expanse(units=8, size=40)", silent: tuple[int, ...] = ()) -> Lineage:
    """A lineage whose ``prod~1`` has two units, too few for those of ``prod``; nothing reads some of eight added."""
    lineage, tests = Lineage.create(folder / "lineage"), (put(folder / "test.npz", TEST),)
    before, _ = update(Learner(fresh("mlp", (4,), 0, width=2, depth=1), parsed(method)), FIRST, LONG, seed=1)
    card = Card(net={}, method=written(before.method), tests=tests)
    parent = saved(lineage, before, card)
    after, _ = update(before, SECOND, LONG, seed=1)
    state = after.model.state_dict()
    for name, axis, units, read in marks_of(after.model):
        if read:
            state[name].movedim(axis, 0)[torch.isin(units, torch.tensor(silent))] = 0
    lineage.promote(saved(lineage, after, replace(card, parent=parent.id)).id, "prod")
    return lineage


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> tuple[Path, str]:
    """A folder with such a lineage in which nothing reads units 1 and 2, and the source of held-out data."""
    folder = tmp_path_factory.mktemp("grown")
    grown(folder, silent=(1, 2))
    return folder, put(folder / "held.npz", HELD)


@pytest.fixture
def lineage(made, tmp_path) -> Lineage:
    return Lineage(shutil.copytree(made[0] / "lineage", tmp_path / "lineage"))


def test_a_share_goes_with_its_tensors_and_the_source_stays_to_the_bit(lineage):
    before = lineage.load("prod").model
    count = units_of(before.backbone).count
    done = squeeze(start(lineage), Squeeze(share=0.5))
    after = lineage.load("prod").model
    assert done.units == (count, count - count // 2) and units_of(after.backbone).count == done.units[1]
    assert done.parameters == tuple(sum(p.numel() for p in each.parameters()) for each in (before, after))
    assert (done.accuracy, done.release.promoted) == (None, True)
    held = [sum(each.numel() for each in read_tensors(lineage.version(reference).path / "model.safetensors").values())
            for reference in ("prod~1", "prod")]  # fmt: skip
    assert held == list(done.parameters)
    state, first = source(after).state_dict(), lineage.load("prod~2").model.state_dict()
    assert state.keys() == first.keys() and all(torch.equal(state[name], first[name]) for name in first)
    assert torch.equal(source(after)(HELD.inputs), lineage.load("prod~2").model(HELD.inputs))


@pytest.mark.parametrize("by", ["magnitude", "change"])
def test_units_that_nothing_reads_go_first_and_nothing_said_changes(lineage, made, by):
    before, count = lineage.load("prod"), units_of(lineage.load("prod").model.backbone).count
    done = squeeze(start(lineage), Squeeze(by, share=2 / count, data=(made[1],)))
    assert done.units == (count, count - 2) and done.accuracy[0] == done.accuracy[1]
    torch.testing.assert_close(lineage.load("prod").model(HELD.inputs), before.model(HELD.inputs), rtol=1e-5, atol=1e-6)
    (measure,) = done.release.version.card.measures
    assert measure.accuracy == measure.parent_accuracy and measure.negative_flips == measure.positive_flips == 0


def test_as_many_go_as_accuracy_allows_and_with_one_more_it_falls_further(lineage, made):
    begun, before = start(lineage), lineage.load("prod")
    done = squeeze(begun, Squeeze("change", tolerance=0.02, data=(made[1],)))
    right, now = done.accuracy
    assert 0 < done.units[1] < done.units[0] - 2 and now >= right - 0.02
    scores = changes(before.model, [HELD.inputs])
    sets = held_out(begun, (made[1],), None)
    after = smaller(before, scores.argsort(stable=True)[: done.units[0] - done.units[1] + 1])
    assert accuracy(after, sets) < right - 0.02


def test_what_it_was_is_told_in_the_card(lineage, made):
    parent = lineage.resolve("prod")
    done = squeeze(start(lineage), Squeeze("change", share=0.25, data=(made[1],), note="lean"))
    card, (had, have) = done.release.version.card, done.units
    assert card.act == f"squeeze {had - have} of {had} added units by change on {made[1]}"
    assert (card.parent, card.note, card.record, card.method) == (
        parent,
        "lean",
        None,
        lineage.read(parent).card.method,
    )
    text = (done.release.version.path / "README.md").read_text()
    assert "Its weights are that version's, but for those units, which are no longer there.\n" in text
    assert card.verdict is not None and card.net["backbone"]["added"] == lineage.load("prod").model.backbone.units


def test_a_version_that_loses_what_it_knew_is_kept_and_not_promoted(lineage):
    (lineage.path / "lineage.toml").write_text("[gate]\nmargin = 0.0\nnegative_flips = 0.0\n")
    before = lineage.resolve("prod")
    done = squeeze(start(lineage), Squeeze(share=1.0))
    assert done.units[1] == 1, "one that the head reads stays"
    assert not done.release.verdict.passed and not done.release.promoted and lineage.resolve("prod") == before
    assert lineage.load(done.release.version.id).model.classes == tuple("abcdef")


def test_where_no_unit_can_go_none_is_made(lineage):
    ids = lineage.ids()
    done = squeeze(start(lineage), Squeeze(share=0.0))
    assert done.release is None and done.units[0] == done.units[1] and lineage.ids() == ids


def test_a_squeezed_version_goes_on_to_be_updated_and_to_grow(lineage):
    squeeze(start(lineage), Squeeze(share=0.5))
    learner = lineage.load("prod")
    after, _ = update(learner, clouds("g", 3), SETTINGS, seed=1)
    assert len(after.model.backbone.stages) == 2 and after.classes == tuple("abcdefg")
    assert torch.equal(source(after.model)(HELD.inputs), learner.model(HELD.inputs))


def test_what_is_kept_of_each_parameter_is_cut_as_it_is_and_goes_on_to_be_used(tmp_path):
    grew = replace(grown(tmp_path).load("prod"), method=parsed("ewc"))
    before, _ = update(grew, SECOND, SETTINGS, seed=1)
    stays = magnitudes(before.model) > magnitudes(before.model).median()
    after = smaller(before, (~stays).nonzero()[:, 0])
    for name, parameter in after.model.named_parameters():
        assert torch.equal(after.kept[f"ewc/anchor/{name}"], parameter.detach())
        assert after.kept[f"ewc/fisher/{name}"].shape == parameter.shape
    assert len(update(after, clouds("g", 3), SETTINGS, seed=1)[0].classes) == 7


def test_what_hangs_on_all_units_is_refused_with_a_way_out(lineage):
    learner = replace(lineage.load("prod"), method=parsed("refit_head"), kept={"refit_head/gram": torch.ones(9, 9)})
    with pytest.raises(InputError, match="what refit_head keeps, such as 'gram', hangs on all units"):
        cut(learner, torch.ones(units_of(learner.model.backbone).count, dtype=torch.bool))


def test_it_is_not_chosen_on_what_judges_it(lineage, made):
    with pytest.raises(InputError, match=r"are in the test set .*test.npz too, which judges what is chosen"):
        squeeze(start(lineage), Squeeze("change", share=0.5, data=(str(made[0] / "test.npz"),)))


def test_a_network_that_never_grew_is_refused(lineage):
    with pytest.raises(InputError, match="this one was never expanded"):
        squeeze(start(lineage, reference="prod~1"), Squeeze(share=0.5))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "share must be given where tolerance is not"),
        ({"share": 0.5, "tolerance": 0.1, "data": ("x",)}, "share must be given where tolerance is not"),
        ({"share": 1.5}, r"share must be in \[0, 1\], got 1.5"),
        ({"tolerance": -1.0, "data": ("x",)}, r"tolerance must be in \[0, 1\], got -1.0"),
        ({"tolerance": 0.1}, "data must be given where by is change, or tolerance is given"),
        ({"share": 0.5, "by": "change"}, "data must be given where by is change"),
        ({"share": 0.5, "by": "size", "data": ("x",)}, "by must be one of magnitude, change, got 'size'"),
    ],
)
def test_what_cannot_be_done_is_refused(values, told):
    with pytest.raises(InputError, match=told):
        Squeeze(**values)
