"""Gradients of single examples, through networks that want their images in an order of their own."""

from __future__ import annotations

import pytest
import torch
from torch.func import functional_call

from onward.engine.update import update
from onward.formulas.fisher import diagonal_fisher
from onward.formulas.sensitivity import mean_absolute_slope
from onward.learner import Learner
from onward.method import Method
from onward.methods.ewc import EWC
from onward.methods.expanse import Expanse
from onward.methods.mas import MAS
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.nets.zoo import fresh
from onward.rng import generator
from onward.settings import Settings
from onward.types import Examples

IMAGES = torch.randint(0, 256, (12, 3, 8, 8), generator=generator(0), dtype=torch.uint8)
OURS = [("cnn", {"width": 2}), ("resnet18", {"width": 2}), ("ic_resnet", {"width": 2, "dropout": 0.1})]


def colours(names: str) -> Examples:
    return Examples(IMAGES, torch.arange(len(IMAGES)) % len(names), tuple(names))


def network(name: str, arguments: dict) -> Classifier:
    model = fresh(name, (3, 8, 8), 0, **arguments)
    model.grow("ab", seed=0)
    return model.eval()


@pytest.mark.parametrize("formula", [diagonal_fisher, mean_absolute_slope])
@pytest.mark.parametrize(("name", "arguments"), OURS)
def test_of_colour_images_all_at_once_they_are_what_one_at_a_time_gives(formula, name, arguments):
    model = network(name, arguments)
    weights = dict(model.named_parameters())

    def logits(theta, inputs):
        return functional_call(model, theta, (inputs,))

    at_once = formula(logits, weights, [IMAGES.float()])
    alone = [formula(logits, weights, [image[None].float()]) for image in IMAGES]
    mean = {key: torch.stack([each[key] for each in alone]).mean(dim=0) for key in weights}
    torch.testing.assert_close(at_once, mean, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("before", [WarmStart(), Expanse(size=0)])
@pytest.mark.parametrize("method", [EWC(), MAS()])
def test_methods_that_ask_for_them_take_colour_images_through_grown_networks_too(method: Method, before: Method):
    learner, settings = Learner(fresh("cnn", (3, 8, 8), 0, width=4)), Settings(epochs=1, batch_size=6)
    for each, names in ((before, "ab"), (before, "abc"), (method, "abc"), (method, "abcd")):
        learner, _ = update(learner, colours(names), settings, method=each)
    assert learner.kept and all(bool(tensor.isfinite().all()) for tensor in learner.kept.values())
