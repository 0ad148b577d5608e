"""Stable SGD lowers the rate from update to update, and nothing else."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.specimens import differing
from tests.methods.walks import (
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    batches,
    begun,
    context,
    grown,
    regression,
    seen_by,
)
from tests.reference.stable_sgd import stable_sgd

from onward.engine.update import update
from onward.errors import InputError
from onward.methods.stable_sgd import StableSGD
from onward.methods.warm_start import WarmStart
from onward.phase import Phase

MODEL = regression(3, 2)


def rate_of(method, updates, lr=0.02):
    """The rate of an update after so many others."""
    kept = {"updates": torch.tensor(updates)} if updates else {}
    (phase,) = method.plan([Phase("train", SECOND, SETTINGS).tuned(lr=lr)], MODEL, context(SECOND, kept=kept))
    return phase.settings.lr


@pytest.mark.parametrize(("before", "lr"), [(0, 0.02), (1, 0.01), (2, 0.005), (3, 0.004), (9, 0.004)])
def test_the_rate_is_halved_down_to_the_least(before, lr):
    """0.02, 0.01, 0.005, and then 0.0025 is less than 0.004."""
    assert rate_of(StableSGD(decay=0.5, least=0.004), before) == pytest.approx(lr)


@given(st.integers(0, 50), st.floats(0.1, 1.0), st.floats(1e-6, 1.0))
def test_a_rate_never_rises_not_even_to_the_least(before, decay, lr):
    assert rate_of(StableSGD(decay=decay, least=0.01), before + 1, lr) <= rate_of(
        StableSGD(decay=decay, least=0.01), before, lr
    ) <= lr  # fmt: skip


def test_updates_are_counted_over_a_lineage():
    learner = begun(StableSGD())
    for number in (2, 3):
        learner, _ = update(learner, SECOND, SETTINGS, SEED)
        assert int(learner.kept["stable_sgd/updates"]) == number


def test_a_first_update_is_the_warm_start():
    assert differing(begun(StableSGD()).model.state_dict(), begun(WarmStart()).model.state_dict()) == []


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(StableSGD(decay=0.5))
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    stable_sgd(model, batches(seen_by(model)), 1, 0.5, 5e-5, **RATE)
    assert_same_parameters(child.model, model, grown(parent))


@pytest.mark.parametrize("values", [{"decay": 0.0}, {"decay": 1.1}, {"least": -1.0}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        StableSGD(**values)
