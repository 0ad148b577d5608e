"""DASH shrinks each vector of the parent's weights by its cosine to the way down, and nothing else."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.specimens import differing, life
from tests.methods.walks import (
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    HalfTrained,
    assert_same_parameters,
    batches,
    begun,
    context,
    grown,
    regression,
    seen_by,
)
from tests.reference.dash import dash, shrink

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.dash import DASH, shrunk
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.rng import generator
from onward.types import Examples

UNTRAINED = replace(SETTINGS, steps=0)
EAST = Examples(torch.tensor([[1.0, 0.0]]), torch.tensor([0]), ("0", "1"))  # one example, x = (1, 0), of class 0


def portions(data, size):
    """The (x, y) on which gradients are taken: in the order of the method's own stream."""
    order = torch.randperm(len(data), generator=generator(SEED, "dash", "batches"))
    return [(data.inputs[rows], data.targets[rows]) for rows in order.split(size)]


@pytest.mark.parametrize(
    ("before", "share"),
    [
        # Of softmax regression -∇w_0 = (1 - p_0) x and -∇w_1 = -p_1 x: for (1, 0) of class 0 the way down is (1, 0) for
        # the row of class 0 and (-1, 0) for that of class 1, however large the probabilities are.
        ([[2.0, 0.0], [-3.0, 0.0]], [1.0, 1.0]),  # cos 1, 1
        ([[0.0, 2.0], [0.0, -1.0]], [0.3, 0.3]),  # cos 0, 0: λ
        ([[-2.0, 0.0], [0.5, 0.0]], [0.3, 0.3]),  # cos -1, -1: λ
        ([[3.0, 4.0], [-4.0, 3.0]], [0.6, 0.8]),  # cos 3/5, 4/5
        ([[1.0, 9.0], [0.0, 0.0]], [0.3, 0.3]),  # cos 1/√82 < λ; what is zero stays zero
    ],
)
def test_each_neuron_of_a_softmax_regression_keeps_its_cosine_and_no_less_than_lambda(before, share):
    model = regression(2, 2, bias=False)
    weights = model.head.blocks[0].weight
    with torch.no_grad():
        weights.copy_(torch.tensor(before))
    DASH(least=0.3).prepare(model, context(EAST, copy.deepcopy(model)))
    torch.testing.assert_close(weights.detach(), torch.tensor(before) * torch.tensor(share)[:, None])


def test_a_kernel_of_a_convolution_is_one_vector_and_all_biases_of_a_layer_are_one():
    """Two kernels of one output, along the way down and against it: [1, 1] cos 1, [2, 0] cos -1; biases cos 1/√2."""
    kernels, down = torch.tensor([[[[1.0, 1.0]], [[2.0, 0.0]]]]), torch.tensor([[[[3.0, 3.0]], [[-1.0, 0.0]]]])
    torch.testing.assert_close(shrunk(kernels, -down, 0.25), torch.tensor([[[[1.0, 1.0]], [[0.5, 0.0]]]]))
    biases = shrunk(torch.tensor([1.0, 1.0]), torch.tensor([-2.0, 0.0]), 0.25)
    torch.testing.assert_close(biases, torch.full((2,), math.sqrt(0.5)))


@given(st.integers(0, 99), st.floats(0, 1), st.floats(0.01, 100))
def test_the_share_hangs_on_directions_alone_and_lies_between_lambda_and_one(seed, least, scale):
    weights, gradient = torch.randn(2, 5, 7, generator=generator(seed, "vectors"), dtype=torch.float64)
    share = shrunk(weights, gradient, least) / weights
    assert float(share.min()) >= least - 1e-9 and float(share.max()) <= 1 + 1e-9
    torch.testing.assert_close(shrunk(weights, scale * gradient, least) / weights, share)
    torch.testing.assert_close(shrunk(scale * weights, gradient, least) / (scale * weights), share)


def test_the_running_mean_weighs_the_last_batch_by_alpha():
    """Two batches of one example, (1, 0) and (0, 1), of class 0 both.

    Where w is next to nothing, the way down of its first row is x / 2 for each. The running mean is then α (1 - α) / 2
    along the first and α / 2 along the last: at α = 1/4 in the ratio of 3/4 to 1, and its cosine to the last is 4/5.
    """
    model = regression(2, 2, bias=False)
    data = Examples(torch.eye(2), torch.tensor([0, 0]), ("0", "1"))
    here = replace(context(data, copy.deepcopy(model)), settings=replace(SETTINGS, batch_size=1))
    last = int(torch.randperm(2, generator=here.generator("batches"))[1])
    tiny = torch.tensor([1e-6, 0.0]).roll(last)  # along the last batch's example
    with torch.no_grad():
        model.head.blocks[0].weight.copy_(torch.stack([tiny, tiny]))
    DASH(least=0.0, alpha=0.25).prepare(model, here)
    kept = float(model.head.blocks[0].weight.detach()[0].norm()) / 1e-6
    assert kept == pytest.approx(0.8, rel=1e-4)


def test_the_start_is_that_of_the_reference_and_new_rows_are_as_they_grew():
    """60 examples in batches of 50 at most are two of 30."""
    parent = begun(WarmStart())
    settings = replace(UNTRAINED, batch_size=50)
    start = update(parent, SECOND, settings, SEED, method=DASH(least=0.2, alpha=0.4))[0].model
    model = grown(parent)
    new_rows = [name for name, _ in model.named_parameters() if name.startswith("head.blocks.1")]
    shrink(model, dict(parent.model.named_parameters()), portions(seen_by(model), 30), least=0.2, alpha=0.4)
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(dict(start.named_parameters())[name], parameter, rtol=1e-4, atol=1e-6)
    same = set(dict(model.named_parameters())) - set(differing(start.state_dict(), grown(parent).state_dict()))
    assert sorted(same) == sorted(new_rows)


def test_of_a_network_with_batch_norm_only_convolutions_and_the_head_are_shrunk():
    name = "byte images, batch norm"
    parent = life(WarmStart(), name).parent
    start, _ = update(parent, SCENARIOS[name].second, UNTRAINED, SEED, method=DASH())
    before, after = parent.model.state_dict(), start.model.state_dict()
    moved = {each for each in before if not torch.equal(before[each], after[each])}
    shaped = {each for each, tensor in before.items() if tensor.ndim > 1 or each.startswith("head.")}
    assert moved == shaped


def test_what_an_update_does_not_train_is_not_shrunk():
    parent = begun(WarmStart())
    model = Classifier(HalfTrained((4,), width=8, depth=1), parent.model.head, parent.classes)
    start, _ = update(Learner(model, WarmStart()), SECOND, UNTRAINED, SEED, method=DASH())
    assert torch.equal(start.model.backbone.layers[1].weight, model.backbone.layers[1].weight)
    assert not torch.equal(start.model.backbone.layers[1].bias, model.backbone.layers[1].bias)


def test_a_first_update_is_the_warm_start():
    assert differing(begun(DASH()).model.state_dict(), begun(WarmStart()).model.state_dict()) == []


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(DASH(least=0.3, alpha=0.3))
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    model, data = grown(parent), seen_by(grown(parent))
    old = dict(parent.model.named_parameters())
    dash(model, old, portions(data, SETTINGS.batch_size), batches(data), 0.3, 0.3, **RATE)
    assert_same_parameters(child.model, model, grown(parent))


@pytest.mark.parametrize("values", [{"least": -0.1}, {"least": 1.1}, {"alpha": 0.0}, {"alpha": 1.1}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        DASH(**values)
