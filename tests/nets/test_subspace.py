"""Points of a simplex are drawn evenly, and corners lie around a network by name."""

from __future__ import annotations

import pytest
import torch
from tests.conformance.scenarios import mlp
from tests.methods.walks import HalfTrained

from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.subspace import anywhere, around, put_between, simplex, spread, weights
from onward.rng import generator


def draw(name):
    return generator(0, "corners", name)


def grown(names="abc"):
    model = mlp()
    model.grow(names, seed=0)
    return model


def test_points_of_the_simplex_are_even():
    """Of Dirichlet(1, 1, 1) each share has mean 1/3, variance 2/36, and is below x with 1 - (1 - x)²."""
    draws = generator(0, "simplex")
    shares = torch.stack([simplex(3, draws) for _ in range(4000)])
    torch.testing.assert_close(shares.sum(1), torch.ones(4000, dtype=torch.float64))
    assert shares.mean(0).tolist() == pytest.approx([1 / 3] * 3, abs=4 * (2 / 36 / 4000) ** 0.5)
    assert shares.var(0).tolist() == pytest.approx([2 / 36] * 3, rel=0.1)
    assert float((shares < 0.2).double().mean()) == pytest.approx(1 - 0.8**2, abs=0.02)


def test_a_look_from_anywhere_moves_each_corner_by_its_share():
    (look,) = anywhere(3, generator(0, "look"))
    assert look.slopes is look.shares and look.anchor is None and look.part == "all" and look.weight == 1


def test_the_spread_of_a_class_hangs_on_its_name_and_not_on_its_row():
    one, other = (spread(grown(names), 3, 0.5, draw)["head.blocks.0.weight"] for names in ("abc", "cab"))
    torch.testing.assert_close(one[:, [2, 0, 1]], other)


def test_corners_lie_as_far_apart_as_asked_around_the_network_where_it_is():
    model = grown()
    wide, narrow = (spread(model, 4, width, draw) for width in (0.2, 0.1))
    for name, parameter in model.named_parameters():
        assert wide[name].shape == (4, *parameter.shape)
        torch.testing.assert_close(wide[name], 2 * narrow[name])
        torch.testing.assert_close(wide[name].sum(0), torch.zeros_like(parameter), rtol=0, atol=1e-6)
    assert not wide["head.blocks.0.bias"].any()  # noise times nothing


def test_what_an_update_does_not_train_has_no_corners():
    model = Classifier(HalfTrained((4,), width=8, depth=1), Head(8, [3]), "abc")
    assert spread(model, 2, 0.1, draw).keys() == {
        "backbone.layers.1.bias",
        "head.blocks.0.weight",
        "head.blocks.0.bias",
    }


def test_kept_corners_come_back_and_rows_of_new_classes_are_spread():
    model = grown()
    kept = {name: each + 1 for name, each in spread(model, 3, 0.1, draw).items()}
    model.grow("d", seed=0)
    offsets = around(model, kept, 3, 0.1, draw)
    assert torch.equal(offsets["head.blocks.0.weight"], kept["head.blocks.0.weight"])
    assert torch.equal(offsets["head.blocks.1.weight"], spread(model, 3, 0.1, draw)["head.blocks.1.weight"])
    assert around(model, kept, 2, 0.1, draw)["head.blocks.0.weight"].shape == (2, 3, 8)


def test_a_network_is_put_between_two_points_exactly_at_the_ends():
    model = grown()
    one, other = weights(model), {name: each * 3 for name, each in weights(model).items()}
    for share, factor in ((1.0, 1.0), (0.0, 3.0), (0.25, 2.5)):
        put_between(model, one, other, share)
        for name, parameter in model.named_parameters():
            torch.testing.assert_close(parameter.detach(), factor * one[name], rtol=1e-6, atol=0)
