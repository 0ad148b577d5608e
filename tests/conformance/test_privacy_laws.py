"""What holds of examples in every method: one that keeps them says so, and what it keeps can be forgotten."""

from __future__ import annotations

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, clouds, images
from tests.conformance.specimens import SPECIMENS, SUBJECTS, life

from onward.catalogue import method_class, names
from onward.errors import InputError
from onward.method import Chain, chained
from onward.privacy import example_in, refuse_examples
from onward.types import aligned, joined

everywhere = pytest.mark.parametrize("scenario", SCENARIOS)
every = pytest.mark.parametrize("name", SUBJECTS)


def keepers(method) -> list[str]:
    """The methods of a chain that say of themselves that they keep examples."""
    return [key for key, each in chained(method).named if each.keeps_examples]


def seen(name, scenario):
    """All examples of a life, under the child's names."""
    here, child = SCENARIOS[scenario], life(SUBJECTS[name], scenario).child
    return joined(*(aligned(data, child.classes) for data in (here.first, here.second)))


def unseen(name, scenario):
    """Examples like those of a life that are none of them."""
    child = life(SUBJECTS[name], scenario).child
    drawn = images("ab", 77) if "images" in scenario else clouds("ab", 77)
    return aligned(drawn, child.classes)


@every
@everywhere
def test_a_method_that_says_it_keeps_no_example_keeps_none(name, scenario):
    """And one that says so does, or the rule would refuse it in vain."""
    held = example_in(life(SUBJECTS[name], scenario).child.kept, seen(name, scenario))
    assert (held is not None) == bool(keepers(SUBJECTS[name]))
    assert held is None or held.partition("/")[0] in keepers(SUBJECTS[name])


@every
def test_where_no_example_may_be_kept_the_methods_that_keep_some_are_refused(name):
    method, named = SUBJECTS[name], keepers(SUBJECTS[name])
    if not named:
        refuse_examples(method)
        return
    with pytest.raises(InputError) as refused:
        refuse_examples(method)
    assert all(each in str(refused.value).partition(" themselves")[0] for each in named)


def test_the_way_out_names_methods_that_are_let_through():
    with pytest.raises(InputError) as refused:
        refuse_examples(chained(*(each.shown for each in SPECIMENS.values())))
    offered = str(refused.value).partition("These keep none: ")[2].split(", ")
    assert offered == [name for name in names() if not method_class(name).keeps_examples]


@every
@everywhere
def test_when_all_is_forgotten_no_example_is_left_or_the_method_says_that_it_cannot(name, scenario):
    child = life(SUBJECTS[name], scenario).child
    for key, method in child.chain.named:
        own = Chain((method,))
        kept = {each: tensor for each, tensor in child.kept.items() if each.partition("/")[0] == key}
        kept = {f"{method.name}/{each.partition('/')[2]}": tensor for each, tensor in kept.items()}
        try:
            rest = own.forget(kept, seen(name, scenario), child.model)
        except InputError as error:
            assert not method.keeps_examples and kept, "examples can be taken out one by one"
            assert method.name in str(error) and "train anew without them" in str(error)
        else:
            assert example_in(rest, seen(name, scenario)) is None


@every
@everywhere
def test_forgetting_what_was_never_seen_changes_no_bit(name, scenario):
    child = life(SUBJECTS[name], scenario).child
    before = {key: tensor.clone() for key, tensor in child.kept.items()}
    try:
        rest = child.chain.forget(child.kept, unseen(name, scenario), child.model)
        blind = name in SPECIMENS and bool(SPECIMENS[name].cannot_tell)
    except InputError:
        assert any(not method.keeps_examples for _, method in child.chain.named)
        rest, blind = dict(child.kept), False
    assert rest.keys() == before.keys()
    assert all(torch.equal(rest[key], before[key]) for key in before) != blind
    assert all(torch.equal(child.kept[key], before[key]) for key in before), "what is given is left as it was"


def test_what_belongs_to_no_method_of_a_chain_is_left_alone():
    here = life(SUBJECTS["warm_start"], "new classes").child
    stray = {"elsewhere/inputs": torch.ones(1)}
    assert here.chain.forget(stray, clouds("ab", 1), here.model) == stray
