"""What a lineage's file may say of its gate, and what is said of one that cannot be."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from onward.errors import InputError
from onward.gate.rules import Budget, Gate, Slice
from onward.schema import checked


@dataclass(frozen=True)
class File:
    gate: Gate = field(default_factory=Gate)

    __pydantic_config__: ClassVar = {"extra": "forbid"}


def refused(values: dict) -> str:
    with pytest.raises(InputError) as error:
        checked(File, {"gate": values}, "lineage.toml")
    return str(error.value)


def test_a_file_says_what_the_classes_hold():
    said = {
        "margin": 0.02,
        "confidence": 0.9,
        "unchecked": "fail",
        "class_margin": 0.1,
        "class_floors": {"cat": 0.9, "a dog": 1},
        "slices": {"night": {"source": "tests/night.npz", "floor": 0.9, "margin": 0.02}},
        "budget": {"seconds": 60, "latency": 1.1},
    }
    assert checked(File, {"gate": said}, "it").gate == Gate(
        margin=0.02,
        confidence=0.9,
        unchecked="fail",
        class_margin=0.1,
        class_floors={"cat": 0.9, "a dog": 1.0},
        slices={"night": Slice("tests/night.npz", 0.9, 0.02)},
        budget=Budget(seconds=60.0, latency=1.1),
    )


def test_a_file_that_says_nothing_has_the_usual_rules():
    usual = checked(File, {}, "it").gate
    assert (usual.margin, usual.confidence, usual.negative_flips, usual.unchecked) == (0.01, 0.95, 0.05, "pass")
    assert usual.class_margin is None and usual.budget == Budget() and not usual.class_floors and not usual.slices


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"margin": -0.1}, "margin must be in [0, 1], got -0.1"),
        ({"margin": math.nan}, "margin must be in [0, 1], got nan"),
        ({"negative_flips": 2}, "negative_flips must be in [0, 1], got 2"),
        ({"confidence": 1}, "confidence must be in (0.5, 1), got 1"),
        ({"confidence": 0.5}, "confidence must be in (0.5, 1), got 0.5"),
        ({"unchecked": "maybe"}, "gate.unchecked: input should be 'pass' or 'fail', got 'maybe'"),
        ({"class_margin": 1.5}, "class_margin must be in [0, 1], got 1.5"),
        ({"class_floors": {"cat": 90}}, "class_floors must each be in [0, 1], got {'cat': 90"),
        ({"class_floors": {"cat": "high"}}, "gate.class_floors.cat: "),
        ({"slices": {"night": {"floor": 0.9}}}, "gate.slices.night: source must name a test set, got ''"),
        ({"slices": {"night": {"source": "n.npz"}}}, "gate.slices.night: floor or margin must be given"),
        ({"slices": {"night": {"source": "n.npz", "floor": 7}}}, "gate.slices.night: floor must be in [0, 1], got 7"),
        ({"slices": {"night": {"source": "n.npz", "margin": -1}}}, "margin must be in [0, 1], got -1"),
        ({"slices": {"night": {"sourc": "n.npz"}}}, "unknown name 'gate.slices.night.sourc'; did you mean 'source'?"),
        ({"budget": {"seconds": 0}}, "gate.budget: seconds must be > 0 and finite, got 0"),
        ({"budget": {"flops": math.inf}}, "flops must be > 0 and finite, got inf"),
        ({"budget": {"latncy": 1}}, "unknown name 'gate.budget.latncy'; did you mean 'latency'?"),
        ({"margn": 0.1}, "unknown name 'gate.margn'; did you mean 'margin'?"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_with_its_place_and_its_value(values, said):
    assert said in refused(values)


def test_every_problem_of_a_file_is_told_at_once_however_deep_it_lies():
    told = refused(
        {
            "margin": "few",
            "negative_flips": 7,
            "slices": {"night": {"source": "", "flor": 1, "floor": 2}},
            "budget": {"seconds": -1, "latncy": 3},
        }
    )
    for part in (
        "lineage.toml: ",
        "gate.margin: ",
        "negative_flips must be in [0, 1], got 7",
        "'gate.slices.night.flor'; did you mean 'floor'?",
        "gate.slices.night: source must name a test set, got ''; floor must be in [0, 1], got 2",
        "'gate.budget.latncy'",
        "seconds must be > 0 and finite, got -1",
    ):
        assert part in told
    assert told.count(";") == 8  # between seven sentences and before two guesses: nothing comes twice
