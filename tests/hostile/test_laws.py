"""Whatever bytes lie where onward reads: an error of its own, or something valid, and nothing done elsewhere."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hostile.cases import tried
from tests.hostile.mutations import mutated
from tests.hostile.targets import TARGETS, Target

CASES = 60
"""Of each target here; ``python tools/torture.py`` goes on for as long as one likes."""


@pytest.fixture(params=TARGETS, ids=lambda target: target.name, scope="module")
def target(request) -> Target:
    return request.param


@pytest.fixture(scope="module")
def world(target, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "world"
    return folder, target.made(folder)


def test_what_the_cases_are_made_from_is_valid(target, world):
    folder, seeds = world
    assert seeds
    for raw in seeds:
        assert tried(target, folder, raw) == {"valid": ""}


def test_hostile_bytes_are_refused_in_our_words_or_read_and_nothing_is_done_elsewhere(target, world):
    folder, seeds = world

    @settings(max_examples=CASES, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(seeds), st.randoms(use_true_random=False))
    def law(raw, draws):
        said = tried(target, folder, mutated(raw, seeds, target.forms, draws))
        assert said in ({"valid": ""}, {"refused": ""})

    law()


@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\xff" * 1000, b"[" * 100_000, b"a" * 100_000, b"1" * 100_000, b"\n" * 1000]
)
def test_bytes_that_are_nothing_are_refused_in_our_words_or_read(target, world, raw):
    assert tried(target, world[0], raw) in ({"valid": ""}, {"refused": ""})
