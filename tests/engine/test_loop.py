"""The loop does what a plain loop does, bit for bit, and stops where it should."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import torch
from tests.engine.problems import bits, everything, images, learner, seeing, torch_rates, vectors
from torch import nn
from torch.nn import functional as F
from torch.optim import SGD, AdamW, Optimizer

from onward.engine.log import Progress, silent
from onward.engine.loop import Surroundings, held_back_loss, run
from onward.engine.update import update
from onward.errors import DivergedError, InputError
from onward.nets.classifier import Classifier
from onward.nets.zoo import fresh
from onward.phase import Phase
from onward.rng import generator
from onward.settings import Settings
from onward.step import Step
from onward.types import Examples

DATA = vectors("abc", n=9)
Make = Callable[[list[nn.Parameter]], Optimizer]
READ_EVERY = Settings().read_every
PLAIN = Settings(epochs=3, batch_size=5, lr=0.1)


def plainly(model: Classifier, data: Examples, settings: Settings, make: Make, seed: int = 0) -> Classifier:
    """The loop that everyone writes, over the rows that the engine draws."""
    model = copy.deepcopy(model)
    model.grow(data.classes, seed)
    model.train()
    descent = make(list(model.parameters()))
    for epoch in range(settings.epochs):
        order = torch.randperm(len(data), generator=generator(seed, "phase", 0, "train", epoch, "batches"))
        for rows in order.split(settings.batch_size):
            loss = F.cross_entropy(model(data.inputs[rows]), data.targets[rows])
            descent.zero_grad()
            loss.backward()
            if settings.clip is not None:
                nn.utils.clip_grad_norm_(model.parameters(), settings.clip)
            descent.step()
    return model.eval()


OPTIMISERS = {
    "momentum": (PLAIN, partial(SGD, lr=0.1, momentum=0.9)),
    "plain": (replace(PLAIN, momentum=0.0), partial(SGD, lr=0.1)),
    "nesterov": (
        replace(PLAIN, momentum=0.5, nesterov=True, weight_decay=0.01),
        partial(SGD, lr=0.1, momentum=0.5, nesterov=True, weight_decay=0.01),
    ),
    "adamw": (replace(PLAIN, optimiser="adamw", weight_decay=0.1), partial(AdamW, lr=0.1, weight_decay=0.1)),
    "clipped": (replace(PLAIN, clip=0.3), partial(SGD, lr=0.1, momentum=0.9)),
}


@pytest.mark.parametrize("name", OPTIMISERS)
def test_the_loop_is_the_plain_loop_bit_for_bit(name):
    settings, make = OPTIMISERS[name]
    parent = learner("ab")
    child, _ = update(parent, DATA, settings, seed=3)
    by_hand = plainly(parent.model, DATA, settings, partial(make, fused=True), seed=3)
    assert bits(child.model.state_dict()) == bits(by_hand.state_dict())


def test_with_batch_norm_too_the_loop_is_the_plain_loop_bit_for_bit():
    parent, data, settings = seeing("ab"), images("abc", n=8), replace(PLAIN, batch_size=8)
    child, _ = update(parent, data, settings, seed=3)
    by_hand = plainly(parent.model, data, settings, partial(SGD, lr=0.1, momentum=0.9, fused=True), seed=3)
    assert bits(child.model.state_dict()) == bits(by_hand.state_dict())


@pytest.mark.parametrize("name", OPTIMISERS)
def test_fused_arithmetic_is_the_plain_arithmetic_to_rounding(name):
    settings, make = OPTIMISERS[name]
    child, _ = update(learner("ab"), DATA, settings, seed=3)
    by_hand = plainly(learner("ab").model, DATA, settings, partial(make, foreach=False), seed=3)
    torch.testing.assert_close(dict(child.model.state_dict()), dict(by_hand.state_dict()), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_each_step_is_taken_at_the_rate_of_the_schedule(schedule):
    settings = replace(PLAIN, batch_size=9, schedule=schedule)
    rates = torch_rates(schedule, settings.lr, 9)
    child, _ = update(learner("abc"), DATA, settings, seed=1)

    def make(parameters):
        left = iter(rates)
        descent = SGD(parameters, lr=0.1, momentum=0.9, fused=True)
        descent.register_step_pre_hook(lambda *_: descent.param_groups[0].update(lr=next(left)))
        return descent

    by_hand = plainly(learner("abc").model, DATA, settings, make, seed=1)
    torch.testing.assert_close(dict(child.model.state_dict()), dict(by_hand.state_dict()), rtol=1e-5, atol=1e-7)


def test_a_clipped_step_is_as_long_as_rate_times_clip():
    settings = Settings(steps=1, lr=0.5, momentum=0.0, clip=1e-3)
    parent = learner("abc")
    child, _ = update(parent, DATA, settings)
    pairs = zip(child.model.parameters(), parent.model.parameters(), strict=True)
    length = torch.cat([(after - before).detach().flatten() for after, before in pairs]).norm()
    assert float(length) == pytest.approx(0.5 * 1e-3, rel=1e-3)


# Phases run by themselves


def alone(phase: Phase, model: Classifier, validation: Examples | None = None, observe=silent):
    return run(phase, model, Surroundings(0, None, validation, observe), 0)


@pytest.mark.parametrize(
    ("epochs", "steps", "taken", "begun"), [(3, None, 9, 3), (3, 4, 4, 2), (3, 3, 3, 1), (1, 99, 3, 1), (3, 0, 0, 0)]
)
def test_a_phase_takes_the_steps_it_may(epochs, steps, taken, begun):
    model = learner("abc").model
    record = alone(Phase("train", DATA, Settings(epochs=epochs, steps=steps, batch_size=9)), model)
    assert (record.steps, record.epochs, record.samples) == (taken, begun, 9 * taken)


def test_a_limit_of_steps_stops_on_the_same_path():
    ahead, behind = learner("abc").model, learner("abc").model
    alone(Phase("train", DATA, replace(PLAIN, epochs=1)), ahead)  # 27 examples by 5: six steps, the last of two
    alone(Phase("train", DATA, replace(PLAIN, epochs=9, steps=6)), behind)
    assert bits(ahead.state_dict()) == bits(behind.state_dict())


def test_the_record_counts_steps_samples_and_readings():
    n = 2 * (READ_EVERY + 10)
    data = Examples(DATA.inputs.repeat(5, 1)[:n], DATA.targets.repeat(5)[:n], DATA.classes)
    phase = Phase("train", data, Settings(epochs=2, batch_size=2)).mixed(DATA, 3).mixed(DATA, 1)
    phase = phase.plus(still=lambda step: step.logits.sum() * 0).only(lambda name: name.startswith("head"))
    record = alone(phase, learner("abc").model, validation=DATA)
    steps = 2 * (READ_EVERY + 10)
    assert (record.name, record.examples, record.mixed) == ("train", n, 4)
    assert (record.epochs, record.steps, record.samples) == (2, steps, steps * (2 + 3 + 1))
    assert record.terms == ("cross_entropy", "still") and record.trained == 8 * 3 + 3
    # Each epoch is read after READ_EVERY steps and at its end.
    assert {term: len(values) for term, values in record.curve.items()} == {"cross_entropy": 4, "still": 4}
    assert record.curve["still"] == (0.0,) * 4 and len(record.validation) == 2 and record.seconds > 0


def test_the_observer_is_told_at_the_start_at_each_reading_and_at_the_end_of_each_epoch():
    told: list[Progress] = []
    rows = torch.arange(2 * READ_EVERY) % len(DATA)
    data = Examples(DATA.inputs[rows], DATA.targets[rows], DATA.classes)
    record = alone(Phase("train", data, Settings(epochs=2, batch_size=2)), learner("abc").model, observe=told.append)
    # An epoch is READ_EVERY steps: its end is a reading, told once.
    assert [(each.step, each.epoch) for each in told] == [(0, 1), (READ_EVERY, 1), (2 * READ_EVERY, 2)]
    assert {(each.phase, each.steps, each.epochs) for each in told} == {("train", 2 * READ_EVERY, 2)}
    assert told[0].terms == {} and told[0].rate == 0.0 and all(each.rate > 0 for each in told[1:])
    assert [each.terms["cross_entropy"] for each in told[1:]] == list(record.curve["cross_entropy"])


def test_a_batch_of_one_at_the_end_is_merged_so_that_batch_norm_can_take_it():
    seen = []
    data = images("ab", n=9)
    phase = Phase("train", data, Settings(epochs=1, batch_size=17))
    record = alone(phase.edited(lambda step: seen.append(len(step.targets))), seeing().model)
    assert seen == [18] and record.steps == 1


def test_edits_run_after_the_backward_pass_and_before_the_step():
    model = learner("abc").model
    before = bits(model.state_dict())
    norms = []

    def cancelled(step: Step) -> None:
        norms.append(sum(float(p.grad.norm()) for p in step.model.parameters()))
        for parameter in step.model.parameters():
            parameter.grad.zero_()

    def observed(step: Step) -> None:
        norms.append(sum(float(p.grad.norm()) for p in step.model.parameters()))

    alone(Phase("train", DATA, replace(PLAIN, epochs=1)).edited(cancelled).edited(observed), model)
    assert bits(model.state_dict()) == before
    assert all(norm > 0 for norm in norms[::2]) and not any(norms[1::2])


def test_followers_see_where_a_phase_begins_and_every_step_s_end():
    """One update is 3 x 2 steps: 7 places, the first the model's, each a step of rate times gradient from the last."""
    model, places, slopes = learner("abc").model, [], []
    start = bits(dict(model.named_parameters()))

    def follower(seen: Classifier) -> None:
        assert seen is model
        places.append([each.detach().clone() for each in seen.parameters()])

    def slope(step: Step) -> None:
        slopes.append([each.grad.clone() for each in step.model.parameters()])

    phase = Phase("train", DATA, replace(PLAIN, momentum=0.0)).edited(slope).followed(follower)
    record = alone(phase, model)
    assert len(places) == record.steps + 1 == len(slopes) + 1
    assert bits(dict(zip(start, places[0], strict=True))) == start
    for before, after, gradient in zip(places, places[1:], slopes, strict=False):
        for one, other, g in zip(before, after, gradient, strict=True):
            torch.testing.assert_close(other, one - 0.1 * g)


def test_a_dry_run_has_nothing_to_follow():
    seen = []
    alone(Phase("train", DATA, replace(PLAIN, steps=0)).followed(seen.append), learner("abc").model)
    assert seen == []


def test_the_objective_is_the_sum_of_the_terms():
    one, two = learner("abc").model, learner("abc").model
    twice = Phase("train", DATA, PLAIN)
    alone(twice.plus(again=twice.terms["cross_entropy"]), one)
    alone(replace(twice, terms={"double": lambda step: 2 * F.cross_entropy(step.logits, step.targets)}), two)
    torch.testing.assert_close(dict(one.state_dict()), dict(two.state_dict()))


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_what_is_not_trained_stays_bitwise_statistics_included(optimiser):
    model = seeing("ab").model
    model.grow("c", seed=0)
    before = bits(model.state_dict())
    settings = Settings(epochs=2, batch_size=8, momentum=0.9, weight_decay=0.3, optimiser=optimiser)
    alone(Phase("train", images("abc"), settings).only(lambda name: name.startswith("head.blocks.1")), model)
    after = bits(model.state_dict())
    moved = {name for name in before if before[name] != after[name]}
    assert any("running_mean" in name for name in before)
    assert moved == {"head.blocks.1.weight", "head.blocks.1.bias"}


def test_terms_draw_from_a_stream_that_each_epoch_has_anew():
    def draws(settings: Settings) -> list[float]:
        drawn = []

        def term(step: Step) -> torch.Tensor:
            drawn.append(float(torch.rand((), generator=step.generator)))
            return step.logits.sum() * 0

        alone(replace(Phase("train", DATA, settings), terms={"term": term}), learner("abc").model)
        return drawn

    first = draws(Settings(epochs=2, batch_size=9))
    assert len(set(first)) == 6 and draws(Settings(epochs=2, batch_size=9)) == first
    assert draws(Settings(epochs=2, batch_size=14))[2] == first[3], "the second epoch does not depend on the first"


def test_a_phase_without_data_term_or_parameter_is_refused():
    nothing = Examples(DATA.inputs[:0], DATA.targets[:0], DATA.classes)
    model = learner("abc").model
    with pytest.raises(InputError, match="phase 'train' has 0 examples and 1 terms"):
        alone(Phase("train", nothing, PLAIN), model)
    with pytest.raises(InputError, match="phase 'train' has 27 examples and 0 terms"):
        alone(Phase("train", DATA, PLAIN, terms={}), model)
    with pytest.raises(InputError, match="trains no parameter"):
        alone(Phase("train", DATA, PLAIN).only(lambda name: False), model)


# Divergence


def test_a_term_that_is_not_finite_is_named_with_phase_and_step():
    calls = []

    def bad(step: Step) -> torch.Tensor:
        calls.append(1)
        return step.logits.sum() * (torch.nan if len(calls) == 5 else 0.0)

    with pytest.raises(DivergedError, match="the term 'bad' became nan in phase 'second' at step 4"):
        alone(Phase("second", DATA, replace(PLAIN, epochs=1)).plus(bad=bad), learner("abc").model)


@pytest.mark.parametrize("settings", [Settings(lr=1e30), Settings(lr=1e39, steps=1), Settings(lr=1e30, steps=3)])
def test_divergence_is_an_error_and_leaves_the_parent_as_it_was(settings):
    parent = learner("ab")
    before = everything(parent)
    with pytest.raises(DivergedError, match="Lower lr or set clip; the parent is unchanged"):
        update(parent, DATA, settings)
    assert everything(parent) == before


def test_weights_that_the_last_step_spoilt_are_seen():
    with pytest.raises(DivergedError, match="the last step of phase 'train' made weights that are not finite"):
        alone(Phase("train", DATA, Settings(lr=1e39, steps=1)), learner("abc").model)


# Early stopping


def turning(after: int) -> Callable[[Step], None]:
    """An edit that goes uphill instead of down once so many steps have been taken."""
    taken = []

    def edit(step: Step) -> None:
        taken.append(1)
        if len(taken) > after:
            for parameter in step.model.parameters():
                parameter.grad.neg_()

    return edit


EARLY = Settings(epochs=20, batch_size=9, lr=0.05, momentum=0.0, validation=0.5, patience=2)


def test_early_stopping_waits_for_patience_and_takes_the_best_epoch():
    stopped, best = learner("abc").model, learner("abc").model
    held = vectors("abc", seed=9)
    record = alone(Phase("train", DATA, EARLY).edited(turning(after=6)), stopped, held)  # 3 steps an epoch
    alone(Phase("train", DATA, replace(EARLY, epochs=2)), best)
    assert record.epochs == 4 and record.steps == 12
    losses = record.validation
    assert losses[0] > losses[1] < losses[2] < losses[3]
    assert bits(stopped.state_dict()) == bits(best.state_dict())
    assert held_back_loss(stopped, held) == losses[1]


def test_a_loss_that_stays_the_same_is_not_better():
    model = learner("abc").model
    record = alone(Phase("train", DATA, replace(EARLY, lr=1e-30)), model, vectors("abc", seed=9))
    assert len(set(record.validation)) == 1 and record.epochs == 3


def test_without_patience_the_last_epoch_stays():
    model, plain = learner("abc").model, learner("abc").model
    settings = replace(EARLY, patience=None, epochs=4)
    record = alone(Phase("train", DATA, settings).edited(turning(after=6)), model, vectors("abc", seed=9))
    alone(Phase("train", DATA, settings).edited(turning(after=6)), plain)
    assert record.epochs == 4 and record.validation[3] > record.validation[1]
    assert bits(model.state_dict()) == bits(plain.state_dict()), "looking at held-back data changes nothing"


def test_the_held_back_loss_is_the_mean_over_examples():
    model, held = learner("abc").model, vectors("abc", n=300)
    by_hand = F.cross_entropy(model(held.inputs), held.targets).item()
    assert held_back_loss(model, held) == pytest.approx(by_hand, rel=1e-6)  # 900 examples go through in two parts


# What runs inside


def test_dropout_draws_from_the_update_s_own_stream():
    def trained(seed: int) -> dict:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            before = torch.get_rng_state()
            model = learner("abc", dropout=0.5).model
            alone(Phase("train", DATA, PLAIN), model)
            assert torch.equal(torch.get_rng_state(), before)
        return bits(model.state_dict())

    still = learner("abc").model
    alone(Phase("train", DATA, PLAIN), still)
    assert trained(0) == trained(1)
    assert list(trained(0).values()) != list(bits(still.state_dict()).values()), "something was dropped"


def test_bfloat16_runs_in_bfloat16_learns_and_leaves_float32():
    kinds = set()
    data = vectors("abc", n=30)
    phase = Phase("train", data, replace(PLAIN, epochs=10, precision="bfloat16"))
    model = fresh("mlp", (2,), seed=0, width=16)
    model.grow("abc", seed=0)
    record = alone(phase.edited(lambda step: kinds.add((step.features.dtype, step.logits.dtype))), model)
    assert kinds == {(torch.bfloat16, torch.bfloat16)}
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    assert float((model(data.inputs).argmax(1) == data.targets).float().mean()) > 0.95
    assert record.curve["cross_entropy"][-1] < record.curve["cross_entropy"][0] / 2


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiled_features_train_the_same_to_rounding():
    compiled, plain = learner("abc").model, learner("abc").model
    alone(Phase("train", DATA, replace(PLAIN, compile=True)), compiled)
    alone(Phase("train", DATA, PLAIN), plain)
    torch.testing.assert_close(dict(compiled.state_dict()), dict(plain.state_dict()), rtol=1e-4, atol=1e-5)


@pytest.mark.gpu
def test_a_gpu_trains_the_same_to_rounding():
    for settings in (PLAIN, replace(PLAIN, optimiser="adamw", lr=1e-3)):
        here, _ = update(learner("ab"), DATA, settings)
        there, _ = update(learner("ab"), DATA, replace(settings, device="cuda"))
        states = here.model.state_dict(), there.model.state_dict()
        torch.testing.assert_close(*map(dict, states), rtol=1e-3, atol=1e-4)
