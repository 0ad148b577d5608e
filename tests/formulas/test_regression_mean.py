"""The mean of two layers in closed form, against the least squares over examples that it solves."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.reference import regmean as reference

from onward.formulas.regression_mean import alike, less_correlated, packed, regression_mean, unpacked
from onward.rng import generator


def drawn(name, *shape):
    """Normal numbers."""
    return torch.randn(shape, generator=generator(0, name), dtype=torch.float64)


def gram(inputs):
    """Their sum of h h^T."""
    return inputs.T @ inputs


ONE, OTHER = drawn("one", 3, 5), drawn("other", 3, 5)
FIRST, SECOND = drawn("first", 40, 5), 2 * drawn("second", 7, 5)


@pytest.mark.parametrize("correlation", [1.0, 0.9, 0.3, 0.0])
@pytest.mark.parametrize("strength", [1.0, 0.2])
def test_it_is_the_least_squares_over_all_examples(correlation, strength):
    grams = (less_correlated(strength * gram(FIRST), correlation), less_correlated(gram(SECOND), correlation))
    wanted = reference.regression_mean(ONE, OTHER, FIRST, SECOND, correlation, strength)
    torch.testing.assert_close(regression_mean(ONE, OTHER, *grams), wanted, rtol=1e-4, atol=1e-4)


def test_each_answers_as_before_where_the_other_never_was():
    """Three directions are the one's, two the other's."""
    basis = torch.linalg.qr(drawn("basis", 5, 5)).Q
    mine, theirs = drawn("mine", 20, 3) @ basis[:3], drawn("theirs", 20, 2) @ basis[3:]
    mean = regression_mean(ONE, OTHER, gram(mine), gram(theirs))
    assert (mine @ mean.T - mine @ ONE.T).norm() < 0.01 * (mine @ (OTHER - ONE).T).norm()
    assert (theirs @ mean.T - theirs @ OTHER.T).norm() < 0.01 * (theirs @ (OTHER - ONE).T).norm()


def test_of_equal_inputs_and_of_inputs_that_neither_has_it_is_the_plain_mean():
    dead = torch.cat([FIRST[:, :4], torch.zeros(40, 1, dtype=torch.float64)], dim=1)
    for inputs in (FIRST, dead, torch.zeros(3, 5, dtype=torch.float64)):
        for form in (gram(inputs), gram(inputs).diagonal()):
            torch.testing.assert_close(regression_mean(ONE, OTHER, form, form), (ONE + OTHER) / 2)


def test_a_diagonal_weighs_each_input_by_itself():
    one, other = gram(FIRST).diagonal(), gram(SECOND).diagonal()
    least = 0.0005 * (one + other).mean()  # half a thousandth each, in every direction
    wanted = (ONE * (one + least) + OTHER * (other + least)) / (one + other + 2 * least)
    torch.testing.assert_close(regression_mean(ONE, OTHER, one, other), wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(
        regression_mean(ONE, OTHER, *(less_correlated(each, 0.0) for each in (gram(FIRST), gram(SECOND)))),
        wanted,
        rtol=1e-4,
        atol=1e-4,
    )
    assert all(each.shape == (5,) for each in alike(one, gram(SECOND)))
    assert less_correlated(one, 0.5) is one


def test_rows_that_are_equal_stay_to_the_bit_and_the_type_is_the_others():
    rows = OTHER.float()
    mixed = torch.cat([rows[:2], ONE[2:].float()])
    mean = regression_mean(mixed, rows, gram(FIRST), gram(SECOND))
    assert mean.dtype == torch.float32
    assert torch.equal(mean[:2], rows[:2])
    assert not torch.equal(mean[2], rows[2])


@given(st.integers(1, 9))
def test_a_triangle_is_the_whole_matrix(d):
    whole = gram(drawn("rows", 4, d))
    assert packed(whole).shape == (d * (d + 1) // 2,)
    assert torch.equal(unpacked(packed(whole), d), whole)
    assert torch.equal(unpacked(packed(whole.diagonal()), d), whole.diagonal() if d > 1 else whole)
