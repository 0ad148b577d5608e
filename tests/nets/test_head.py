"""A head grows by name, and what it said of the old classes it still says, to the bit."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from onward.nets.head import Head
from onward.rng import generator

names = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=5, unique=True)


def grown(*rounds: list[str], seed: int = 0, features: int = 7) -> Head:
    head = Head(features)
    for names in rounds:
        head.grow(names, seed)
    return head


@given(names, names, st.integers(1, 40), st.integers(1, 70))
def test_old_logits_stay_bit_equal_when_the_head_grows(old, new, b, features):
    head = grown(old, features=features)
    inputs = torch.randn(b, features, generator=generator(b))
    before = head(inputs)
    head.grow(new, seed=1)
    after = head(inputs)
    assert after.shape == (b, len(old) + len(new)) and head.sizes == (len(old), len(new))
    assert torch.equal(after[:, : len(old)], before)


@given(names, st.randoms(use_true_random=False))
def test_rows_depend_on_names_alone(names, random):
    shuffled = random.sample(names, len(names))
    together, apart = grown(names), grown(*[[name] for name in shuffled])
    rows = dict(zip(names, together.blocks[0].weight, strict=True))
    for name, block in zip(shuffled, apart.blocks, strict=True):
        assert torch.equal(block.weight[0], rows[name])


def test_another_seed_or_name_gives_another_row():
    rows = torch.cat([grown(["a", "b"], seed=0).blocks[0].weight, grown(["a"], seed=1).blocks[0].weight])
    assert len(torch.unique(rows, dim=0)) == 3


def test_rows_are_uniform_as_torch_draws_them_and_biases_zero():
    head = grown([str(k) for k in range(100)], features=100)
    weight = head.blocks[0].weight.detach()
    # Uniform in ±1/√d has mean 0 and variance 1/(3d); 10,000 draws put the mean within 4/√(3d · 10⁴).
    assert float(weight.abs().max()) <= 1 / math.sqrt(100)
    assert abs(float(weight.mean())) < 4 / math.sqrt(300 * 10_000)
    assert math.isclose(float(weight.var()), 1 / 300, rel_tol=0.05)
    assert torch.equal(head.blocks[0].bias, torch.zeros(100))


def test_growing_draws_nothing_from_the_global_state():
    before = torch.get_rng_state()
    grown(["a"], ["b", "c"])
    assert torch.equal(torch.get_rng_state(), before)


def test_a_head_without_bias_grows_without():
    head = Head(3, [2], bias=False)
    head.grow(["c"], 0)
    assert [block.bias for block in head.blocks] == [None, None]
    assert torch.equal(head(torch.zeros(1, 3)), torch.zeros(1, 3))


def test_an_empty_head_gives_no_logits():
    assert Head(3)(torch.zeros(5, 3)).shape == (5, 0) and Head(3).out_features == 0


@settings(max_examples=20)
@given(names, names)
def test_its_weight_is_the_rows_of_all_blocks_in_the_order_of_the_logits(old, new):
    head = grown(old, new)
    inputs = torch.randn(3, 7, generator=generator(0))
    assert head.weight.shape == (len(old) + len(new), 7)
    torch.testing.assert_close(inputs @ head.weight.T, head(inputs))  # biases are zero as it grows


def test_a_gradient_goes_through_its_weight_to_each_block():
    head = grown(["a", "b"], ["c"])
    (head.weight * torch.tensor([[1.0], [2.0], [3.0]])).sum().backward()
    assert [block.weight.grad[:, 0].tolist() for block in head.linears] == [[1, 2], [3]]


def test_the_weight_of_an_empty_head_has_no_rows():
    assert Head(3).weight.shape == (0, 3)


@pytest.mark.parametrize("bias", [True, False])
def test_the_last_logits_can_be_scaled_and_moved_in_the_weights_whatever_is_added_to_them(bias):
    head = Head(4, [2, 3], bias=bias, corrections=[{"rows": [0, 3, 4], "reads": 4}])
    draws = generator(0, "adjust")
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=draws))
    features = torch.randn(6, 4, generator=draws)
    before = head(features)
    head.adjust(2, 0.5, -3.0 if bias else 0.0)
    after = head(features)
    assert torch.equal(after[:, :2], before[:, :2])
    torch.testing.assert_close(after[:, 2:], 0.5 * before[:, 2:] - (3 if bias else 0))
