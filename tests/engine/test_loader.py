"""Where data lies decides how fast an update is, never what comes of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

import pytest
import torch
from tests.engine.problems import bits, images, learner, seeing, vectors

from onward import types
from onward.datasets.python.given import data
from onward.engine import loader
from onward.engine.evaluate import judge
from onward.engine.log import silent
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.ewc import EWC
from onward.methods.joint import Joint
from onward.methods.lwf import LwF
from onward.methods.replay import Replay
from onward.methods.warm_start import WarmStart
from onward.settings import Settings
from onward.types import Data, Examples, View

METHODS = {
    "warm_start": WarmStart(),
    "lwf": LwF(),
    "replay": Replay(9, 3),
    "ewc": EWC(10.0, examples=15),
    "all of them": LwF() | Replay(9, 3) | EWC(10.0),
    "joint": Joint(),
}


@dataclass
class Slow:
    """The examples as a map-style data set that takes its time, now more, now less, and may break at one of them."""

    held: Examples
    broken: int | None = None
    read: list[int] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, k: int) -> tuple[torch.Tensor, int]:
        self.read.append(k)
        time.sleep(1e-4 * (k % 3))
        if k == self.broken:
            raise OSError("truncated file")
        return self.held.inputs[k], int(self.held.targets[k])

    @property
    def targets(self) -> torch.Tensor:
        return self.held.targets

    @property
    def classes(self) -> tuple[str, ...]:
        return self.held.classes


def viewed(held: Examples) -> Data:
    """The same examples as rows of something else that is not known to lie in memory."""
    order = torch.arange(len(held)).flip(0)
    slow = data(Slow(Examples(held.inputs[order], held.targets[order], held.classes)))
    return View(slow, order, held.targets, held.classes)


def twice(
    place: Callable[[Examples], Data], start: Learner, make: Callable[..., Examples], settings: Settings
) -> tuple:
    """All there is to know of two updates, and of what the result says of new examples."""
    first, _ = update(start, place(make("ab")), settings, seed=1)
    second, record = update(first, place(make("bc", seed=1)), settings, seed=2)
    said = judge(second, place(make("abc", seed=2)))
    phases = [asdict(replace(phase, seconds=0.0)) for phase in record.phases]
    return bits(second.model.state_dict()), bits(second.kept), phases, said.predicted.tolist(), said.targets.tolist()


@pytest.mark.parametrize("place", [lambda held: data(Slow(held)), viewed])
@pytest.mark.parametrize("method", METHODS)
def test_an_update_is_the_same_bit_for_bit_wherever_its_data_lies(method, place):
    settings = Settings(epochs=2, batch_size=7, validation=0.2)
    start = learner("ab", METHODS[method], dropout=0.3)
    assert twice(place, start, vectors, settings) == twice(lambda held: held, start, vectors, settings)


def test_augmented_images_too_are_the_same_bit_for_bit():
    settings = Settings(epochs=2, batch_size=7, augment=("flip", "crop"), patience=1, validation=0.2)
    start = seeing("ab", LwF() | Replay(9, 3))
    assert twice(lambda held: data(Slow(held)), start, images, settings) == twice(lambda x: x, start, images, settings)


def test_data_in_memory_starts_no_thread(monkeypatch):
    def never(*_: object) -> None:
        raise AssertionError("read ahead although it lies in memory")

    monkeypatch.setattr(loader, "ahead", never)
    monkeypatch.setattr(types, "ahead", never)
    twice(lambda held: held, learner("ab", METHODS["all of them"]), vectors, Settings(epochs=2, validation=0.2))
    with pytest.raises(AssertionError, match="read ahead"):
        update(learner("ab"), data(Slow(vectors("ab"))), Settings())


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("reading-ahead")]


def test_an_item_that_cannot_be_read_ends_the_update_with_its_number():
    slow = data(Slow(vectors("abc"), broken=57))
    with pytest.raises(InputError, match="item 57 of the data set cannot be read: OSError: truncated file"):
        update(learner("abc"), slow, Settings(batch_size=4))
    assert not readers()


def test_the_thread_ends_when_the_user_interrupts():
    seen = []

    def interrupt(progress):
        seen.append(len(readers()))
        if progress.step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update(learner("abc"), data(Slow(vectors("abc", n=300))), Settings(epochs=3, batch_size=4), observe=interrupt)
    assert seen == [0, 1] and not readers()


def test_what_no_step_is_taken_with_is_not_read():
    slow = Slow(vectors("abc"))
    given = data(slow)
    slow.read.clear()
    update(learner("abc"), given, Settings(steps=3, batch_size=4), observe=silent)
    probed = 2 + 1  # two to check the shape, one to count the operations
    assert len(slow.read) == 3 * 4 + probed
