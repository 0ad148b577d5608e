"""Net2Net: a network that grows by copies of its own units, and says at first what it said."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds, mlp
from tests.conformance.specimens import reloaded
from tests.methods.growing import SGD, WORLDS, assert_steps_are_those_written_out
from tests.methods.walks import FIRST, SECOND, SEED, SETTINGS, begun
from tests.reference.net2net import deeper, said, widened

from onward.catalogue import parsed, written
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.batch_ensemble import BatchEnsemble
from onward.methods.expanse import Expanse
from onward.methods.feature_distillation import FeatureDistillation
from onward.methods.l2_to_parent import L2ToParent
from onward.methods.net2net import Net2Net
from onward.methods.progressive import Progressive
from onward.methods.scratch import Scratch
from onward.methods.vanilla_ensemble import VanillaEnsemble
from onward.methods.warm_start import WarmStart
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.enlarged import Enlarged
from onward.nets.head import Head
from onward.nets.zoo import fresh
from onward.rng import isolated

DRY = replace(SETTINGS, steps=0)
LAYERS = ("backbone.network.layers.1", "backbone.network.layers.3", "backbone.top.0", "head.blocks.0", "head.blocks.1")
ALL = [f"{layer}.{part}" for layer in LAYERS for part in ("weight", "bias")]


@pytest.fixture(scope="module")
def deep():
    """A parent of two hidden layers."""
    return update(Learner(fresh("mlp", (4,), seed=0, width=8, depth=2), WarmStart()), FIRST, SETTINGS, seed=3)[0]


def test_fifty_steps_are_those_written_out(deep):
    assert_steps_are_those_written_out(Learner(deep.model, Net2Net(layers=1)), ALL, said)


def test_before_the_first_step_its_weights_are_those_written_out(deep):
    start, _ = update(deep, SECOND, DRY, SEED, method=Net2Net(layers=1, noise=0.0))
    plain, _ = update(deep, SECOND, DRY, SEED)
    ours, old = start.model.state_dict(), plain.model.state_dict()
    g = {
        k: [old[f"backbone.layers.{k}.bias"].tolist().index(b) for b in ours[f"backbone.network.layers.{k}.bias"]]
        for k in (1, 3)
    }
    assert [len(g[1]), g[1][:8], len(g[3]), g[3][:8]] == [12, [*range(8)], 12, [*range(8)]]
    wanted = {
        "backbone.network.layers.1": widened(*layer(old, "backbone.layers.1"), g[1], [*range(4)]),
        "backbone.network.layers.3": widened(*layer(old, "backbone.layers.3"), g[3], g[1]),
        "backbone.top.0": deeper(12),
        "head.blocks.0": widened(*layer(old, "head.blocks.0"), [*range(3)], g[3]),
        "head.blocks.1": widened(*layer(old, "head.blocks.1"), [*range(2)], g[3]),
    }
    assert ours.keys() == set(ALL)
    for name, (weight, bias) in wanted.items():
        torch.testing.assert_close(ours[f"{name}.weight"], weight)
        torch.testing.assert_close(ours[f"{name}.bias"], bias)


def layer(parameters, name):
    """The weight and the bias of a layer."""
    return parameters[f"{name}.weight"], parameters[f"{name}.bias"]


@pytest.mark.parametrize("world", WORLDS)
def test_before_the_first_step_everything_is_said_as_without_it_update_after_update(world):
    here = WORLDS[world]
    learner, _ = update(Learner(here.net(), Net2Net(layers=1, noise=0.0)), here.first, here.settings, seed=3)
    for number, data in enumerate((here.second, here.first)):
        dry = replace(here.settings, steps=0)
        grown, _ = update(learner, data, dry, SEED)
        plain, _ = update(learner, data, dry, SEED, method=WarmStart())
        assert grown.model.backbone.features > plain.model.backbone.features
        both = [each.predict(here.first.inputs).logits for each in (grown, plain)]
        torch.testing.assert_close(*both, rtol=1e-4, atol=1e-4)
        assert isinstance(grown.model.backbone, Enlarged)
        assert grown.model.backbone.spec()["inner"] == here.net().backbone.spec()
        assert grown.model.backbone.spec()["layers"] == number + 1
        learner, _ = update(learner, data, here.settings, SEED)


def test_the_noise_is_on_the_weights_of_copies_alone_and_as_large_as_asked(deep):
    """Of 8 units 800 copies of 8 weights: a standard deviation of 6400 numbers is within 5 % of what it is of."""
    calm, noisy = (
        update(deep, SECOND, DRY, SEED, method=Net2Net(units=800, noise=noise))[0].model.backbone.network.layers
        for noise in (0.0, 0.1)
    )
    for k in (1, 3):
        off = (noisy[k].weight - calm[k].weight).detach()
        assert not off[:8].any()
        assert torch.equal(noisy[k].bias, calm[k].bias)
        assert float(off[8:].std()) == pytest.approx(0.1 * float(calm[k].weight.detach().std(correction=0)), rel=0.05)


def test_with_noise_copies_part_and_without_they_stay_copies(deep):
    for noise, part in ((0.01, True), (0.0, False)):
        start, _ = update(deep, SECOND, DRY, SEED, method=Net2Net(noise=0.0))
        child, _ = update(deep, SECOND, SETTINGS, SEED, method=Net2Net(noise=noise))
        before, after = (each.model.backbone.network.layers[1].weight for each in (start, child))
        for row in range(8, 12):
            of = int((before[:8] == before[row]).all(1).nonzero()[0])
            assert bool((after[row] - after[of]).abs().max() > 1e-5) == part


def test_all_of_it_moves_each_new_unit_too(deep):
    child, record = update(deep, SECOND, SETTINGS, SEED, method=Net2Net(layers=1))
    start, _ = update(deep, SECOND, DRY, SEED, method=Net2Net(layers=1))
    assert record.phases[0].trained == sum(each.numel() for each in child.model.parameters())
    moved = dict(start.model.named_parameters())
    assert all(not torch.equal(each, moved[name]) for name, each in child.model.named_parameters())


def test_nothing_happens_without_a_parent_and_nothing_is_kept(deep):
    alone, _ = update(Learner(mlp(), Net2Net()), FIRST, SETTINGS, seed=3)
    assert not isinstance(alone.model.backbone, Enlarged)
    assert update(deep, SECOND, DRY, SEED, method=Net2Net())[0].kept == {}


@pytest.mark.parametrize("method", [Net2Net(ratio=0.0), Net2Net(units=0), Net2Net(units=(0, 0))])
def test_without_new_units_or_layers_it_is_the_warm_start(deep, method):
    child, _ = update(deep, SECOND, SETTINGS, SEED, method=method)
    plain, _ = update(deep, SECOND, SETTINGS, SEED)
    assert child.model.spec() == plain.model.spec()
    assert all(torch.equal(each, plain.model.state_dict()[name]) for name, each in child.model.state_dict().items())


def test_layers_alone_leave_every_logit_to_the_bit(deep):
    deepened, _ = update(deep, SECOND, DRY, SEED, method=Net2Net(ratio=0.0, layers=3))
    plain, _ = update(deep, SECOND, DRY, SEED)
    assert torch.equal(deepened.predict(FIRST.inputs).logits, plain.predict(FIRST.inputs).logits)
    assert deepened.model.backbone.spec() == {
        "net": "enlarged", "inner": plain.model.backbone.spec(), "units": {}, "layers": 3,
    }  # fmt: skip


def test_units_may_differ_by_layer_and_stand_in_a_chain(deep):
    method = Net2Net(units=(2, 0))
    assert parsed(written(method)).methods == (method,)
    child, _ = update(deep, SECOND, DRY, SEED, method=method)
    assert child.model.backbone.units == {"network.layers.1": 2}


def test_it_survives_a_file_and_goes_on_from_there(deep, tmp_path):
    learner, _ = update(Learner(deep.model, Net2Net(layers=1)), SECOND, SETTINGS, SEED)
    back = reloaded(learner, tmp_path)
    assert torch.equal(back.predict(FIRST.inputs).logits, learner.predict(FIRST.inputs).logits)
    one, other = (update(each, FIRST, SETTINGS, SEED)[0].model.state_dict() for each in (learner, back))
    assert all(torch.equal(one[name], other[name]) for name in one | other)


@pytest.mark.parametrize("method", [Scratch(), Expanse(), Progressive(), FeatureDistillation(), L2ToParent()])
def test_a_lineage_that_grew_by_it_goes_on_by_others(deep, method):
    grown, _ = update(deep, SECOND, SETTINGS, SEED, method=Net2Net(layers=1))
    child, record = update(grown, clouds("abcde", 3), SETTINGS, SEED, method=method)
    assert all(bool(each.isfinite().all()) for each in child.model.parameters())
    assert record.cost.steps > 0


@pytest.mark.parametrize("other", [BatchEnsemble(), VanillaEnsemble(), Expanse(), Progressive()])
def test_what_others_put_around_a_network_is_refused(other):
    parent, _ = update(begun(other), SECOND, DRY, SEED)
    with pytest.raises(InputError, match=r"net2net lets one network grow, .* Leave the other out"):
        update(parent, SECOND, SETTINGS, method=Net2Net())


def test_an_anchor_at_parameters_that_are_larger_now_is_refused(deep):
    """On the second growth the names are those of before, and the shapes are not."""
    grown, _ = update(deep, SECOND, DRY, SEED, method=Net2Net())
    with pytest.raises(InputError, match=r"of shape \(12, 4\), but the model's is \(18, 4\)\. .* leave the other out"):
        update(grown, SECOND, SETTINGS, method=Net2Net() | L2ToParent())


class Scaled(Backbone):
    """A network that divides by how many units it has."""

    def __init__(self):
        super().__init__()
        self.features, self.shape = 4, (4,)
        self.one, self.two = torch.nn.Linear(4, 4), torch.nn.Linear(4, 4)

    def forward(self, inputs):
        units = torch.relu(self.one(inputs))
        return torch.relu(self.two(units / units.size(1)))


def test_a_network_that_counts_its_units_is_refused():
    with isolated(0, "network"):
        model = Classifier(Scaled(), Head(4))
    parent, _ = update(Learner(model, WarmStart()), FIRST, SGD)
    with pytest.raises(InputError, match=r"says something else, by 0\.\d+ of its largest logit: how many units"):
        update(parent, SECOND, SETTINGS, method=Net2Net())


@pytest.mark.parametrize(
    "values", [{"ratio": -1.0}, {"units": -1}, {"units": (1, -1)}, {"layers": -1}, {"noise": -1.0}]
)
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        Net2Net(**values)
