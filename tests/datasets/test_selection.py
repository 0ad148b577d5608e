import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.datasets.selection import Classes, Rows, Shuffle, parse
from onward.errors import InputError
from onward.types import Examples

EXAMPLES = Examples(torch.arange(8.0)[:, None], torch.tensor([0, 1, 2, 0, 1, 2, 0, 1]), ("kite", "gull", "2"))
ALL = torch.arange(8)

BOUND = st.none() | st.integers(-20, 20)
SELECTIONS = st.one_of(
    st.lists(st.sampled_from(["kite", "gull", "2", "0"]), min_size=1).map(lambda names: Classes(tuple(names))),
    st.builds(Rows, BOUND, BOUND, BOUND.filter(lambda step: step != 0)),
    st.builds(Shuffle, st.integers()),
)


@given(SELECTIONS)
def test_text_and_selection_are_two_forms_of_one_thing(selection):
    assert parse(str(selection)) == selection


def test_classes_are_chosen_by_name_or_id():
    assert parse("classes=gull").chosen(ALL, EXAMPLES).tolist() == [1, 4, 7]
    assert parse("classes=1").chosen(ALL, EXAMPLES).tolist() == [1, 4, 7]
    assert parse("classes=kite, 1").chosen(ALL, EXAMPLES).tolist() == [0, 1, 3, 4, 6, 7]


def test_a_name_goes_before_an_id():
    swapped = Examples(EXAMPLES.inputs, EXAMPLES.targets, ("1", "0", "2"))
    assert parse("classes=1").chosen(ALL, swapped).tolist() == [0, 3, 6]


def test_every_unknown_class_is_named_with_the_nearest():
    with pytest.raises(InputError, match=r"unknown class 'kiet'. Did you mean 'kite'.*unknown class '7'"):
        parse("classes=kiet,7,gull").chosen(ALL, EXAMPLES)


@given(BOUND, BOUND, BOUND.filter(lambda step: step != 0), st.permutations(range(8)))
def test_rows_are_pythons_slice(start, stop, step, order):
    assert Rows(start, stop, step).chosen(torch.tensor(order), EXAMPLES).tolist() == order[start:stop:step]


def test_shuffle_is_a_permutation_that_the_seed_alone_decides():
    once, again, other = (Shuffle(seed).chosen(ALL, EXAMPLES).tolist() for seed in (0, 0, 1))
    assert once == again != other
    assert sorted(once) == sorted(other) == list(range(8))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("clases=1", "unknown selection 'clases'. Did you mean 'classes'"),
        ("rows", r"rows must be START:STOP or START:STOP:STEP"),
        ("rows=5", r"such as 0:5000, got '5'"),
        ("rows=0:5:0", r"got '0:5:0'"),
        ("rows=a:b", r"got 'a:b'"),
        ("shuffle=x", "shuffle must be a seed, a whole number, got 'x'"),
        ("classes=", "classes must be names or ids"),
        ("classes=1,,2", "got '1,,2'"),
        ("rows=:" + "9" * 5000, "rows must be"),
    ],
)
def test_what_is_no_selection_is_refused(text, problem):
    with pytest.raises(InputError, match=problem):
        parse(text)
