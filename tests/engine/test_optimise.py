"""Learning rates follow the published curves; what is not trained is held still."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.problems import torch_rates
from torch import nn
from torch.optim import SGD, AdamW

from onward.engine.optimise import all_finite, annealed, optimiser, rate, training
from onward.errors import InputError
from onward.settings import Settings


@pytest.mark.parametrize("total", [1, 2, 3, 4, 7, 10, 100, 333])
def test_one_cycle_is_torch_s(total):
    ours = [rate(Settings(lr=0.3, schedule="one_cycle"), step, total) for step in range(total)]
    assert ours == pytest.approx(torch_rates("one_cycle", 0.3, total))


@pytest.mark.parametrize("total", [1, 2, 7, 100])
def test_cosine_is_torch_s(total):
    ours = [rate(Settings(lr=0.3, schedule="cosine"), step, total) for step in range(total)]
    assert ours == pytest.approx(torch_rates("cosine", 0.3, total))


def test_warm_up_rises_linearly_and_then_the_schedule_begins():
    warm = [rate(Settings(lr=1.1, warmup=0.1), step, 100) for step in range(100)]
    assert warm[:11] == pytest.approx([0.1 * (step + 1) for step in range(11)]) and set(warm[10:]) == {1.1}
    falling = [rate(Settings(lr=1.1, warmup=0.1, schedule="cosine"), step, 100) for step in range(100)]
    assert falling[:11] == pytest.approx(warm[:11])
    # 90 steps of a half cosine: after 45 of them the rate is half.
    assert falling[55] == pytest.approx(0.55)
    assert falling[99] == pytest.approx(1.1 * (1 + math.cos(math.pi * 89 / 90)) / 2)


@given(
    st.sampled_from(["constant", "cosine", "one_cycle"]), st.floats(0, 0.99), st.integers(1, 300), st.floats(1e-6, 10)
)
def test_a_rate_is_positive_and_at_most_the_peak(schedule, warmup, total, lr):
    settings = Settings(lr=lr, schedule=schedule, warmup=0 if schedule == "one_cycle" else warmup)
    assert all(0 < rate(settings, step, total) <= lr * (1 + 1e-9) for step in range(total))


def test_half_a_cosine_begins_and_ends_where_it_should():
    assert annealed(3, 1, 0) == 3 and annealed(3, 1, 1) == 1 and annealed(3, 1, 0.5) == pytest.approx(2)


def test_the_optimiser_has_the_settings():
    parameters = [nn.Parameter(torch.zeros(2))]
    sgd = optimiser(parameters, Settings(lr=0.3, momentum=0.5, nesterov=True, weight_decay=0.01))
    wanted = {"lr": 0.3, "momentum": 0.5, "nesterov": True, "weight_decay": 0.01, "fused": True}
    assert isinstance(sgd, SGD) and wanted.items() <= sgd.defaults.items()
    adamw = optimiser(parameters, Settings(optimiser="adamw", lr=0.3, weight_decay=0.01))
    assert isinstance(adamw, AdamW) and {"lr": 0.3, "weight_decay": 0.01}.items() <= adamw.defaults.items()


class Parts(nn.Module):
    """Normalisation with and without numbers of its own, inside a part that can be frozen as a whole."""

    def __init__(self):
        super().__init__()
        self.frozen = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.BatchNorm1d(2, affine=False), nn.Dropout())
        self.moving = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2, affine=False))
        self.loose = nn.Dropout()

    def forward(self, inputs):
        return self.moving(self.frozen(inputs))


def test_a_parameter_may_have_its_first_gradient_later_than_others():
    """As in a network of which a step uses a part alone: it stands still until then, and then moves as if it began."""
    early, late = (nn.Parameter(torch.ones(3)) for _ in range(2))
    made = optimiser([late, early], Settings(lr=0.1, momentum=0.5))
    early.grad = torch.ones(3)
    made.step()
    assert torch.equal(late, torch.ones(3))
    late.grad = torch.ones(3)
    made.step()
    torch.testing.assert_close(late.detach(), torch.full((3,), 0.9))  # v = 1
    torch.testing.assert_close(early.detach(), torch.full((3,), 1 - 0.1 - 0.15))  # v = 1, then 1.5


def test_a_part_of_which_nothing_moves_is_at_rest_with_all_it_holds():
    parts = Parts()
    with training(parts, lambda name: name.startswith("moving")) as chosen:
        assert [parameter is own for parameter, own in zip(chosen, parts.moving[0].parameters(), strict=True)]
        assert not any(module.training for module in parts.frozen.modules())
        assert all(module.training for module in (parts, parts.loose, *parts.moving.modules()))
        assert [p.requires_grad for p in parts.parameters()] == [False] * 4 + [True] * 2


def test_after_training_everything_rests_and_is_as_free_as_it_was():
    parts = Parts().train()
    parts.frozen[0].bias.requires_grad_(False)
    before = [parameter.requires_grad for parameter in parts.parameters()]
    with pytest.raises(KeyError), training(parts, lambda name: True):
        parts(torch.ones(4, 2)).sum().backward()
        raise KeyError
    assert [parameter.requires_grad for parameter in parts.parameters()] == before
    assert all(parameter.grad is None for parameter in parts.parameters())
    assert not any(module.training for module in parts.modules())


def test_training_nothing_is_refused():
    with pytest.raises(InputError, match="trains no parameter"), training(Parts(), lambda name: False):
        pass


def test_one_number_that_is_not_finite_is_seen():
    fine = nn.Parameter(torch.zeros(3))
    assert all_finite([fine, fine])
    for wrong in (torch.inf, torch.nan):
        assert not all_finite([fine, nn.Parameter(torch.tensor([0.0, wrong]))])


@pytest.mark.parametrize("settings", [Settings(momentum=0.9), Settings(optimiser="adamw")], ids=["sgd", "adamw"])
def test_parameters_that_are_views_with_gaps_move_as_others_do(settings):
    whole = torch.arange(12, dtype=torch.float32).view(3, 4)
    view, own = nn.Parameter(whole[:, :2]), nn.Parameter(whole[:, :2].clone())
    assert not view.is_contiguous()
    for parameter in (view, own):
        made = optimiser([parameter], settings)
        for step in range(3):
            parameter.grad = torch.arange(6, dtype=torch.float32).view(3, 2) - step
            made.step()
    torch.testing.assert_close(view.detach(), own.detach())
    assert torch.equal(whole[:, 2:], torch.tensor([[2.0, 3], [6, 7], [10, 11]]))
