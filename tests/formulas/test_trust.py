"""Trust in a network on an example: by hand, in its range, and as far as the measures agree with one another."""

from __future__ import annotations

from typing import get_args

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar
from torch.nn.functional import cross_entropy, one_hot

from onward.formulas.trust import (
    EXTREME,
    FITTED,
    TRUSTS,
    Trust,
    calibrated,
    class_accuracy,
    confident,
    fitting_temperature,
    margin,
    relative,
    right,
    true_class,
)
from onward.nets.classifier import NEVER
from onward.rng import generator

B = 6
seeds, class_counts = st.integers(0, 10_000), st.integers(2, 9)
few = settings(max_examples=20)
each_measure = pytest.mark.parametrize("measure", TRUSTS.values(), ids=TRUSTS)


def drawn(seed, c):
    """Logits of which no two are equal, and targets, of a batch."""
    draws = generator(seed, "trust")
    logits = 3 * torch.randn(B, c, generator=draws, dtype=torch.float64)
    return logits, torch.randint(0, c, (B,), generator=draws)


def test_every_name_but_the_constant_one_has_a_measure():
    assert set(get_args(Trust)) == {"constant", *TRUSTS, *FITTED}
    assert not TRUSTS.keys() & FITTED.keys()


@pytest.mark.parametrize(
    ("target", "values"),
    [
        (2, {"true_class": 5 / 8, "relative": 1, "right": 1, "confident": 5 / 8, "margin": 5 / 7}),
        (1, {"true_class": 2 / 8, "relative": 2 / 5, "right": 0, "confident": 0, "margin": 2 / 7}),
        (0, {"true_class": 1 / 8, "relative": 1 / 5, "right": 0, "confident": 0, "margin": 1 / 6}),
    ],
)
def test_their_values_by_hand(target, values):
    """Logits log(1, 2, 5) are probabilities of 1, 2 and 5 in 8; sigmoid(log a - log b) is a / (a + b)."""
    logits, targets = torch.tensor([[1.0, 2.0, 5.0]]).log(), torch.tensor([target])
    assert {name: measure(logits, targets).item() for name, measure in TRUSTS.items()} == pytest.approx(values)


@each_measure
@few
@given(seed=seeds, c=class_counts)
def test_each_is_one_number_from_0_to_1_for_each_example(measure, seed, c):
    logits, targets = drawn(seed, c)
    values = measure(logits, targets)
    assert values.shape == (B,) and values.dtype == logits.dtype
    assert bool(((values >= 0) & (values <= 1)).all())


@few
@given(seeds, class_counts)
def test_they_agree_on_where_the_network_is_right(seed, c):
    logits, targets = drawn(seed, c)
    truth = torch.tensor([row.index(max(row)) == target for row, target in zip(logits.tolist(), targets, strict=True)])
    assert torch.equal(right(logits, targets), truth.to(logits.dtype))
    assert torch.equal(relative(logits, targets) == 1, truth)
    assert torch.equal(confident(logits, targets) > 0, truth)
    assert torch.equal(margin(logits, targets) > 0.5, truth)


@few
@given(seeds, class_counts)
def test_where_it_is_right_the_likeliest_probability_is_that_of_the_true_class(seed, c):
    logits, targets = drawn(seed, c)
    torch.testing.assert_close(confident(logits, targets), true_class(logits, targets) * right(logits, targets))


@few
@given(seeds, class_counts)
def test_relative_is_the_true_class_s_probability_over_the_largest(seed, c):
    logits, targets = drawn(seed, c)
    largest = logits.softmax(dim=1).amax(dim=1)
    torch.testing.assert_close(relative(logits, targets), true_class(logits, targets) / largest)


@few
@given(seeds, class_counts)
def test_of_two_classes_the_margin_is_the_probability_of_the_true_one(seed, c):
    """sigmoid(z_y - z_k) is the softmax of two; more classes leave less to the true one."""
    logits, targets = drawn(seed, 2)
    torch.testing.assert_close(margin(logits, targets), true_class(logits, targets))
    more, targets = drawn(seed, c + 1)
    assert bool((margin(more, targets) > true_class(more, targets)).all())


@each_measure
@few
@given(seed=seeds, c=class_counts, shift=st.floats(-50, 50))
def test_a_constant_added_to_all_logits_changes_nothing(measure, seed, c, shift):
    logits, targets = drawn(seed, c)
    torch.testing.assert_close(measure(logits + shift, targets), measure(logits, targets))


@pytest.mark.parametrize("name", TRUSTS)
@few
@given(seed=seeds, c=class_counts)
def test_trust_grows_with_the_logit_of_the_true_class(name, seed, c):
    logits, targets = drawn(seed, c)
    raises = torch.tensor([-40.0, -1.0, 0.0, 1.0, 40.0], dtype=torch.float64)
    values = torch.stack([TRUSTS[name](logits + by * one_hot(targets, c), targets) for by in raises])
    assert bool((values.diff(dim=0) >= 0).all()) and bool((values[-1] > values[0]).all())
    if name in ("true_class", "margin"):  # the others are 0 where the network is wrong, or 1 where it is right
        assert bool((values[1:4].diff(dim=0) > 0).all())


@few
@given(seeds, class_counts)
def test_relative_trust_does_not_fall_as_classes_grow_in_number(seed, c):
    logits, targets = drawn(seed, c)
    more = torch.cat([logits, logits - 1], dim=1)  # as many classes again, each less likely than one that was there
    assert torch.equal(relative(more, targets), relative(logits, targets))
    torch.testing.assert_close(true_class(more, targets), true_class(logits, targets) / (1 + torch.tensor(-1.0).exp()))


@each_measure
def test_of_a_single_class_the_network_is_trusted_by_one(measure):
    logits, targets = torch.tensor([[-3e30], [0.0], [40.0]]), torch.zeros(3, dtype=torch.int64)
    assert torch.equal(measure(logits, targets), torch.ones(3))


@each_measure
@few
@given(seed=seeds, c=class_counts)
def test_classes_out_of_the_question_are_as_if_they_were_not_there(measure, seed, c):
    """Those of other tasks are at minus infinity, merged ones at ``NEVER``."""
    logits, targets = drawn(seed, c)
    out = torch.tensor([-torch.inf, NEVER], dtype=torch.float64).expand(B, 2)
    torch.testing.assert_close(measure(torch.cat([logits, out], dim=1), targets), measure(logits, targets))


def test_of_equal_logits_the_first_counts_as_the_likeliest():
    """As everywhere a prediction is made; the measures of degree see no difference between the two."""
    logits, targets = torch.zeros(2, 2), torch.tensor([0, 1])
    values = {name: measure(logits, targets).tolist() for name, measure in TRUSTS.items()}
    both = {"true_class": [0.5, 0.5], "relative": [1, 1], "margin": [0.5, 0.5]}
    assert values == {**both, "right": [1, 0], "confident": [0.5, 0]}


@each_measure
def test_large_logits_make_no_overflow(measure):
    logits, targets = torch.tensor([[1e30, -1e30], [1e30, -1e30]]), torch.tensor([0, 1])
    assert measure(logits, targets).tolist() == [1, 0]


@each_measure
def test_logits_without_gradient_do_and_are_left_as_they_were(measure):
    logits, targets = drawn(0, 4)
    before = logits.clone()
    with torch.inference_mode():
        values = measure(logits, targets)
    assert torch.equal(values, measure(logits.clone().requires_grad_(True), targets).detach())
    assert torch.equal(logits, before)


@few
@given(seeds, class_counts, st.sampled_from([0.3, 1.0, 4.0]))
def test_the_fitting_temperature_is_where_a_search_of_the_loss_itself_ends(seed, c, scale):
    """The targets are drawn from the softmax of the unscaled logits, so that a finite temperature is best."""
    draws = generator(seed, "drawn by")
    logits = torch.randn(200, c, generator=draws, dtype=torch.float64)
    targets = torch.multinomial(logits.softmax(dim=1), 1, generator=draws)[:, 0]
    logits *= scale

    def loss(log_temperature):
        return cross_entropy(logits / 2.718281828459045**log_temperature, targets).item()

    low = minimize_scalar(loss, bounds=(-2.995, 2.995), method="bounded", options={"xatol": 1e-9})
    found = fitting_temperature(logits, targets)
    assert loss(torch.tensor(found).log().item()) <= low.fun + 1e-9
    if 0.06 < found < 16:
        assert fitting_temperature(3 * logits / 2, targets) == pytest.approx(1.5 * found, rel=1e-5)


def test_a_network_that_is_right_or_wrong_everywhere_is_sharpened_or_softened_by_no_more_than_there_is():
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    assert fitting_temperature(logits, torch.tensor([0, 1])) == pytest.approx(1 / EXTREME)
    assert fitting_temperature(logits, torch.tensor([1, 0])) == pytest.approx(EXTREME)
    assert fitting_temperature(logits[:0], torch.zeros(0, dtype=torch.int64)) == 1.0


def test_calibrated_trust_by_hand():
    """Logits (a, 0): right on three of four, the best softmax gives 3/4 whatever a is."""
    logits, targets = torch.tensor([[7.0, 0.0]]).expand(4, 2), torch.tensor([0, 0, 0, 1])
    torch.testing.assert_close(calibrated(logits, targets)(logits, targets), torch.tensor([0.75, 0.75, 0.75, 0.25]))


def test_classes_of_other_tasks_do_not_change_the_temperature():
    logits, targets = drawn(3, 4)
    out = torch.tensor([-torch.inf, NEVER], dtype=torch.float64).expand(B, 2)
    both = fitting_temperature(torch.cat([logits, out], dim=1), targets), fitting_temperature(logits, targets)
    assert both[0] == pytest.approx(both[1])


def test_class_accuracy_is_counted_where_it_is_fitted_and_asked_for_by_class():
    """Of class 0 two of three are right, of class 1 none of one; class 2 has no example."""
    logits = one_hot(torch.tensor([0, 0, 1, 2]), 3).float()
    measure = class_accuracy(logits, torch.tensor([0, 0, 0, 1]))
    elsewhere = torch.randn(3, 3, generator=generator(0, "elsewhere"))
    torch.testing.assert_close(measure(elsewhere, torch.tensor([1, 0, 2])), torch.tensor([0.0, 2 / 3, 0.0]))
