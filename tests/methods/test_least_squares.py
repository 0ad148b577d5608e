"""Least squares starts new classes in closed form, and leaves the old as they were."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, clouds
from tests.conformance.specimens import differing, life
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    batches,
    begun,
    grown,
    seen_by,
)
from tests.reference import least_squares as reference
from torch.nn.functional import cross_entropy

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.least_squares import BY_LOSS, LeastSquares
from onward.methods.warm_start import WarmStart
from onward.nets.zoo import fresh
from onward.settings import Settings
from onward.types import subset

PLAIN = LeastSquares(scale="none")
UNTRAINED = replace(SETTINGS, steps=0)
UNEVEN = torch.cat([torch.arange(20), torch.arange(30, 60)])  # the rows of 20 examples of d and 30 of e


def started(method, new=SECOND):
    """The parent, and the child before its first step; the parent came from a plain warm start."""
    parent = begun(WarmStart())
    child, _ = update(parent, new, UNTRAINED, SEED, method=method)
    return parent.model, child.model


def features_of(parent, new=SECOND):
    with torch.no_grad():
        return parent.features(new.inputs), new.targets


def assert_parallel(rows, plain):
    """Rows that are others times a number; return it."""
    factor = (rows.abs().max() / plain.abs().max()).item()
    torch.testing.assert_close(rows, factor * plain)
    return factor


@pytest.mark.parametrize("unit", [False, True])
def test_the_rows_are_those_of_the_reference_and_the_old_ones_the_parents(unit):
    parent, child = started(replace(PLAIN, ridge=0.3, unit=unit))
    expected = reference.least_squares(*features_of(parent), [0, 1], 0.3, unit)
    torch.testing.assert_close(child.head.blocks[1].weight, expected.float(), rtol=1e-4, atol=1e-6)
    assert torch.equal(child.head.blocks[1].bias, torch.zeros(2))
    inherited = dict(parent.named_parameters())
    assert all(torch.equal(p, inherited[name]) for name, p in child.named_parameters() if name in inherited)


def test_class_means_are_those_of_unit_features():
    parent, child = started(LeastSquares(start="class_mean", unit=True, scale="none"))
    expected = reference.class_mean(*features_of(parent), [0, 1], unit=True)
    torch.testing.assert_close(child.head.blocks[1].weight, expected.float())


@pytest.mark.parametrize("bias", ["zero", "solved"])
@pytest.mark.parametrize("mode", ["ridge", "balanced"])
def test_the_rows_of_the_exact_problem_are_its_stationary_point(mode, bias):
    """The gradient of E w ‖y - W h - b‖² + λ ‖W‖² vanishes; w is n / (C n_c) where classes count alike."""
    new = subset(SECOND, UNEVEN)
    parent, child = started(replace(PLAIN, mode=mode, bias=bias, ridge=0.1), new)
    h, y = features_of(parent, new)
    block = copy.deepcopy(child.head.blocks[1]).double().requires_grad_(True)
    weights = torch.ones(50) if mode == "ridge" else torch.where(y == 0, 50 / 40, 50 / 60)
    errors = (block(h.double()) - torch.eye(2, dtype=torch.float64)[y]).square().sum(dim=1)
    ((weights * errors).mean() + 0.1 * block.weight.square().sum()).backward()
    scale = block.weight.abs().max().item()
    torch.testing.assert_close(block.weight.grad / scale, torch.zeros(2, h.shape[1]).double(), rtol=0, atol=1e-5)
    if bias == "solved":
        torch.testing.assert_close(block.bias.grad / scale, torch.zeros(2).double(), rtol=0, atol=1e-5)


def test_by_norm_new_rows_are_as_long_as_old_ones_in_the_mean():
    _, child = started(LeastSquares(scale="norm"))
    lengths = [block.weight.norm(dim=1).mean() for block in child.head.linears]
    torch.testing.assert_close(lengths[1], lengths[0])
    _, unscaled = started(PLAIN)
    assert_parallel(child.head.blocks[1].weight, unscaled.head.blocks[1].weight)


def test_by_temperature_new_rows_fit_beside_the_old_ones():
    """β is that of one half's rows on the other half, near the one that fits all examples best."""
    _, child = started(LeastSquares(scale="temperature"))
    parent, unscaled = started(PLAIN)
    rows, plain = child.head.blocks[1].weight, unscaled.head.blocks[1].weight
    factor = assert_parallel(rows, plain)
    h, y = features_of(parent)
    old, new = parent(SECOND.inputs).detach(), h @ plain.T

    def loss(times):
        return cross_entropy(torch.cat([old, times * new], dim=1), y + 3).item()

    assert loss(factor) < min(loss(1), loss(factor / 4), loss(4 * factor))
    assert factor > 2


def test_on_a_level_the_true_new_class_is_as_strong_as_the_strongest_old_one():
    """β is that of one half's rows on the other half; on all examples the two are nearly even."""
    _, child = started(LeastSquares(scale="level"))
    parent, unscaled = started(PLAIN)
    rows = child.head.blocks[1].weight
    assert_parallel(rows, unscaled.head.blocks[1].weight)
    h, y = features_of(parent)
    own, strongest = (h @ rows.T).gather(1, y[:, None]).mean(), parent(SECOND.inputs).amax(dim=1).mean()
    assert own.item() == pytest.approx(strongest.item(), rel=0.2) and strongest > 0


@pytest.mark.parametrize("bias", ["mean", "zero"])
def test_biases_may_be_the_mean_of_the_old_ones(bias):
    parent, child = started(replace(PLAIN, bias=bias))
    mean = parent.head.blocks[0].bias.mean() if bias == "mean" else torch.zeros(())
    assert torch.equal(child.head.blocks[1].bias, mean.expand(2)) and parent.head.blocks[0].bias.mean() != 0


@pytest.mark.parametrize(
    ("loss", "rescaled"),
    [("squared_error", {}), ("squared_error", {"aim": 3.0, "emphasis": 2.0}), ("squentropy", {})],
)
def test_its_steps_are_those_of_the_reference(loss, rescaled):
    method = LeastSquares(scale="none", ridge=0.2, loss=loss, **rescaled)
    parent = begun(WarmStart())
    child, record = update(parent, SECOND, SETTINGS, SEED, method=method)
    model = grown(parent)
    rows = reference.least_squares(*features_of(parent.model), [0, 1], 0.2).float()
    reference.written(model, rescaled.get("aim", 1.0) * rows)
    start = copy.deepcopy(model)
    reference.learned(model, loss, batches(seen_by(model)), **RATE, **rescaled)
    assert record.phases[0].terms == (loss,)
    assert_same_parameters(child.model, model, start)


@pytest.mark.parametrize("aim", [1.0, 3.0])
def test_where_the_loss_is_the_squared_error_training_does_not_move_the_solution(aim):
    """Of the head alone, from the minimum of what is minimised: whole batches, no ridge, all classes new."""
    method = LeastSquares(mode="ridge", ridge=0.0, bias="solved", scale="none", loss="squared_error", aim=aim)
    learner = Learner(fresh("mlp", (4,), seed=0, width=16, depth=1), method)
    settings = Settings(trains="head", epochs=20, batch_size=90, lr=0.01)
    start, _ = update(learner, FIRST, replace(settings, steps=0), SEED)
    child, record = update(learner, FIRST, settings, SEED)
    torch.testing.assert_close(child.model.head.weight, start.model.head.weight, rtol=0, atol=2e-4)
    random, told = update(learner, FIRST, settings, SEED, method=replace(method, start="random"))
    assert (random.model.head.weight - start.model.head.weight).abs().max() > 0.1
    assert record.phases[0].curve["squared_error"][0] < 0.9 * told.phases[0].curve["squared_error"][0]


def test_new_classes_are_known_before_the_first_step():
    """Among themselves; and beside the old ones the loss is smaller than that of rows at random."""
    _, child = started(LeastSquares())
    said = child(SECOND.inputs)[:, 3:].argmax(dim=1)
    assert (said == SECOND.targets).float().mean() > 0.9
    _, random = started(LeastSquares(start="random"))
    joint = [cross_entropy(each(SECOND.inputs), SECOND.targets + 3).item() for each in (child, random)]
    assert joint[0] < 0.7 * joint[1]


def test_examples_of_old_classes_have_no_part_in_the_rows():
    _, alone = started(PLAIN)
    both = clouds("abcde", 2)
    mixed, _ = update(begun(WarmStart()), both, UNTRAINED, SEED, method=PLAIN)
    new = replace(both, inputs=both.inputs[both.targets > 2], targets=both.targets[both.targets > 2])
    apart, _ = update(begun(WarmStart()), new, UNTRAINED, SEED, method=PLAIN)
    assert torch.equal(mixed.model.head.weight, apart.model.head.weight)
    assert mixed.model.classes == alone.classes == tuple("abcde")


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_without_new_classes_it_is_the_warm_start_bit_for_bit(scenario):
    here = SCENARIOS[scenario]
    parent, _ = update(Learner(here.net()), here.first, SETTINGS, SEED)
    ours, _ = update(parent, here.first, SETTINGS, SEED, method=LeastSquares())
    theirs, _ = update(parent, here.first, SETTINGS, SEED)
    assert differing(ours.model.state_dict(), theirs.model.state_dict()) == []


@pytest.mark.parametrize("loss, scale", list(BY_LOSS.items()))
def test_the_default_scale_is_the_rule_named_for_the_loss(loss, scale):
    _, by_loss = started(LeastSquares(loss=loss))
    _, named = started(LeastSquares(loss=loss, scale=scale))
    _, other = started(LeastSquares(loss=loss, scale="temperature"))
    assert torch.equal(by_loss.head.blocks[1].weight, named.head.blocks[1].weight)
    assert not torch.equal(by_loss.head.blocks[1].weight, other.head.blocks[1].weight)


@pytest.mark.parametrize("scale", ["by_loss", "none", "norm", "level", "temperature"])
def test_each_scale_serves_every_scenario(scale):
    for scenario in SCENARIOS:
        child = life(LeastSquares(scale=scale), scenario).child.model
        assert all(bool(parameter.isfinite().all()) for parameter in child.parameters()), scenario


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"start": "zero"}, "start must be one of least_squares, class_mean, random, got 'zero'"),
        ({"mode": "own"}, "mode must be one of paper, ridge, balanced, got 'own'"),
        ({"ridge": -1.0}, "ridge must be >= 0, got -1.0"),
        ({"bias": "one"}, "bias must be one of zero, solved, mean, got 'one'"),
        ({"scale": "half"}, "scale must be one of by_loss, none, norm, level, temperature, got 'half'"),
        ({"loss": "hinge"}, "loss must be one of cross_entropy, squared_error, squentropy, got 'hinge'"),
        ({"loss": "squared_error", "aim": 0.0}, "aim must be > 0, got 0.0"),
        ({"loss": "squared_error", "emphasis": -1.0}, "emphasis must be > 0, got -1.0"),
        ({"emphasis": 15.0}, "emphasis acts in the squared error alone: it wants loss='squared_error', got 15.0"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        LeastSquares(**fields)
