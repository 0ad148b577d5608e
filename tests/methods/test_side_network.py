"""A small network beside a frozen one, of its inputs or up a ladder, and a source that stays to the bit."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch
from tests.conformance.scenarios import clouds, mlp
from tests.conformance.specimens import reloaded
from tests.methods.growing import (
    MORE,
    PICTURES,
    WORLDS,
    assert_steps_are_those_written_out,
    assert_the_source_stays,
    resnet,
)
from tests.methods.walks import FIRST, SECOND, SEED, SETTINGS, begun
from tests.reference import side_network as reference
from torch import nn

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.batch_ensemble import BatchEnsemble
from onward.methods.side_network import SideNetwork
from onward.methods.vanilla_ensemble import VanillaEnsemble
from onward.methods.warm_start import WarmStart
from onward.nets.adopt import adopted
from onward.nets.zoo import fresh
from onward.types import Examples

DRY = replace(SETTINGS, steps=0)
each_form = pytest.mark.parametrize("form", ["ladder", "inputs"])


@each_form
@pytest.mark.parametrize("world", WORLDS)
def test_the_source_says_bit_for_bit_what_the_parent_said(world, form):
    assert_the_source_stays(WORLDS[world], SideNetwork(form=form))


ROWS = [f"head.blocks.1.{part}" for part in ("weight", "bias")]
RUNG = ["down.weight", "down.bias", "layer.weight", "layer.bias"]
NEW = {
    "inputs": [f"layers.{layer}.{part}" for layer in (1, 3) for part in ("weight", "bias")],
    "ladder": [*(f"0.{each}" for each in RUNG), "1.gate", *(f"1.{each}" for each in RUNG)],
}
WRITTEN_OUT = {"inputs": reference.side_of_inputs, "ladder": reference.ladder}


@each_form
def test_fifty_steps_are_those_of_the_network_written_out(form):
    names = [f"backbone.added.{name}" for name in NEW[form]] + ROWS
    said = partial(reference.said, WRITTEN_OUT[form])
    assert_steps_are_those_written_out(begun(SideNetwork(form=form, width=6)), names, said)


@each_form
@pytest.mark.parametrize("second", [SECOND, clouds("abc", 2)], ids=["new classes", "the same classes"])
def test_before_the_first_step_everything_is_said_as_without_it(second, form):
    parent = begun(SideNetwork(form=form))
    both, _ = update(parent, second, DRY, SEED)
    plain, _ = update(parent, second, DRY, SEED, method=WarmStart())
    torch.testing.assert_close(both.predict(FIRST.inputs).logits, plain.predict(FIRST.inputs).logits)


def test_a_ladder_listens_to_layers_evenly_spaced_in_a_residual_network():
    """A ResNet-18 has 17 convolutions and 3 in shortcuts: of 20 the 5th, 10th, 15th and last."""
    parent, _ = update(Learner(resnet(), SideNetwork()), PICTURES, DRY)
    child, _ = update(parent, MORE, DRY)
    layers = [name for name, layer in parent.model.backbone.named_modules() if isinstance(layer, nn.Conv2d)]
    assert len(layers) == 20
    assert [place for place, _ in child.model.backbone.taps] == [layers[k] for k in (4, 9, 14, 19)]
    assert child.model.backbone.features == 16 + 8


@each_form
def test_each_update_brings_a_side_network_of_its_own(form):
    learner, widths = begun(SideNetwork(form=form, ratio=0.3)), [8, 11, 14]
    for count, names in enumerate(("de", "f"), 2):
        learner, _ = update(learner, clouds(names, 2), replace(SETTINGS, epochs=1), SEED)
        assert learner.model.head.reads == tuple(widths[:count])


@each_form
def test_a_version_of_it_is_saved_and_loaded_and_goes_on_as_it_would_have(form, tmp_path):
    """More layers are heard than letters come in order of their names: 'layers.11' is before 'layers.3' there."""
    method = SideNetwork(form=form, rungs=6)
    parent, _ = update(Learner(fresh("mlp", (4,), 0, width=8, depth=6), method), FIRST, DRY)
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    loaded, third = reloaded(child, tmp_path), clouds("af", 3)
    assert torch.equal(loaded.predict(FIRST.inputs).logits, child.predict(FIRST.inputs).logits)
    on, same = (update(each, third, DRY, SEED)[0] for each in (loaded, child))
    assert torch.equal(on.predict(FIRST.inputs).logits, same.predict(FIRST.inputs).logits)


class Reader(nn.Module):
    """A network of another's, of words: attention over an embedding, and a head."""

    def __init__(self):
        super().__init__()
        self.table, self.block = nn.Embedding(11, 8), nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, words):
        return self.head(self.block(self.table(words)).mean(1))


def test_a_ladder_serves_a_network_of_words_and_a_network_of_its_inputs_is_refused():
    words = torch.randint(11, (12, 5), generator=torch.Generator().manual_seed(0))
    parent = Learner(adopted(Reader(), ("a", "b", "c")), SideNetwork())
    new = Examples(words, torch.arange(12) % 2, ("d", "a"))
    child, _ = update(parent, new, replace(SETTINGS, epochs=1), SEED)
    old, joint = parent.model(words), child.model(words)
    assert torch.equal(joint[:, 1:3], old[:, 1:])
    assert not torch.equal(joint[:, 0], old[:, 0])
    assert [place for place, _ in child.model.backbone.taps] != []
    with pytest.raises(InputError, match=r"wants numbers or images, and these are torch.int64.* set form to ladder"):
        update(parent, new, SETTINGS, method=SideNetwork(form="inputs"))


def test_a_network_with_members_is_refused():
    for other in (BatchEnsemble(), VanillaEnsemble()):
        parent, _ = update(Learner(mlp(), other), FIRST, DRY)
        with pytest.raises(InputError, match=r"side_network lets one network grow, .* Leave the other out"):
            update(parent, SECOND, SETTINGS, method=SideNetwork())


@pytest.mark.parametrize("values", [{"form": "x"}, {"ratio": 0.0}, {"width": 0}, {"rungs": -1}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        SideNetwork(**values)
