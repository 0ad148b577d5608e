from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.experiment.test_walk import DATA, SETTINGS, learner

from onward.engine.update import update
from onward.experiment.convergence import learning_curve, still_falling, worst
from onward.record import Cost, PhaseRecord, Record


def phase(**curve: tuple[float, ...]) -> PhaseRecord:
    return PhaseRecord("one", 0, 1, 0, (), 0, 1, 1, 1, 1, curve, (), 0.0)


def test_readings_of_the_loss_on_new_data_follow_phase_after_phase():
    phases = (phase(cross_entropy=(3.0, 2.0), lwf=(9.0,)), phase(lwf=(8.0,)), phase(cross_entropy=(1.0,)))
    assert learning_curve(Record(phases, Cost())) == (3.0, 2.0, 1.0)


def test_an_update_s_own_record_has_the_curve():
    _, record = update(learner(), DATA, SETTINGS, seed=0)
    first, *_, last = curve = learning_curve(record)
    assert len(curve) == 3  # an epoch has fewer steps than lie between two readings, so one at the end of each
    assert first > last > 0


@pytest.mark.parametrize(
    ("curve", "share"),
    [
        (range(10, -1, -1), 0.1),  # a straight line falls by as much in each tenth: (1 - 0) / (10 - 0)
        ((4.0, 2.0, 1.0, 1.0), 0.0),
        ((1.0, 5.0, 3.0), 0.2),  # 0.9 lies at reading 1.8, where the line is at 3.4: (3.4 - 3) / (5 - 3)
        ((2.0, 1.0, 1.5), -0.1 / 0.5),  # at 1.8 it is 1.4; it rises by 0.1, and it had fallen by 0.5 from the highest
        ((1.0, 1.0), 0.0),
        ((1.0, 2.0), 0.0),
    ],
)
def test_what_is_left_to_fall_is_the_last_tenth_over_the_whole(curve, share):
    assert still_falling(curve) == pytest.approx(share)


@pytest.mark.parametrize("curve", [(), (1.0,)])
def test_one_reading_cannot_tell(curve):
    assert math.isnan(still_falling(curve))


@given(
    st.lists(st.integers(0, 1000), min_size=2, max_size=40),
    st.sampled_from([0.25, 2.0, 8.0]),
    st.integers(-50, 50),
)
def test_share_does_not_depend_on_the_unit_of_the_loss(curve, scale, shift):
    assert still_falling([scale * each + shift for each in curve]) == pytest.approx(still_falling(curve), abs=1e-9)


def test_worst_update_is_the_one_farthest_from_its_end():
    assert worst([(4.0, 2.0, 1.0, 1.0), (1.0,), (1.0, 5.0, 3.0)]) == pytest.approx(0.2)
    assert math.isnan(worst([(1.0,), ()]))
