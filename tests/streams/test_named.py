"""Streams by name: the same as by function, on real digits, and what a wrong name or option gets."""

from __future__ import annotations

import pytest
import torch
from sklearn.datasets import load_digits

from onward.errors import InputError, counted
from onward.streams.mixed import Mixture, mixed_arrivals
from onward.streams.named import SCENARIOS, build_stream
from onward.streams.scenario import class_incremental, data_incremental, domain_incremental, task_incremental
from onward.streams.shifts import permuted, rotated
from onward.types import Examples, present


@pytest.fixture(scope="module")
def digits():
    """The 1797 digits of scikit-learn, every fifth for testing."""
    found = load_digits()
    inputs = torch.from_numpy(found.images * (255 / 16)).round().to(torch.uint8)[:, None]
    targets, names = torch.from_numpy(found.target).long(), tuple(str(k) for k in range(10))
    held = torch.arange(len(targets)) % 5 == 0
    return Examples(inputs[~held], targets[~held], names), Examples(inputs[held], targets[held], names)


def told(stream):
    """All that a stream holds, to be compared."""
    return [
        (e.name, e.candidates, part.inputs.tolist(), part.targets.tolist())
        for e in stream
        for part in (e.train, e.test)
    ]


SAME = {
    "data-incremental": (
        {"sizes": "dirichlet", "concentration": 2, "stratified": True},
        lambda a, b, **o: data_incremental(a, b, 3, 1, **o),
    ),
    "class-incremental": (
        {"order": [str(k) for k in range(9, -1, -1)]},
        lambda a, b, **o: class_incremental(a, b, 3, 1, **o),
    ),
    "task-incremental": ({}, lambda a, b: task_incremental(a, b, 3, 1)),
    "domain-incremental": (
        {"shift": "rotated", "angles": [0, 10, 45.5]},
        lambda a, b, **o: domain_incremental(a, b, rotated([0, 10, 45.5])),
    ),
    "mixed": (
        {"first": 0.4, "recurring": 0.3, "shifted": 0.5, "shift": "inverted"},
        lambda a, b, **o: mixed_arrivals(a, b, 3, 1, Mixture(**o)),
    ),
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_stream_by_name_is_the_stream_of_its_function(name, digits):
    options, by_function = SAME[name]
    assert told(build_stream(name, *digits, parts=3, seed=1, **options)) == told(by_function(*digits, **options))


@pytest.mark.parametrize("name", sorted(set(SCENARIOS) - {"domain-incremental"}))
def test_digits_are_split_whole(name, digits):
    train, test = digits
    stream = build_stream(name, train, test, parts=4, seed=0)
    assert len(stream) == 4
    assert (
        torch.bincount(torch.cat([e.train.targets for e in stream])).tolist() == torch.bincount(train.targets).tolist()
    )
    assert {name for e in stream for name in present(e.test)} == set(train.classes)


def test_one_angle_is_the_step_between_rotations(digits):
    stream = build_stream("domain-incremental", *digits, parts=3, seed=0, angles=22.5)
    assert [e.name for e in stream] == ["rotated 0°", "rotated 22.5°", "rotated 45°"]
    assert torch.equal(stream[0].train.inputs, digits[0].inputs)


def test_angles_can_be_drawn_from_the_seed(digits):
    def angles(parts, seed):
        stream = build_stream("domain-incremental", *digits, parts=parts, seed=seed, angles="drawn")
        return [float(e.name.removeprefix("rotated ").removesuffix("°")) for e in stream]

    assert angles(6, 1) == angles(6, 1) != angles(6, 2)
    assert all(0 <= angle < 180 for angle in angles(6, 1)) and max(angles(6, 1)) > 90


def test_classes_can_be_the_domains_called_by_their_place_in_each(digits):
    """Of the order 9, 8 ... 0 the first two parts are 8 and 9, 6 and 7: 8 and 6 are in the first place."""
    order = [str(k) for k in range(9, -1, -1)]
    stream = build_stream("domain-incremental", *digits, parts=5, seed=0, shift="classes", order=order)
    assert all(e.train.classes == e.test.classes == ("place 1", "place 2") for e in stream)
    assert [e.name for e in stream] == [f"classes {k}, {k - 1}" for k in range(9, 0, -2)]
    for held, low in ((stream[0], 8), (stream[1], 6)):
        for part, whole in zip((held.train, held.test), digits, strict=True):
            here = (whole.targets == low) | (whole.targets == low + 1)
            assert torch.equal(part.inputs, whole.inputs[here])
            assert torch.equal(part.targets, whole.targets[here] - low)


def test_classes_that_make_no_equal_parts_are_no_domains(digits):
    with pytest.raises(InputError, match="10 classes make no 4 parts of as many each"):
        build_stream("domain-incremental", *digits, parts=4, seed=0, shift="classes")


@pytest.mark.parametrize("identity_first", [True, False])
def test_permutations_are_those_of_the_seed(identity_first, digits):
    stream = build_stream(
        "domain-incremental", *digits, parts=3, seed=5, shift="permuted", identity_first=identity_first
    )
    assert told(stream) == told(domain_incremental(*digits, permuted(3, 5, identity_first)))


def test_an_unknown_scenario_gets_the_nearest(digits):
    with pytest.raises(InputError, match=r"unknown scenario 'class_incremental'. Did you mean 'class-incremental'"):
        build_stream("class_incremental", *digits, parts=2, seed=0)


def test_every_unknown_option_gets_the_nearest(digits):
    with pytest.raises(InputError) as refused:
        build_stream("data-incremental", *digits, parts=2, seed=0, size="uniform", stratify=True)
    assert "unknown option of data-incremental 'size'. Did you mean 'sizes'?" in str(refused.value)
    assert "unknown option of data-incremental 'stratify'. Did you mean 'stratified'?" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "options", "problems"),
    [
        ("data-incremental", {"parts": 0, "sizes": ["uniform"], "concentration": 0}, 3),
        ("class-incremental", {"parts": "two", "order": "0123"}, 2),
        ("domain-incremental", {"parts": 2.0, "seed": None}, 3),
        ("domain-incremental", {"shift": "turned", "angles": [0, 9, 18], "identity_first": "no"}, 3),
        ("domain-incremental", {"angles": ["a", "b"]}, 1),
        ("domain-incremental", {"angles": "random", "order": ["0"]}, 2),
        ("mixed", {"first": -0.1, "recurring": 1.1, "shifted": True, "shift": "rotated"}, 4),
    ],
)
def test_every_option_out_of_its_range_is_named_at_once(name, options, problems, digits):
    with pytest.raises(InputError) as refused:
        build_stream(name, *digits, **{"parts": 2, "seed": 0, **options})
    said = str(refused.value)
    assert said.startswith(f"{counted(problems, 'problem')} in the options of {name}: ")
    assert all(f"{option} must be" in said for option in options)
