"""The stem stands still, bit for bit, its statistics too, and all above it moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS
from tests.conformance.specimens import differing
from tests.methods.walks import RATE, SECOND, SEED, SETTINGS, batches, begun, grown, seen_by
from tests.reference.freeze_stem import freeze_stem

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.freeze_stem import FreezeStem
from onward.methods.warm_start import WarmStart

IMAGES = SCENARIOS["byte images, batch norm"]


def moved(method, settings=SETTINGS):
    """The names of the backbone's tensors that an update of images moved, and of those that it did not."""
    parent, _ = update(Learner(IMAGES.net(), method), IMAGES.first, settings, SEED)
    child, _ = update(parent, IMAGES.second, settings, SEED)
    before, after = parent.model.backbone.state_dict(), child.model.backbone.state_dict()
    return [name for name in before if not torch.equal(before[name], after[name])], list(before)


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_up_to_a_named_part_everything_stands_still(optimiser):
    """Of convolution, norm, convolution, norm ... the first norm is layer 1."""
    settings = replace(SETTINGS, optimiser=optimiser, weight_decay=0.1)
    changed, every = moved(FreezeStem(upto="layers.1"), settings)
    still = [name for name in every if name.startswith(("layers.0.", "layers.1."))]
    assert len(still) > 4 and not set(still) & set(changed)
    assert set(every) - set(still) == set(changed)


def test_by_share_the_tensors_are_counted_from_the_input_on():
    """Three convolutions and norms have nine parameters: of a third the first convolution and norm stand still."""
    changed, every = moved(FreezeStem(share=1 / 3))
    still = [name for name in every if name.startswith(("layers.0.", "layers.1."))]
    assert set(every) - set(changed) == set(still)


def test_fifty_steps_are_those_of_the_reference():
    """The small network has four parameters below its head: of a half, the first layer's stand still."""
    parent = begun(WarmStart())
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=FreezeStem(share=0.5))
    model = grown(parent)
    below = len(list(model.backbone.parameters()))
    freeze_stem(model, batches(seen_by(model)), below // 2, **RATE)
    for name, parameter in child.model.named_parameters():
        torch.testing.assert_close(parameter, model.get_parameter(name), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_at_its_ends_it_is_the_warm_start_and_an_update_of_the_head_alone(share):
    parent = begun(WarmStart())
    ours, _ = update(parent, SECOND, SETTINGS, SEED, method=FreezeStem(share=share))
    theirs, _ = update(parent, SECOND, SETTINGS if share == 0 else replace(SETTINGS, trains="head"), SEED)
    assert differing(ours.model.state_dict(), theirs.model.state_dict()) == []


def test_a_part_that_is_not_there_is_refused_with_those_that_are():
    with pytest.raises(InputError, match=r"the backbone has no part 'stem' with parameters; it has: layers, layers\.0"):
        moved(FreezeStem(upto="stem"))


def test_values_out_of_range_are_refused():
    with pytest.raises(InputError, match=r"share must be in \[0, 1\], got 1.5"):
        FreezeStem(share=1.5)
