from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.experiment.test_walk import DATA, SETTINGS, learner

from onward.engine.update import update
from onward.experiment.convergence import learning_curve, still_falling
from onward.record import Cost, PhaseRecord, Record
from onward.rng import generator


def phase(**curve: tuple[float, ...]) -> PhaseRecord:
    return PhaseRecord("one", 0, 1, 0, tuple(curve), 0, 1, 1, 1, 1, curve, (), 0.0)


def test_readings_of_the_loss_on_new_data_follow_phase_after_phase():
    phases = (phase(cross_entropy=(3.0, 2.0), lwf=(9.0,)), phase(squared_error=(8.0,), lwf=(5.0,)), phase())
    assert learning_curve(Record(phases, Cost())) == (3.0, 2.0, 8.0)


def test_an_update_s_own_record_has_the_curve():
    _, record = update(learner(), DATA, SETTINGS, seed=0)
    first, *_, last = curve = learning_curve(record)
    assert len(curve) == 3  # an epoch has fewer steps than lie between two readings, so one at the end of each
    assert first > last > 0


@pytest.mark.parametrize(
    ("curve", "share"),
    [
        (range(9, -1, -1), 1 / 9),  # ten readings, one a tenth: (1 - 0) / (9 - 0)
        (range(19, -1, -1), 2 / 18.5),  # two a tenth: (2.5 - 0.5) / (19 - 0.5)
        ((*range(25, 15, -1), 6), (17 - 11) / (25 - 11)),  # of 11 the ninth alone is in (0.8, 0.9]; 16 and 6 come after
        ((8, 4, 2, *[1] * 9), 0.0),
        ((*[5] * 8, 2, 3), -1 / 2),  # it rose by 1 at the end, and had fallen by 2 from the highest
        ([1] * 10, 0.0),
        (range(10), 0.0),
    ],
)
def test_what_is_left_to_fall_is_the_last_tenth_over_the_whole(curve, share):
    assert still_falling([curve]) == pytest.approx(share)


def test_falls_of_all_updates_are_summed_before_they_are_divided():
    """From 10 to 0 with 1 left, and from 2 to 1 with 0.5 left: 1.5 of 11, neither the mean nor the highest of both."""
    far, near = (10, *[1] * 8, 0), (2, *[1.5] * 8, 1)
    assert still_falling([far]) == pytest.approx(0.1) and still_falling([near]) == pytest.approx(0.5)
    assert still_falling([far, near]) == pytest.approx(1.5 / 11)


def test_noise_alone_does_not_look_like_a_loss_that_falls():
    """Updates that fall little among noise of the same size; one alone may look unconverged, all together do not."""
    noise = torch.randn(20, 100, generator=generator(0, "noise"), dtype=torch.float64)
    curves = 1 + 0.1 * noise
    shares = [still_falling([curve.tolist()]) for curve in curves]
    assert max(shares) > 0.1
    assert abs(still_falling(curves.tolist())) < 0.05


@pytest.mark.parametrize("curves", [[], [()], [range(9)], [range(9), range(3)]])
def test_fewer_readings_than_tenths_cannot_tell(curves):
    assert math.isnan(still_falling(curves))


def test_an_update_with_too_few_readings_does_not_count():
    assert still_falling([range(9), range(9, -1, -1)]) == pytest.approx(1 / 9)


@given(
    st.lists(st.lists(st.integers(0, 1000), min_size=10, max_size=40), min_size=1, max_size=3),
    st.sampled_from([0.25, 2.0, 8.0]),
    st.integers(-50, 50),
)
def test_share_does_not_depend_on_the_unit_of_the_loss(curves, scale, shift):
    changed = [[scale * each + shift for each in curve] for curve in curves]
    assert still_falling(changed) == pytest.approx(still_falling(curves), abs=1e-9)
