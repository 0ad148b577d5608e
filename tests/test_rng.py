"""Streams of random numbers have names, and names alone decide what is drawn."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.rng import dealt, derived, generator, isolated


def test_a_derived_seed_is_the_same_everywhere_and_always():
    # The first 8 bytes of sha256("0"), and of "1", "ewc", "3" joined by the unit separator, less the lowest bit:
    # printf '1\x1fewc\x1f3' | sha256sum
    assert derived(0) == 0x5FECEB66FFC86F38 >> 1
    assert derived(1, "ewc", 3) == 639158656911353448


@given(st.integers(0, 2**63), st.lists(st.text("abc/", max_size=3), max_size=3), st.data())
def test_different_names_are_different_streams(seed, names, data):
    others = data.draw(st.lists(st.text("abc/", max_size=3), max_size=3))
    assert (derived(seed, *names) == derived(seed, *others)) == (names == others)
    assert derived(seed, *names) != derived(seed + 1, *names)
    assert 0 <= derived(seed, *names) < 2**63


def test_one_stream_does_not_move_another():
    first = torch.rand(3, generator=generator(0, "a"))
    torch.rand(100, generator=generator(0, "b"))
    assert torch.equal(torch.rand(3, generator=generator(0, "a")), first)
    assert not torch.equal(torch.rand(3, generator=generator(0, "b")), first)


@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 5))
def test_dealt_rows_come_equally_often_to_within_one(length, count, seed):
    rows = dealt(length, count, generator(seed))
    often = torch.bincount(rows, minlength=length)
    assert rows.dtype == torch.int64 and len(rows) == count
    assert len(often) == length and int(often.max() - often.min()) <= 1


def test_dealt_rows_are_shuffled_anew_in_each_deck():
    first, second = dealt(50, 100, generator(0)).split(50)
    assert not torch.equal(first, second) and not torch.equal(first, torch.arange(50))


def test_isolated_code_draws_from_its_stream_and_leaves_no_trace():
    before = torch.get_rng_state()
    with isolated(3, "net"):
        first = torch.rand(4)
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(1)
    with isolated(3, "net"):
        again = torch.rand(4)
    with isolated(3, "other"):
        other = torch.rand(4)
    torch.set_rng_state(before)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_isolated_restores_the_state_after_an_error():
    before = torch.get_rng_state()
    with pytest.raises(KeyError), isolated(0):
        torch.rand(1)
        raise KeyError
    assert torch.equal(torch.get_rng_state(), before)


def test_isolated_notes_no_seed_for_devices_that_are_not_in_use(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    with isolated(0):
        pass
    assert seeded == []
