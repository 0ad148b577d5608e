"""Names that would become new classes by mistake, and those that would not."""

from __future__ import annotations

import pytest

from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.mlp import MLP
from onward.preflight.conflict import conflict


def knowing(*names, aliases=None):
    return Classifier(MLP((2,), width=3, depth=1), Head(3, [len(names)] if names else []), names, aliases=aliases)


ANIMALS = knowing("cat", "polar bear", "dog")
DIGITS = knowing("0", "1", "2")


def test_numbers_where_the_model_has_words():
    told = conflict(["0", "1", "2"], ANIMALS)
    assert told.startswith("the data names its classes by numbers (0, 1, 2), the model by words (cat, polar bear, dog)")
    assert "all 3 would become new classes" in told
    assert "@names=FILE" in told and told.endswith("--new-classes.")


def test_words_where_the_model_has_numbers():
    told = conflict(["cat", "dog"], DIGITS)
    assert told.startswith("the data names its classes by words (cat, dog), the model by numbers (0, 1, 2)")


@pytest.mark.parametrize("name", ["Cat", " cat", "CAT", "cat_"])
def test_another_spelling_of_a_known_class(name):
    told = conflict(["dog", name], ANIMALS)
    assert f"{name!r} where the model knows 'cat'" in told and "1 new class would" in told


def test_blanks_underscores_and_hyphens_are_one():
    for name in ("polar_bear", "polar-bear", "PolarBear"):
        assert "knows 'polar bear'" in conflict([name], ANIMALS)


def test_the_way_out_can_be_typed():
    told = conflict(["Polar bear"], ANIMALS)
    assert "onward merge REFERENCE 'Polar bear' 'polar bear'" in told
    assert "@names=FILE" in told and "--new-classes" in told


def test_zeros_before_a_number_are_a_spelling():
    assert "'02' where the model knows '2'" in conflict(["02"], DIGITS)


def test_an_alias_is_known_and_its_spelling_too():
    model = knowing("cat", "dog", aliases={"Kitten": "cat"})
    assert conflict(["Kitten", "dog"], model) is None
    assert "'kitten' where the model knows 'Kitten'" in conflict(["kitten"], model)


@pytest.mark.parametrize(
    ("names", "model"),
    [
        (["cat", "dog"], ANIMALS),
        (["kite", "plane"], ANIMALS),
        (["cat", "7"], ANIMALS),
        (["3", "4"], DIGITS),
        (["0", "ten"], DIGITS),
        ([], ANIMALS),
        (["0", "1"], knowing()),
        (["cat", "Cat"], knowing("cat", "Cat")),
    ],
    ids=["known", "new", "mixed data", "new numbers", "mixed with numbers", "none", "first data", "both are known"],
)
def test_what_is_no_conflict(names, model):
    assert conflict(names, model) is None
