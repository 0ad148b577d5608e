"""The ideas beside ckca do what their names say, and the table says what they gained."""

from __future__ import annotations

import copy
import importlib

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS
from tests.methods.walks import SETTINGS, context, pair

from onward.engine.update import update
from onward.learner import Learner
from onward.methods.ckca import CKCA
from onward.phase import Phase
from onward.rng import generator
from onward.step import Outputs, Step
from onward.types import Batch, Examples

IMAGES = SCENARIOS["byte images, batch norm"]
X = torch.randn(7, 3, generator=generator(0, "x"))
Y = torch.arange(7) % 6


@pytest.fixture(scope="module")
def ideas(bench):
    return importlib.import_module(bench.IDEAS["strength rising"].__module__)


def adakd(method, old, model, kept=None, times=1):
    """The values of a method's term on one batch, asked for so many times."""
    new = Examples(X, Y, model.classes)
    (phase,) = method.plan([Phase("train", new, SETTINGS)], model, context(new, old, kept))
    step = Step(model, Batch(X, Y), torch.Generator(), parent=lambda: Outputs(X, old(X).detach()))
    return [phase.terms["adakd"](step).item() for _ in range(times)]


@pytest.mark.parametrize(("course", "first", "last"), [("rising", 0, 2), ("falling", 2, 0)])
def test_a_strength_in_its_course_goes_from_one_end_to_the_other_and_is_1_in_the_mean(ideas, course, first, last):
    steps = SETTINGS.epochs * -(-len(X) // SETTINGS.batch_size)
    (plain,) = adakd(CKCA(), *pair())
    shares = [value / plain for value in adakd(ideas.Scheduled(course=course), *pair(), times=steps)]
    assert sum(shares) / steps == pytest.approx(1)
    assert steps == 10 and [shares[0], shares[-1]] == pytest.approx([abs(first - 0.1), abs(last - 0.1)], rel=1e-5)


def test_with_the_parent_as_the_only_teacher_it_is_ckca(ideas):
    old, model = pair()
    assert adakd(ideas.TwiceTaught(), old, model) == pytest.approx(adakd(CKCA(), old, model), rel=1e-5)
    kept = ideas.unloaded(old, "before")
    assert adakd(ideas.TwiceTaught(), old, model, kept) == pytest.approx(adakd(CKCA(), old, model), rel=1e-5)
    other = copy.deepcopy(old)
    with torch.no_grad():
        other.head.blocks[0].weight.mul_(-1)
    assert adakd(ideas.TwiceTaught(), old, model, ideas.unloaded(other, "before")) != adakd(CKCA(), old, model)


def test_the_mean_of_all_versions_counts_each_alike(ideas):
    method = ideas.MeanTaught()
    first, _ = update(Learner(IMAGES.net(), method), IMAGES.first, SETTINGS, seed=0)
    second, _ = update(first, IMAGES.first, SETTINGS, seed=1)
    third, _ = update(second, IMAGES.first, SETTINGS, seed=2)
    (prefix,) = {name.split("/")[0] for name in third.kept}
    for name, _ in third.model.named_parameters():
        versions = [each.model.get_parameter(name) for each in (first, second, third)]
        torch.testing.assert_close(third.kept[f"{prefix}/mean.{name}"], torch.stack(versions).mean(dim=0))
    assert int(third.kept[f"{prefix}/versions"]) == 3


def test_every_stage_is_held_to_the_parents_and_no_hook_stays(ideas):
    first, _ = update(Learner(IMAGES.net(), ideas.Staged()), IMAGES.first, SETTINGS, seed=0)
    child, record = update(first, IMAGES.first, SETTINGS, seed=1)
    assert record.phases[0].terms == ("cross_entropy", "adakd", "featreg")
    assert all(value > 0 for value in record.phases[0].curve["featreg"])
    assert not any(module._forward_hooks for net in (first.model, child.model) for module in net.modules())


def test_the_table_pairs_each_idea_with_ckca(bench):
    found = {"ckca": [(0.1, 0.2), (0.2, 0.3)], "bolder": [(0.1, 0.3), (0.2, 0.4)]}
    columns = [list(column.cells) for column in bench.table(found, "here").columns]
    assert columns[0] == ["ckca", "bolder"] and columns[3] == ["", "10.00 ± 0.00"]
    assert columns[1][1].startswith("35.00 ± ") and columns[2][1].startswith("25.00 ± ")
