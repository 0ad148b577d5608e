"""Earlier layers learn at lower rates: each parameter's first step is its gradient's at its pace."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.methods.walks import RATE, SECOND, SEED, SETTINGS, assert_same_parameters, batches, begun, grown, seen_by
from tests.reference.layer_decay import layer_decay

from onward.engine.update import update
from onward.errors import InputError
from onward.methods.ckca import CKCA
from onward.methods.layer_decay import LayerDecay
from onward.methods.warm_start import WarmStart

ONE = replace(SETTINGS, epochs=1, steps=1)


def moves(method, settings):
    parent = begun(WarmStart())
    child, _ = update(parent, SECOND, settings, SEED, method=method)
    start = grown(parent)
    return {name: parameter - start.get_parameter(name) for name, parameter in child.model.named_parameters()}


@pytest.mark.parametrize("schedule", ["constant", "one_cycle"])
def test_the_first_step_of_each_parameter_is_the_plain_one_times_its_pace(schedule):
    """The network has four parameters below its head; from the head they are the first to the fourth."""
    settings = replace(ONE, schedule=schedule)
    slowed, plain = moves(LayerDecay(decay=0.5), settings), moves(WarmStart(), settings)
    backbone = [name for name in plain if name.startswith("backbone.")]
    assert len(backbone) >= 2
    paces = {name: 0.5 ** (len(backbone) - k) for k, name in enumerate(backbone)}
    for name, move in plain.items():
        torch.testing.assert_close(slowed[name], paces.get(name, 1.0) * move, rtol=1e-3, atol=1e-6)
        assert move.abs().max() > 0


def test_fifty_steps_are_those_of_the_reference():
    parent = begun(WarmStart())
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=LayerDecay(decay=0.6))
    model = grown(parent)
    layer_decay(model, batches(seen_by(model)), 0.6, **RATE)
    assert_same_parameters(child.model, model, grown(parent))


def test_adamw_and_weight_decay_go_at_the_same_pace():
    """AdamW's first step is the rate, whatever the gradient; its decay is the rate times the weight."""
    settings = replace(ONE, optimiser="adamw", lr=1e-3, weight_decay=0.1)
    slowed, plain = moves(LayerDecay(decay=0.5), settings), moves(WarmStart(), settings)
    last = next(name for name in reversed(plain) if name.startswith("backbone."))
    torch.testing.assert_close(slowed[last], plain[last] / 2, rtol=1e-3, atol=1e-7)


def test_a_rate_that_a_method_tuned_is_slowed_as_well():
    rated = CKCA(answers=0.0, slowing=0.0, rate=0.5)
    both, alone = moves(rated | LayerDecay(decay=0.5), ONE), moves(LayerDecay(decay=0.5), ONE)
    for name, move in alone.items():
        torch.testing.assert_close(both[name], move / 2, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("decay", [0.0, 1.5, -1.0])
def test_values_out_of_range_are_refused(decay):
    with pytest.raises(InputError, match=r"decay must be in \(0, 1\], got"):
        LayerDecay(decay=decay)
