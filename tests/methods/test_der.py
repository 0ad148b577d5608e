"""DER keeps what was said of an example in a step on it, and holds the model to that."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.specimens import differing
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    begun,
    context,
    grown,
    orders,
    pair,
    regression,
    seen_by,
)
from tests.reference.der import der

from onward.engine.update import update
from onward.errors import InputError
from onward.methods.der import DER, answered, completed, labelled, note
from onward.methods.joint import Joint
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import NEVER, Classifier
from onward.phase import Mix, Phase
from onward.rng import generator
from onward.step import Piece, Step
from onward.types import Batch, Examples

METHOD = DER(size=20, per_batch=7, answers=0.3, labels=0.4)


def walked(method):
    """An update of fifty steps by the method and by the reference, which also tells what was noted in the end.

    Whether a pass takes the place of earlier ones is drawn from each epoch's stream.
    """
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model, kept = grown(parent), {name: parent.kept[f"der/{name}"] for name in ("inputs", "targets", "logits")}
    new = seen_by(model)
    _, enters = method.exchanged(
        replace(context(new, kept=kept | {"seen": parent.kept["der/seen"]}, seed=SEED), path=("der",))
    )
    x, y = torch.cat([kept["inputs"], new.inputs[enters]]), torch.cat([kept["targets"], new.targets[enters]])
    least = kept["logits"].min(dim=1, keepdim=True).values
    memory = dict(enumerate(torch.cat([kept["logits"], least, least], dim=1)))  # d and e came later
    every = Examples(x, y, model.classes)
    rows = orders(Phase("train", new, SETTINGS).aside(Mix.of(every, 7), Mix.of(every, 7)))
    streams = [generator(SEED, "phase", 0, "train", epoch, "terms") for epoch in range(SETTINGS.epochs)]
    place = {row: len(kept["targets"]) + k for k, row in enumerate(enters.tolist())}
    steps = []
    for number, (fresh, dark, others) in enumerate(rows):
        chances = torch.rand(len(fresh), generator=streams[number // 5])
        drawn = zip(fresh.tolist(), chances, strict=True)
        notes = [(i, place[row], u) for i, (row, u) in enumerate(drawn) if row in place]
        steps.append(((new.inputs[fresh], new.targets[fresh]), dark.tolist(), others.tolist(), notes))
    der(model, steps, (x, y, memory), (method.answers, method.labels), **RATE)
    return parent, child, record, model, (x, memory)


def test_fifty_steps_are_those_of_the_reference():
    parent, child, record, model, _ = walked(METHOD)
    assert record.cost.steps == 50
    assert record.cost.samples == 10 * 60 + 50 * (7 + 7)
    assert set(record.phases[0].terms) == {"cross_entropy", "der", "der_labels"}
    assert_same_parameters(child.model, model, grown(parent))


def test_the_logits_that_are_kept_are_those_of_one_of_the_steps_on_the_example():
    _, child, _, _, (x, memory) = walked(METHOD)
    noted = {tuple(inputs): memory[row] for row, inputs in enumerate(x.tolist())}
    fresh = child.kept["der/targets"] >= 3
    for inputs, z in zip(child.kept["der/inputs"][fresh].tolist(), child.kept["der/logits"][fresh], strict=True):
        torch.testing.assert_close(z, noted[tuple(inputs)], rtol=1e-3, atol=1e-4)
    assert fresh.sum() > 3


def test_of_examples_that_stay_the_logits_stay_and_later_classes_have_none():
    parent = begun(METHOD)
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    before = {tuple(x): z for x, z in zip(parent.kept["der/inputs"].tolist(), parent.kept["der/logits"], strict=True)}
    stayed = 0
    for x, z in zip(child.kept["der/inputs"].tolist(), child.kept["der/logits"], strict=True):
        if tuple(x) in before:
            stayed += 1
            assert torch.equal(z[:3], before[tuple(x)])
            assert z[3:].tolist() == [NEVER, NEVER]
    assert stayed == int((child.kept["der/targets"] < 3).sum()) > 3


def test_each_pass_of_an_example_is_as_likely_to_be_noted():
    """Four passes, of which the k-th says k: each in a quarter of 3000 notes, give or take 4 sigma."""
    n, model = 3000, regression(1, 1)
    new = Examples(torch.zeros(n, 1), torch.zeros(n, dtype=torch.int64), model.classes)
    logits, passes = torch.full((n + 1, 1), NEVER), torch.zeros(n + 1)
    edit, draws = note(new, torch.arange(n), logits, passes), generator(0)
    for k in range(4):
        step = Step(model, Batch(new.inputs, new.targets), draws, pieces=[Piece(new, torch.randperm(n), new)])
        step._said = torch.full((n, 1), float(k))
        edit(step)
    counts = torch.bincount(logits[:-1, 0].long(), minlength=4)
    assert (counts - n / 4).abs().max() < 4 * (n * 0.25 * 0.75) ** 0.5
    assert passes[:-1].tolist() == [4.0] * n


def held_to(model: Classifier, logits: torch.Tensor) -> float:
    """The term, of strength 1, on two examples with these logits, rows 1 and 0 of a memory."""
    batch = Batch(torch.eye(3)[:2], torch.tensor([0, 1]))
    memory = Examples(batch.inputs, batch.targets, model.classes)
    apart = Step(model, batch, torch.Generator(), pieces=[Piece(memory, torch.tensor([1, 0]), memory)])
    some = Mix.of(memory, 2)
    term = answered(completed(logits, model), torch.ones(2), some, 1.0)
    return term(Step(model, batch, torch.Generator(), apart={some: apart})).item()


def test_the_term_is_the_mean_square_over_all_logits():
    """Of 2 x 6 logits six are off by 1 and six by 2: (6 · 1 + 6 · 4) / 12."""
    _, model = pair()
    said = model(torch.eye(3)[:2]).detach()
    assert held_to(model, torch.stack([said[1] + 2, said[0] + 1])) == pytest.approx(2.5, rel=1e-5)


def test_a_class_that_came_later_is_held_to_the_least_that_was_said():
    _, model = pair()
    kept = torch.tensor([[3.0, -2.0, 1.0, 0.0], [5.0, 6.0, 7.0, 4.0]])
    assert completed(kept, model)[:, 4:].tolist() == [[-2.0, -2.0], [4.0, 4.0]]
    assert torch.equal(completed(kept, model)[:, :4], kept)


def test_a_class_that_was_merged_since_is_held_to_what_both_had_said():
    """1 was merged into 0, which is held to log(e^z0 + e^z1); nothing was kept of 5, merged into 4, nor of 4."""
    _, model = pair()
    said = model(torch.eye(3)[:2]).detach()
    merged = Classifier(model.backbone, model.head, model.classes, aliases={"1": "0", "5": "4"}).eval()
    found = completed(said[:, :4], merged)
    torch.testing.assert_close(found[:, 0], torch.logaddexp(said[:, 0], said[:, 1]))
    assert torch.equal(found[:, 4], found[:, [0, 2, 3]].min(dim=1).values)
    whole = merged(torch.eye(3)[:2]).detach()
    off = (whole.flip(0)[:, [0, 2, 3, 4]] - found.flip(0)[:, [0, 2, 3, 4]])[:, 3].square().sum().item() / 8
    assert held_to(merged, said.flip(0)[:, :4]) == pytest.approx(off, rel=1e-4)  # the merged ones count for nothing


def test_where_no_step_is_on_the_new_data_the_last_model_speaks():
    for method in (DER(size=30) | Joint(), Joint() | DER(size=30)):
        child, _ = update(begun(method), SECOND, SETTINGS, SEED)
        fresh = child.kept["der/targets"] >= 3
        said = child.model(child.kept["der/inputs"][fresh]).detach()
        torch.testing.assert_close(child.kept["der/logits"][fresh], said)
        assert fresh.sum() > 3


def test_what_has_not_been_said_yet_counts_for_nothing():
    _, model = pair()
    batch = Batch(torch.eye(3)[:2], torch.tensor([0, 1]))
    memory, said = Examples(batch.inputs, batch.targets, model.classes), model(batch.inputs).detach()
    apart = Step(model, batch, torch.Generator(), pieces=[Piece(memory, torch.tensor([0, 1]), memory)])
    some = Mix.of(memory, 2)
    step, losses = Step(model, batch, torch.Generator(), apart={some: apart}), -said.log_softmax(dim=1)
    both = (losses[0, 0] + losses[1, 1]) / 2
    for passes, square, loss in [((0, 3), 4, losses[1, 1]), ((1, 1), 2.5, both), ((0, 0), 0, 0)]:
        passed = torch.tensor(passes).float()
        found = answered(said + torch.tensor([[1.0], [2.0]]), passed, some, 1.0)(step)
        assert found.item() == pytest.approx(square, abs=1e-5)
        assert labelled(passed, some, 1.0)(step).item() == pytest.approx(float(loss), abs=1e-5)


def test_without_weights_it_only_keeps():
    start = begun(METHOD)
    off, _ = update(start, SECOND, SETTINGS, SEED, method=replace(METHOD, answers=0.0, labels=0.0))
    plain, _ = update(start, SECOND, SETTINGS, SEED, method=WarmStart())
    assert differing(off.model.state_dict(), plain.model.state_dict()) == []
    assert len(off.kept["der/logits"]) == 20


def test_the_memory_is_that_of_a_reservoir_with_one_row_of_logits_for_each():
    learner = begun(METHOD)
    learner, _ = update(learner, SECOND, SETTINGS, SEED)
    assert learner.kept["der/logits"].shape == (20, 5)
    assert int(learner.kept["der/seen"]) == len(FIRST) + len(SECOND)


def test_what_is_forgotten_is_forgotten_with_its_logits():
    method, model = DER(size=9), regression(4, 3)
    scratch = context(FIRST)
    list(method.plan([], model, scratch))
    kept = method.keep(model, scratch)
    gone = Examples(kept["inputs"][:4], kept["targets"][:4], model.classes)
    rest = method.forget(kept, gone, model)
    assert torch.equal(rest["logits"], kept["logits"][4:])
    assert int(rest["seen"]) == len(FIRST) - 4


@pytest.mark.parametrize("values", [{"size": -1}, {"per_batch": 0}, {"answers": -1.0}, {"labels": -0.1}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        DER(**values)
