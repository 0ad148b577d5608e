"""Progressive learning: new layers at the end, and a source that stays to the bit."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds, mlp
from tests.conformance.specimens import reloaded
from tests.methods.growing import WORLDS, assert_steps_are_those_written_out, assert_the_source_stays
from tests.methods.walks import FIRST, SECOND, SEED, SETTINGS, begun
from tests.reference.progressive import said

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.batch_ensemble import BatchEnsemble
from onward.methods.expanse import Expanse
from onward.methods.progressive import Progressive
from onward.methods.vanilla_ensemble import VanillaEnsemble
from onward.methods.warm_start import WarmStart
from onward.nets.deepened import Deepened


@pytest.mark.parametrize("world", WORLDS)
def test_the_source_says_bit_for_bit_what_the_parent_said(world):
    assert_the_source_stays(WORLDS[world], Progressive(layers=2))


def test_fifty_steps_are_those_of_the_layers_written_out():
    assert_steps_are_those_written_out(begun(Progressive(layers=2, width=5)), NEW, said)


NEW = [
    *(f"backbone.added.{layer}.{part}" for layer in (0, 2) for part in ("weight", "bias")),
    *(f"head.blocks.1.{part}" for part in ("weight", "bias")),
]


@pytest.mark.parametrize("second", [SECOND, clouds("abc", 2)], ids=["new classes", "the same classes"])
def test_before_the_first_step_everything_is_said_as_without_the_new_layers(second):
    parent, dry = begun(Progressive()), replace(SETTINGS, steps=0)
    deep, _ = update(parent, second, dry, SEED)
    plain, _ = update(parent, second, dry, SEED, method=WarmStart())
    torch.testing.assert_close(deep.predict(FIRST.inputs).logits, plain.predict(FIRST.inputs).logits)


def test_each_update_puts_as_many_units_on_all_that_there_is():
    """Of 8 features a ratio of 1/3 is 3, and not 4 of the 11 that there are then."""
    learner = begun(Progressive(ratio=1 / 3))
    for number, names in enumerate(("de", "f"), 1):
        learner, _ = update(learner, clouds(names, 2), replace(SETTINGS, epochs=1), SEED)
        assert learner.model.backbone.added[0].weight.shape == (3, 8 + 3 * (number - 1))
        assert learner.model.head.reads == (8, 11, 14)[: number + 1]


def test_without_new_layers_it_is_the_frozen_network_under_new_rows():
    parent = begun(Progressive(layers=0))
    child, record = update(parent, SECOND, SETTINGS, SEED)
    assert not isinstance(child.model.backbone, Deepened)
    assert torch.equal(child.model(FIRST.inputs)[:, :3], parent.model(FIRST.inputs))
    assert record.phases[0].trained == 2 * 9


def test_a_version_of_it_is_saved_and_loaded_and_goes_on_as_it_would_have(tmp_path):
    child, _ = update(begun(Progressive(layers=2)), SECOND, SETTINGS, SEED)
    loaded, third = reloaded(child, tmp_path), clouds("af", 3)
    assert torch.equal(loaded.predict(FIRST.inputs).logits, child.predict(FIRST.inputs).logits)
    on, same = (update(each, third, SETTINGS, SEED)[0] for each in (loaded, child))
    assert torch.equal(on.predict(FIRST.inputs).logits, same.predict(FIRST.inputs).logits)


def test_it_goes_on_where_expanse_was_and_expanse_not_where_it_was():
    parent, short = begun(Expanse()), replace(SETTINGS, epochs=1)
    wide, _ = update(parent, SECOND, short, SEED)
    deep, _ = update(wide, clouds("f", 3), short, SEED, method=Progressive())
    assert torch.equal(deep.model(FIRST.inputs)[:, :5], wide.model(FIRST.inputs))
    with pytest.raises(InputError, match=r"expanse lets one network grow, and here is a Deepened .* Leave the other"):
        update(deep, clouds("g", 3), short, SEED, method=Expanse())


def test_a_network_with_members_is_refused():
    for other in (BatchEnsemble(), VanillaEnsemble()):
        parent, _ = update(Learner(mlp(), other), FIRST, replace(SETTINGS, steps=0))
        with pytest.raises(InputError, match=r"progressive lets one network grow, .* Leave the other out"):
            update(parent, SECOND, SETTINGS, method=Progressive())


@pytest.mark.parametrize("values", [{"layers": -1}, {"ratio": 0.0}, {"width": 0}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        Progressive(**values)
