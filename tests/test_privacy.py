"""Where no example may be kept none is: a method that says so is refused, and one that does not is found out."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.conformance.scenarios import Elsewhere, clouds, images

from onward.catalogue import parsed
from onward.errors import InputError
from onward.privacy import NUMBERS, Sought, example_in, refuse_examples, refuse_held
from onward.rng import generator
from onward.types import Examples

BYTES, FLOATS = images("ab", 0), clouds("ab", 0)


def test_methods_that_keep_examples_are_named_with_those_that_do_not():
    with pytest.raises(InputError) as refused:
        refuse_examples(parsed("replay | lwf | joint"))
    said = str(refused.value)
    assert said.startswith("replay, joint keep examples themselves, and exemplar-free none may be kept; got replay(")
    alternatives = said.partition("These keep none: ")[2].split(", ")
    assert {"ewc", "lwf", "warm_start"} <= set(alternatives) and not {"replay", "joint"} & set(alternatives)
    with pytest.raises(InputError, match=r"^replay keeps examples"):
        refuse_examples(parsed("replay"))


def test_methods_that_keep_none_are_let_through():
    refuse_examples(parsed("ewc | lwf"))
    refuse_examples(parsed("warm_start"))


@pytest.mark.parametrize(
    "form",
    [
        lambda x: x,
        lambda x: x.flatten(1),
        lambda x: x.float(),
        lambda x: x.double() / 255,
        lambda x: x.flatten(1).float() / 255,
        lambda x: x.reshape(2, -1, *x.shape[1:]),
        lambda x: x[0],
    ],
    ids=["as it is", "flat", "floats", "shares of 255", "flat shares", "by class", "one alone"],
)
@pytest.mark.parametrize("where", [lambda data: data, Elsewhere], ids=["in memory", "elsewhere"])
def test_an_example_is_found_in_whatever_form_it_is_kept(form, where):
    kept = {"a/mean": torch.zeros(3, 16), "b/held": form(BYTES.inputs[:4])}
    assert example_in(kept, where(BYTES)) == "b/held"


def test_bytes_are_found_that_arrived_as_shares_of_255():
    arrived = Examples(BYTES.inputs.float() / 255, BYTES.targets, BYTES.classes)
    assert example_in({"held": BYTES.inputs[5:6]}, arrived) == "held"


def test_which_examples_lie_where_is_told():
    kept = {"one": FLOATS.inputs[[3, 7]], "two": torch.cat([torch.ones(2, 4), FLOATS.inputs[7:8]]), "no": torch.ones(4)}
    found = Sought.of(FLOATS).within(kept)
    assert {name: which.nonzero()[0].tolist() for name, which in found.items()} == {"one": [3, 7], "two": [7]}


def test_what_is_made_of_examples_is_none():
    mean = FLOATS.inputs.mean(dim=0)
    almost = FLOATS.inputs[0] + 1e-3
    kept = {"mean": mean, "gram": FLOATS.inputs.T @ FLOATS.inputs, "almost": almost[None], "seen": torch.tensor(60)}
    assert example_in(kept, FLOATS) is None
    refuse_held(kept, FLOATS)


def test_an_example_that_is_one_number_repeated_tells_nothing():
    black = Examples(torch.zeros(2, 4), torch.zeros(2, dtype=torch.int64), ("a",))
    assert example_in({"fisher": torch.zeros(5, 4)}, black) is None
    single = Examples(torch.tensor([[2.0]]), torch.zeros(1, dtype=torch.int64), ("a",))
    assert example_in({"held": torch.tensor([1.0, 2.0])}, single) == "held"  # rather too careful than not


def test_a_method_that_lies_is_refused_by_name():
    with pytest.raises(InputError, match=r"'means/centres' holds an example.*Nothing was written; leave means out"):
        refuse_held({"means/centres": FLOATS.inputs[:1]}, FLOATS)


def test_a_large_tensor_is_looked_at_in_parts():
    many = torch.randn(NUMBERS // 2 + 3, 2, generator=generator(0, "many"))  # a part and one row more
    last = Examples(many[-1:], torch.zeros(1, dtype=torch.int64), ("a",))
    assert example_in({"held": many}, last) == "held"


@given(st.sampled_from([(0,), (3,), (4,), (0, 4), (2, 8), (2, 2), (7, 4), (), (4, 3, 4)]))
def test_tensors_of_any_shape_can_be_looked_through(shape):
    assert example_in({"t": torch.full(shape, 0.25)}, FLOATS) is None
