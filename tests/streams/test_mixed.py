"""Mixed arrivals: old classes, new ones, and shifted examples, as their names say."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.streams.mixed import Arrival, Mixture, arrivals, mixed_arrivals
from onward.streams.shifts import Inversion, Rotation, Unshifted
from onward.types import Examples, View, present

NAMES = tuple("abcdefgh")


def numbered(n, classes=8):
    """Examples whose one pixel is their row; inverted, it is 255 − row. At most 120 rows, so that shows."""
    return Examples(torch.arange(n, dtype=torch.uint8)[:, None], torch.arange(n) % classes, NAMES[:classes])


def pixels(data):
    return data.take(torch.arange(len(data))).inputs.flatten().tolist()


def rows(data):
    return [min(pixel, 255 - pixel) for pixel in pixels(data)]


shares = st.floats(0, 1)


@given(st.integers(1, 4), st.integers(0, 2**32), st.floats(0, 0.6), shares, shares)
def test_arrivals_are_disjoint_and_cover_the_training_data(parts, seed, first, recurring, shifted):
    data, mixture = numbered(120), Mixture(first, recurring, shifted, Inversion())
    stream = mixed_arrivals(data, data, parts, seed, mixture)
    assert len(stream) == parts
    assert sorted(row for e in stream for row in rows(e.train)) == list(range(120))
    for e in stream:
        assert e.train.targets.tolist() == [row % 8 for row in rows(e.train)]
    again = mixed_arrivals(data, data, parts, seed, mixture)
    assert [pixels(e.train) + pixels(e.test) for e in stream] == [pixels(e.train) + pixels(e.test) for e in again]


@given(st.integers(0, 2**32), shares)
def test_the_stated_share_of_later_arrivals_is_shifted_in_training_and_test(seed, share):
    data = numbered(120)
    first, *later = mixed_arrivals(data, data, 3, seed, Mixture(shifted=share, shift=Inversion()))
    assert max(pixels(first.train) + pixels(first.test)) < 120
    for e in later:
        for part in (e.train, e.test):
            moved = sum(pixel > 127 for pixel in pixels(part))
            assert moved == round(share * len(part))


@given(st.integers(0, 2**32))
def test_an_arrival_is_tested_on_all_test_examples_of_its_classes(seed):
    test = numbered(40)
    for e in mixed_arrivals(numbered(120), test, 4, seed, Mixture(shift=Inversion())):
        assert present(e.test) == present(e.train)
        wanted = [row for row in range(40) if NAMES[row % 8] in present(e.train)]
        assert sorted(rows(e.test)) == wanted


def test_arrivals_bring_the_shares_that_were_asked_for():
    # 8 classes, half of them first; the other four over two arrivals, two each. Half of the known come again:
    # 2 of 4, then 3 of 6.
    first, second, third = arrivals(NAMES, 3, 0, Mixture(first=0.5, recurring=0.5))
    assert [(len(a.new), len(a.old)) for a in (first, second, third)] == [(4, 0), (2, 2), (2, 3)]
    assert set(second.old) <= set(first.new)
    assert set(third.old) <= {*first.new, *second.new}
    assert sorted(first.new + second.new + third.new) == sorted(NAMES)


def test_names_say_what_arrives():
    stream = mixed_arrivals(numbered(120), numbered(40), 3, 0, Mixture(shift="inverted"))
    assert [e.name for e in stream] == [
        "arrival 1: 4 new",
        "arrival 2: 2 new, 2 old, 25% inverted",
        "arrival 3: 2 new, 3 old, 25% inverted",
    ]


def test_a_shift_is_given_as_itself_or_by_name():
    assert Mixture().domain == Mixture(shift="rotated 30").domain == Mixture(shift=Rotation(30.0)).domain
    assert Mixture(shift="inverted").domain == Inversion()


def test_without_recurrence_and_shift_it_is_class_incremental():
    stream = mixed_arrivals(numbered(120), numbered(40), 4, 0, Mixture(0.25, 0.0, 0.0))
    assert [e.name.split(": ")[1] for e in stream] == ["2 new"] * 4
    assert sorted(sum((present(e.train) for e in stream), ())) == list(NAMES)


def test_a_class_that_recurs_is_dealt_evenly_to_its_arrivals():
    stream = mixed_arrivals(numbered(120), numbered(40), 3, 0, Mixture(0.5, 1.0, 0.0))
    counts = torch.stack([torch.bincount(e.train.targets, minlength=8) for e in stream])
    # 15 examples a class: 5, 5, 5 when it comes three times, 8 and 7 when twice, 15 when in the last alone
    patterns = sorted(tuple(column) for column in counts.T.tolist())
    assert patterns == [(0, 0, 15)] * 2 + [(0, 8, 7)] * 2 + [(5, 5, 5)] * 4


def test_which_examples_of_a_class_come_when_is_drawn():
    # Dealt in order of their rows, those of the first arrival would all come before those of the second.
    for seed in range(5):
        first, second = mixed_arrivals(numbered(120), numbered(40), 2, seed, Mixture(0.5, 1.0, 0.0))
        known = [NAMES.index(name) for name in present(first.train)]
        assert max(rows(first.train)) > min(row for row in rows(second.train) if row % 8 in known)


def test_data_that_is_not_in_memory_arrives_alike():
    data = numbered(48)
    view = View(data, torch.arange(48), data.targets, data.classes)
    held, viewed = (mixed_arrivals(d, d, 3, 0, Mixture(shift=Inversion())) for d in (data, view))
    assert [pixels(e.train) for e in held] == [pixels(e.train) for e in viewed]


def test_streams_leave_the_global_random_state_alone():
    before = torch.get_rng_state()
    mixed_arrivals(numbered(48), numbered(48), 3, 0, Mixture(shift=Unshifted()))
    assert torch.equal(torch.get_rng_state(), before)


def test_too_many_arrivals_are_refused_with_the_counts():
    with pytest.raises(InputError, match="8 classes, 4 of them in the first arrival, leave 4 for the 5 later"):
        mixed_arrivals(numbered(120), numbered(40), 6, 0)
    with pytest.raises(InputError, match=r"comes in 3 arrivals but has only 2 training examples"):
        mixed_arrivals(numbered(16), numbered(16), 3, 0, Mixture(0.5, 1.0))


def test_every_broken_field_of_a_mixture_is_named_at_once():
    with pytest.raises(InputError) as refused:
        Mixture(first=2, recurring="often", shifted=-1, shift="turned")
    told = str(refused.value)
    assert told.startswith("4 problems in the options of mixed: ")
    for part in ("first", "recurring", "shifted", "'often'", "'turned'"):
        assert part in told


def test_classes_of_an_arrival_are_its_new_and_old_ones():
    assert Arrival(("a",), ("b", "c")).classes == ("a", "b", "c")
