"""How long one version takes to predict beside another."""

from __future__ import annotations

import pytest
import torch

from onward.engine import latency
from onward.engine.latency import latency_ratio
from onward.learner import Learner
from onward.nets.zoo import fresh
from onward.rng import generator

INPUTS = torch.randn(64, 32, generator=generator(0, "inputs"))


def perceptron(width: int, depth: int) -> Learner:
    model = fresh("mlp", (32,), 0, width=width, depth=depth)
    model.grow("ab", 0)
    return Learner(model.eval())


def test_a_network_of_many_times_the_work_takes_longer_and_the_other_way_round():
    small, large = perceptron(8, 1), perceptron(512, 8)  # 4 million multiplications an example, beside some hundred
    assert latency_ratio(large, small, INPUTS, rounds=5) > 2
    assert latency_ratio(small, large, INPUTS, rounds=5) < 0.5


def test_it_is_the_ratio_of_the_medians_by_turns(monkeypatch):
    asked, clock = [], [0.0]
    takes = {"child": iter((9.0, 3.0, 3.0, 99.0)), "parent": iter((9.0, 2.0, 2.0, 1.0))}

    class Slow:
        def __init__(self, name: str) -> None:
            self.name = name

        def predict(self, _: torch.Tensor) -> None:
            asked.append(self.name)
            clock[0] += next(takes[self.name])

    monkeypatch.setattr(latency.time, "perf_counter", lambda: clock[0])
    # The first of each is not counted; medians 3 and 2, whatever the one slow moment was.
    assert latency_ratio(Slow("child"), Slow("parent"), INPUTS, rounds=3) == pytest.approx(1.5)
    assert asked[2:] == ["parent", "child", "child", "parent", "parent", "child"]
