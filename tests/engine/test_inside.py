"""A phase within a subspace: where its steps look from, what holds of the midpoint, and who may take part."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from tests.engine.problems import images, learner, seeing, vectors
from torch import nn

from onward.engine.inside import rest
from onward.engine.loop import held_back_loss
from onward.engine.update import held_back, update
from onward.method import Method
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.nets.subspace import Look, Subspace, spread, weights
from onward.phase import Mix
from onward.settings import Settings
from onward.step import cross_entropy

SETTINGS = Settings(epochs=3, batch_size=8, lr=0.1)
METHOD = SubspaceEnsemble(corners=3, spread=0.2)


@dataclass(frozen=True)
class Watching(Method):
    """Moves in a subspace with a look at each part of a batch, and notes what its term saw."""

    seen: list

    def plan(self, phases, model, context):
        offsets = spread(model, 2, 0.1, lambda name: context.generator("spread", name))
        half = torch.full((2,), 0.5)

        def looks(corners, draws):
            yield Look(half / 2, half / 2, "start", "rest", 3.0)
            yield Look(half, half, None, "beside", 1.0)

        def term(step):
            self.seen.append((step.inputs, [p.detach().clone() for p in step.model.parameters()]))
            return cross_entropy(step)

        space = Subspace(offsets, looks, anchors={"start": weights(model)}, resting=True)
        for phase in phases:
            beside = (Mix(vectors("ab", seed=7), 3), Mix(vectors("ab", seed=8), 2))
            yield replace(phase, terms={"cross_entropy": term}, mixes=beside).inside(space)


def test_each_look_is_at_its_part_of_the_batch_from_its_point():
    seen, data = [], vectors("ab")
    parent = learner("ab")
    _, record = update(parent, data, replace(SETTINGS, steps=1, momentum=0.0), method=Watching(seen))
    (rest_of, first), (beside, second) = seen
    assert [len(rest_of), len(beside)] == [8 + 2, 3]
    beside_them, others = vectors("ab", seed=7).inputs, vectors("ab", seed=8).inputs
    assert all(bool((beside_them == row).all(1).any()) for row in beside)
    assert sum(bool((others == row).all(1).any()) for row in rest_of) == 2
    for start, one, other in zip(parent.model.parameters(), first, second, strict=True):
        torch.testing.assert_close(one, start.detach())  # half of the midpoint and half of the anchor, which it is
        torch.testing.assert_close(other, start.detach())
    assert record.phases[0].samples == 13


def test_the_value_of_a_term_is_the_weighted_sum_over_the_looks():
    seen, parent = [], learner("ab")
    _, record = update(parent, vectors("ab"), replace(SETTINGS, steps=1, read_every=1), method=Watching(seen))
    losses = []
    for inputs, _ in seen:
        every = torch.cat([vectors("ab").inputs, vectors("ab", seed=7).inputs, vectors("ab", seed=8).inputs])
        targets = vectors("ab").targets.repeat(3)
        rows = [int((every == row).all(1).nonzero()[0, 0]) for row in inputs]
        losses.append(nn.functional.cross_entropy(parent.model(inputs), targets[rows]))
    assert record.phases[0].curve["cross_entropy"][0] == pytest.approx(
        3 * losses[0].item() + losses[1].item(), rel=1e-4
    )


def test_dropout_rests_and_batch_norm_goes_by_the_batch_unless_it_stood_still():
    net = nn.Sequential(nn.Dropout(), nn.BatchNorm1d(2), nn.Sequential(nn.BatchNorm1d(2)))
    net.train()[2].eval()
    rest(net, but_norms=True)
    assert [module.training for module in net] == [False, True, False]
    rest(net, but_norms=False)
    assert not any(module.training for module in net)


def test_the_held_back_loss_is_that_of_the_midpoint_and_patience_goes_back_to_it_with_its_corners():
    data = vectors("ab", n=40)
    settings = replace(SETTINGS, epochs=12, lr=2.0, validation=0.25, patience=2)
    child, record = update(learner("ab"), data, settings, method=METHOD)
    losses = record.phases[0].validation
    best = losses.index(min(losses))
    assert best < len(losses) - 1  # it did go back
    _, validation = held_back(data, 0.25, 0)
    assert held_back_loss(child.model, validation) == pytest.approx(min(losses), rel=1e-5)
    stopped, _ = update(learner("ab"), data, replace(settings, epochs=best + 1, patience=None), method=METHOD)
    for name, offset in stopped.kept.items():
        torch.testing.assert_close(child.kept[name], offset, rtol=1e-4, atol=1e-6)


def test_batch_norm_s_statistics_are_those_of_the_midpoint_on_the_data():
    data = images("ab")
    child, _ = update(seeing("ab"), data, SETTINGS, method=METHOD)
    conv, norm = (next(m for m in child.model.modules() if isinstance(m, kind)) for kind in (nn.Conv2d, nn.BatchNorm2d))
    maps = conv(data.inputs.float() / 255)
    torch.testing.assert_close(norm.running_mean, maps.mean((0, 2, 3)).detach(), rtol=1e-3, atol=1e-5)


def test_a_clipped_step_moves_the_midpoint_by_rate_times_clip_over_the_corners_at_most():
    """Shares add up to 1, so the mean of n corners moves by η |g| / n: with |g| cut to 0.01 that is η 0.01 / 3."""
    settings = replace(SETTINGS, steps=1, momentum=0.0, clip=0.01)
    parent = learner("ab")
    child, _ = update(parent, vectors("ab"), settings, method=replace(METHOD, times_corners=False))
    pairs = zip(child.model.parameters(), parent.model.parameters(), strict=True)
    moved = sum(float((one - other).detach().square().sum()) for one, other in pairs) ** 0.5
    assert moved == pytest.approx(0.1 * 0.01 / 3, rel=1e-3)


def test_what_a_phase_does_not_train_has_corners_in_one_place():
    parent = learner("ab", METHOD)
    frozen, _ = update(parent, vectors("ab"), replace(SETTINGS, trains="head"))
    assert frozen.kept["subspace_ensemble/corners/head.blocks.0.weight"].shape == (3, 2, 8)
    for name, parameter in frozen.model.named_parameters():
        assert torch.equal(parameter, parent.model.get_parameter(name)) == (not name.startswith("head."))


def test_the_rate_follows_its_schedule():
    """With warm-up over all of the phase's one step the rate is η / 2, and the midpoint moves half as far."""
    parent, data = learner("ab"), vectors("ab", n=4)
    ends = [
        update(parent, data, replace(SETTINGS, steps=1, momentum=0.0, warmup=warmup), method=METHOD)[0].model
        for warmup in (0.0, 0.99)
    ]
    moves = [next(end.parameters()) - next(parent.model.parameters()) for end in ends]
    torch.testing.assert_close(moves[1] * (0.99 * 1 + 1), moves[0], rtol=1e-3, atol=1e-6)


def test_in_a_subspace_followers_see_the_midpoint():
    """The last place that is shown is the model that is left; the first is the model as it was."""
    places = []

    @dataclass(frozen=True)
    class Following(Method):
        def plan(self, phases, model, context):
            for phase in phases:
                yield phase.followed(lambda seen: places.append([p.detach().clone() for p in seen.parameters()]))

    parent = learner("ab")
    child, record = update(parent, vectors("ab"), SETTINGS, method=METHOD | Following())
    assert len(places) == record.cost.steps + 1
    for place, model in ((places[0], parent.model), (places[-1], child.model)):
        for one, other in zip(place, model.parameters(), strict=True):
            assert torch.equal(one, other.detach())
