"""The parent's outputs are those of the parent on the very batch, however they come about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import pytest
import torch
from tests.engine.problems import bits, images, learner, seeing, vectors

from onward.context import Context
from onward.engine import teacher
from onward.engine.teacher import Teacher
from onward.engine.update import update
from onward.method import Method
from onward.methods.lwf import LwF
from onward.methods.replay import Replay
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.settings import Settings
from onward.step import Piece
from onward.types import Batch

SETTINGS = Settings(epochs=2, batch_size=8, lr=0.01)


@dataclass(frozen=True)
class Compared(Method):
    """Adds a term that is the largest difference between what a step says of the parent and the parent itself."""

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        def differs(step):
            old = context.old(step.inputs)
            assert step.old.logits.shape == old.shape and not step.old.logits.requires_grad
            features = context.old.features(step.inputs)
            return torch.maximum((step.old.logits - old).abs().max(), (step.old.features - features).abs().max())

        for phase in phases:
            yield phase.plus(differs=differs) if context.old else phase


@pytest.mark.parametrize("augment", [(), ("flip", "crop", "cutout")])
def test_a_step_sees_the_parent_on_the_same_examples_augmented_or_not(augment):
    first, _ = update(seeing("ab", Replay(9, 4) | Compared()), images("ab"), SETTINGS)
    _, record = update(first, images("bc", seed=1), replace(SETTINGS, augment=augment))
    assert max(record.phases[0].curve["differs"]) < 1e-6
    assert record.phases[0].mixed == 4


def test_looked_up_outputs_are_those_of_a_forward_pass():
    model, data, memory = learner("abc").model, vectors("ab"), vectors("c")
    held = Teacher(model)
    rows, others = torch.tensor([3, 39, 0, 3]), torch.tensor([5])
    found = held.recalled([Piece(data, rows), Piece(memory, others)])
    asked = held.asked(Batch(torch.cat([data.inputs[rows], memory.inputs[others]]), torch.zeros(5)))
    torch.testing.assert_close(found, asked)
    assert found.features.shape == (5, 8) and found.logits.shape == (5, 3)


@pytest.mark.parametrize(
    ("settings", "remembers"),
    [
        (Settings(epochs=2), True),
        (Settings(epochs=1), False),  # once is no more often than not at all
        (Settings(epochs=9, steps=3), False),
        (Settings(epochs=2, augment=("flip",)), False),
    ],
)
def test_outputs_are_held_where_examples_come_again_unchanged(settings, remembers):
    assert Teacher(seeing().model).remembers(Phase("train", images(), settings)) == remembers


def test_outputs_are_held_up_to_a_number_of_bytes(monkeypatch):
    phase = Phase("train", vectors("ab"), Settings(epochs=2)).mixed(vectors("abc"), 3)
    # 60 examples of the mix, the larger part, with 8 features and 3 logits of 4 bytes.
    monkeypatch.setattr(teacher, "CACHE_BYTES", 60 * 11 * 4)
    assert Teacher(learner("abc").model).remembers(phase)
    monkeypatch.setattr(teacher, "CACHE_BYTES", 60 * 11 * 4 - 1)
    assert not Teacher(learner("abc").model).remembers(phase)


@pytest.fixture
def counted(monkeypatch):
    """How many examples went through the parent."""
    examples = []
    forward = Teacher._asked

    def counting(self, batch):
        examples.append(len(batch.targets))
        return forward(self, batch)

    monkeypatch.setattr(Teacher, "_asked", counting)
    return examples


def test_without_augmentation_the_parent_sees_each_example_once(counted):
    update(seeing("ab", LwF()), images("ab"), replace(SETTINGS, epochs=5))
    assert sum(counted) == 20 + 1  # and one to learn how wide its outputs are


def test_with_augmentation_the_parent_sees_every_batch(counted):
    update(seeing("ab", LwF()), images("ab"), replace(SETTINGS, epochs=5, augment=("flip",)))
    assert sum(counted) == 5 * 20


def test_a_parent_that_no_term_asks_is_left_in_peace(counted):
    update(seeing("ab"), images("ab"), replace(SETTINGS, epochs=5))
    assert sum(counted) == 1


def test_looking_up_changes_an_update_by_rounding_alone(monkeypatch):
    looked_up, _ = update(learner("ab", LwF()), vectors("bc"), SETTINGS)
    monkeypatch.setattr(teacher, "CACHE_BYTES", 0)
    asked, _ = update(learner("ab", LwF()), vectors("bc"), SETTINGS)
    torch.testing.assert_close(dict(looked_up.model.state_dict()), dict(asked.model.state_dict()))
    without, _ = update(learner("ab"), vectors("bc"), SETTINGS)
    assert bits(without.model.state_dict()) != bits(asked.model.state_dict()), "the parent's outputs matter"
