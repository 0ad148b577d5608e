"""What goes apart from a batch is there for who asks, and changes nothing else; a choice says which examples go on."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from tests.engine.problems import bits, images, learner, seeing, vectors

from onward.engine.update import update
from onward.method import Method
from onward.nets.subspace import Look, Subspace, spread
from onward.phase import Mix, Phase
from onward.settings import Settings
from onward.step import cross_entropy

SETTINGS = Settings(epochs=2, batch_size=8, lr=0.1)
MEMORY = vectors("ab", seed=9)


@dataclass(frozen=True)
class Aside(Method):
    """Lets some examples go apart, and has one more term."""

    size: int
    terms: tuple = ()
    choices: tuple = ()
    memory: object = MEMORY

    def plan(self, phases, model, context):
        for phase in phases:
            more = phase.plus(**{f"t{k}": term for k, term in enumerate(self.terms)})
            yield replace(more.aside(Mix.of(self.memory, self.size)), choices=self.choices)


@pytest.mark.parametrize(("start", "data"), [(learner, vectors), (seeing, images)])
def test_what_nobody_asks_for_changes_no_bit_but_is_counted(start, data):
    plain, before = update(start("ab"), data("ab"), SETTINGS)
    child, record = update(start("ab"), data("ab"), SETTINGS, method=Aside(5, memory=data("ab", seed=9)))
    assert bits(child.model.state_dict()) == bits(plain.model.state_dict())
    assert record.phases[0].mixed == 5
    assert record.cost.samples == before.cost.samples + 5 * record.cost.steps


def test_a_term_finds_the_examples_and_where_they_lie_and_what_the_parent_says():
    seen, parent, data = [], learner("ab"), vectors("ab")

    def term(step):
        (apart,) = step.apart.values()
        seen.append((apart, apart.old.logits, step.pieces, len(step.targets), step.old.logits))
        return cross_entropy(apart)

    _, record = update(parent, data, SETTINGS, method=Aside(3, (term,)))
    assert len(seen) == record.cost.steps == 10
    for apart, old, pieces, count, own in seen:
        (piece,) = apart.pieces
        assert piece.given is MEMORY and torch.equal(apart.inputs, MEMORY.inputs[piece.rows])
        assert torch.equal(apart.targets, MEMORY.targets[piece.rows])
        torch.testing.assert_close(old, parent.model(apart.inputs))
        assert [len(each.rows) for each in pieces] == [count] == [8]
        assert len(own) == 8


def test_terms_are_given_what_a_choice_leaves():
    seen = []

    def term(step):
        seen.append((step.inputs, step.targets, [len(piece.rows) for piece in step.pieces], step.old.logits))
        return step.logits.sum() * 0

    def choice(step):
        (apart,) = step.apart.values()
        return step.joined(apart.part(torch.tensor([2]), [apart.pieces[0]._replace(rows=torch.tensor([7]))]))

    parent = learner("ab")
    _, record = update(parent, vectors("ab"), SETTINGS, method=Aside(3, (term,), (choice,)))
    assert record.cost.samples == 10 * (8 + 1 + 3)
    for inputs, targets, sizes, old in seen:
        assert (len(inputs), len(targets), sizes) == (9, 9, [8, 1])
        torch.testing.assert_close(old, parent.model(inputs))


def test_within_a_subspace_every_look_sees_it_anew():
    logits = []

    def term(step):
        (apart,) = step.apart.values()
        logits.append(apart.logits.detach())
        return cross_entropy(apart)

    @dataclass(frozen=True)
    class Within(Method):
        """Looks at each part of a batch from another corner."""

        def plan(self, phases, model, context):
            offsets = spread(model, 2, 0.5, lambda name: context.generator("spread", name))
            corner = torch.eye(2)

            def looks(corners, draws):
                yield Look(corner[0], corner[0], None, "rest", 1.0)
                yield Look(corner[1], corner[1], None, "beside", 1.0)

            for phase in phases:
                yield phase.mixed(MEMORY, 2).aside(Mix.of(MEMORY, 3)).plus(term=term).inside(Subspace(offsets, looks))

    update(learner("ab"), vectors("ab"), replace(SETTINGS, steps=1, momentum=0.0), method=Within())
    assert len(logits) == 2 and not torch.equal(*logits)


def test_of_fewer_examples_than_wanted_all_go_apart():
    assert [mix.size for mix in Phase("train", MEMORY, SETTINGS).aside(Mix.of(MEMORY, 99)).apart] == [40]
