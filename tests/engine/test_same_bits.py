"""The same bits each time: with any number of threads, also of those that decode, and on a GPU where it is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.conformance.specimens import SUBJECTS, bits, differing

from onward.catalogue import parsed
from onward.datasets.reading import Reading
from onward.datasets.source import read
from onward.engine.same_bits import WORKSPACE, same_bits
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.method import Method
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.settings import Settings
from onward.transform import ImageTransform
from onward.types import Data, Examples

SETTINGS = Settings(epochs=2, batch_size=64, augment=("flip", "crop"))
SURE = replace(SETTINGS, deterministic=True)
METHOD = parsed("lwf | ewc | replay(size=40, per_batch=16)")


def images(names: str, seed: int) -> Examples:
    targets = torch.arange(96) % len(names)
    drawn = torch.randint(0, 200, (96, 3, 12, 12), generator=generator(seed, "images"))
    return Examples((drawn + 10 * targets.view(-1, 1, 1, 1)).byte(), targets, tuple(names))


def child(settings: Settings, data: Data | None = None, method: Method = METHOD) -> dict[str, torch.Tensor]:
    """All that two updates leave, of which the second holds to the first."""
    born = Learner(fresh("cnn", (3, 12, 12), 0, width=8), method)
    parent, _ = update(born, images("ab", 0), settings, seed=1)
    return bits(update(parent, images("abcd", 1) if data is None else data, settings, seed=2)[0])


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def test_deterministic_gives_the_same_bits_whatever_the_number_of_threads():
    found = []
    for count in (1, 2, 3):
        with threads(count):
            found.append(child(SURE))
            assert torch.get_num_threads() == count
    assert differing(found[0], found[1]) == differing(found[0], found[2]) == []


def vectors(names: str, seed: int) -> Examples:
    """Enough numbers for torch to share their products among threads."""
    targets = torch.arange(128) % len(names)
    return Examples(torch.randn(128, 64, generator=generator(seed)) + targets[:, None], targets, tuple(names))


@pytest.mark.parametrize("name", SUBJECTS)
def test_so_it_does_with_every_method(name):
    sure, found = Settings(epochs=1, batch_size=128, deterministic=True), []
    for count in (1, 2):
        with threads(count):
            born = Learner(fresh("mlp", (64,), 0, width=256, depth=2), SUBJECTS[name])
            parent, _ = update(born, vectors("abcd", 0), sure, seed=1)
            found.append(bits(update(parent, vectors("abcdef", 1), sure, seed=2)[0]))
    assert differing(*found) == []


def test_without_it_as_many_threads_give_the_same_bits_and_another_number_the_same_to_rounding():
    few = replace(SETTINGS, steps=3, lr=0.01)
    with threads(1):
        one = child(few, method=parsed("warm_start"))
    with threads(2):
        two, again = (child(few, method=parsed("warm_start")) for _ in range(2))
    assert differing(two, again) == []
    torch.testing.assert_close(two, one, rtol=1e-3, atol=1e-4)


def test_on_one_thread_it_changes_no_bit():
    with threads(1):
        assert differing(child(SETTINGS), child(SURE)) == []


def pictures(folder: Path) -> Path:
    """A folder of pictures for each of two classes, of sizes that must be brought to one."""
    drawn = np.random.default_rng(0)
    for name in ("a", "b"):
        (folder / name).mkdir(parents=True)
        for number in range(12):
            size = (10 + number, 20 - number, 3)
            Image.fromarray(drawn.integers(0, 256, size, dtype=np.uint8)).save(folder / name / f"{number}.jpg")
    return folder


@pytest.mark.parametrize("memory", [0, 2**30])
def test_the_number_of_threads_that_decode_changes_no_bit(tmp_path, memory):
    place, transform = str(pictures(tmp_path / "pictures")), ImageTransform(size=(12, 12))
    found = [child(SETTINGS, read(place, None, Reading(transform, memory=memory, workers=n))) for n in (1, 2, 4)]
    assert differing(found[0], found[1]) == differing(found[0], found[2]) == []


def state() -> tuple[object, ...]:
    """What of torch an update might leave otherwise than it was."""
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        torch.get_num_threads(),
    )


@pytest.mark.parametrize("benchmark", [True, False])
def test_what_was_set_is_put_back_however_it_ends(monkeypatch, benchmark):
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", benchmark)
    with threads(2):
        before = state()
        with same_bits(SURE):
            assert state() == (True, False, False, 1)
        assert state() == before
        with pytest.raises(ZeroDivisionError), same_bits(SURE):
            raise ZeroDivisionError
        assert state() == before
        with same_bits(SETTINGS):
            assert state() == before


def test_an_operation_that_cannot_is_named_and_the_way_out_told():
    said = r"put_.* does not have a deterministic implementation: choose another method or network, or leave determ"
    with pytest.raises(InputError, match=said), same_bits(SURE):
        torch.zeros(3).put_(torch.tensor([0]), torch.ones(1))
    with pytest.raises(RuntimeError, match="another one"), same_bits(SURE):
        raise RuntimeError("another one")


@pytest.mark.parametrize("value", [None, "", ":8:8"])
def test_a_gpu_that_was_not_told_in_time_is_refused(monkeypatch, value):
    monkeypatch.delenv(WORKSPACE, raising=False)
    if value is not None:
        monkeypatch.setenv(WORKSPACE, value)
    before = state()
    with pytest.raises(InputError, match=rf"needs the environment variable {WORKSPACE}=:4096:8 before the process"):
        update(Learner(fresh("mlp", (2,), 0)), images("ab", 0), replace(SURE, device="cuda"))
    assert state() == before


@pytest.mark.gpu
def test_a_gpu_gives_the_same_bits_twice(monkeypatch):
    monkeypatch.setenv(WORKSPACE, ":4096:8")
    there = replace(SURE, device="cuda")
    one, other = child(there), child(there)
    assert differing(one, other) == []
