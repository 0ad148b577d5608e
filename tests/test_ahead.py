"""Reading ahead changes when a thing is made, never what comes, in which order, or which errors."""

from __future__ import annotations

import threading
from contextlib import closing

import pytest

from onward.ahead import ahead


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("reading-ahead")]


@pytest.mark.parametrize("n", [0, 1, 2, 3, 50])
def test_everything_comes_in_order(n):
    assert list(ahead(iter(range(n)))) == list(range(n))


def test_what_is_false_or_none_comes_too():
    assert list(ahead([0, None, [], 0])) == [0, None, [], 0]


def test_all_is_made_by_one_other_thread():
    makers = set(ahead(threading.get_ident() for _ in range(20)))
    assert len(makers) == 1 and threading.get_ident() not in makers


def test_it_is_ahead_and_no_further_than_it_may_be():
    made, more = [], threading.Semaphore(0)

    def items():
        for n in range(10):
            made.append(n)
            more.release()
            yield n

    with closing(ahead(items(), most=2)) as coming:
        for n in range(3):
            assert next(coming) == n
            for _ in range(3 if n == 0 else 1):  # the one that came and the two after it, then one more each time
                assert more.acquire(timeout=10)
            assert not more.acquire(timeout=0.02)
            assert made == list(range(n + 3))


def test_an_error_comes_where_its_item_would_have_come():
    def items():
        yield "first"
        yield "second"
        raise ValueError("item 2 is broken")

    coming, came = ahead(items()), []
    with pytest.raises(ValueError, match="item 2 is broken"):
        for item in coming:
            came.append(item)
    assert came == ["first", "second"] and not readers()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_thread_ends_when_the_loop_is_left_by_an_error(error):
    def through():
        with closing(ahead(range(100))) as coming:
            for n in coming:
                if n == 3:
                    assert readers()
                    raise error

    with pytest.raises(error):
        through()
    assert not readers()


def test_the_thread_ends_when_the_loop_stops_early():
    for n in ahead(range(100)):
        if n == 3:
            break
    assert not readers()


def test_what_was_not_asked_for_any_more_is_not_made():
    made = []
    with closing(ahead(made.append(n) for n in range(100))) as coming:
        next(coming)
    assert len(made) <= 3
