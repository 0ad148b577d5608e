"""A network that has grown: what it had comes first and is bit-equal, and the new part is written out."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

from onward.errors import InputError
from onward.nets.backbone import Backbone
from onward.nets.deepened import Deepened
from onward.nets.ensemble import Ensemble
from onward.nets.expanded import Expanded
from onward.nets.grown import innermost, let_new_rows_hear, names_of_old, new_features, refuse_unfit, source
from onward.nets.ladder import Ladder
from onward.nets.new_units import by_ratio
from onward.nets.random_features import RandomFeatures
from onward.nets.side_by_side import SideBySide
from onward.nets.zoo import build, build_backbone, fresh
from onward.rng import generator

MLP = {"net": "mlp", "shape": [4], "width": 5}
CNN = {"net": "cnn", "shape": [1, 4, 4], "width": 2}
WAYS = {
    "deepened": lambda inner, seed: Deepened(inner, 2, 8, seed),
    "side by side": lambda inner, seed: SideBySide(inner, inner.shape, 8, seed),
    "ladder": lambda inner, seed: Ladder(inner, [], 8, seed),
}
each_way = pytest.mark.parametrize("way", WAYS)


def some(net, n=6):
    """Inputs for a network."""
    return torch.randn(n, *net.shape, generator=generator(0, "inputs"))


@each_way
@pytest.mark.parametrize("spec", [MLP, CNN], ids=["mlp", "cnn"])
def test_its_own_features_come_first_and_are_bit_equal_time_after_time(way, spec):
    net = build_backbone(spec).eval()
    inputs = some(net)
    alone = net(inputs)
    once = WAYS[way](net, 1).eval()
    twice = WAYS[way](once, 2).eval()
    assert net.features < once.features < twice.features == twice(inputs).shape[1]
    assert torch.equal(once(inputs)[:, : net.features], alone)
    assert torch.equal(twice(inputs)[:, : once.features], once(inputs))


@each_way
@pytest.mark.parametrize("spec", [MLP, CNN], ids=["mlp", "cnn"])
def test_every_new_parameter_moves_what_comes_out(way, spec):
    net = WAYS[way](build_backbone(spec), 1)
    said = net(some(net, 60))[:, net.inner.features :]
    weights = torch.randn(said.shape, generator=generator(0, "weights"))
    names, new = zip(*net.added.named_parameters(), strict=True)
    gradients = torch.autograd.grad((said * weights).sum(), new)
    assert [name for name, each in zip(names, gradients, strict=True) if not each.abs().sum() > 0] == []
    assert all(net.trains(f"added.{name}") for name in names)


def test_new_layers_at_the_end_are_dense_layers_written_out():
    net = build_backbone(MLP)
    deep = Deepened(net, 2, 3, seed=1)
    x = some(net)
    w1, b1, w2, b2 = deep.added.parameters()
    g = torch.relu(torch.relu(net(x) @ w1.T + b1) @ w2.T + b2)
    torch.testing.assert_close(deep(x), torch.cat([net(x), g], dim=1))
    assert (w1.shape, w2.shape) == ((3, 5), (3, 3))


@pytest.mark.parametrize(
    ("shape", "kind", "features"), [((4,), "MLP", 3), ((1, 4, 4), "CNN", 16), ((1, 1, 4), "MLP", 3)]
)
def test_the_network_at_the_side_is_of_convolutions_where_inputs_are_images(shape, kind, features):
    net = build_backbone({"net": "mlp", "shape": list(shape), "width": 5})
    both = SideBySide(net, shape, 3, seed=1).eval()
    x = some(net)
    assert type(both.added).__name__ == kind
    assert both.features == 5 + features
    assert torch.equal(both(x), torch.cat([net(x), both.added(x)], dim=1))


@each_way
def test_it_is_built_again_from_its_spec(way):
    model = fresh("cnn", (1, 4, 4), 0, width=2)
    model.grow(["a", "b"], 0)
    for seed in (1, 2):
        model.backbone = WAYS[way](model.backbone, seed)
        model.head.widen(model.backbone.features, since=1)
        model.head.correct([1])
        model.grow([f"c{seed}"], 0)
    other = build(model.spec())
    drawn = dict(other.backbone.added.named_parameters())
    assert drawn.keys() and all(torch.equal(each, drawn[n]) for n, each in model.backbone.added.named_parameters())
    other.load_state_dict(model.state_dict())
    inputs = some(model.backbone)
    assert other.spec() == model.spec()
    assert torch.equal(other.eval()(inputs), model.eval()(inputs))
    assert model.backbone.transform == model.backbone.inner.inner.transform is not None


@pytest.mark.parametrize("way", [*WAYS, "expanded"])
def test_the_source_within_says_what_was_said_whatever_the_new_part_became(way):
    model = fresh("mlp", (4,), 0, width=5)
    model.grow(["a", "b", "c"], 0)
    inputs = some(model.backbone)
    before = model(inputs)
    grow = WAYS.get(way, lambda inner, _: Expanded(inner, by_ratio(inner, 0.5)))
    model.backbone = grow(model.backbone, 1)
    model.head.widen(model.backbone.features, since=1)
    model.head.correct([2])
    assert torch.equal(model(inputs), before)
    model.grow(["d"], 0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith(("backbone.inner.", "head.blocks.0.")):
                parameter.normal_(generator=generator(0, name))
    assert torch.equal(source(model)(inputs), before)
    assert source(model).classes == ("a", "b", "c")
    assert torch.equal(model(inputs)[:, :2], before[:, :2])
    assert not torch.equal(model(inputs)[:, 2], before[:, 2])


def test_a_network_that_never_grew_has_no_source_within():
    with pytest.raises(InputError, match="this one never did"):
        source(fresh("mlp", (4,), 0))


def test_old_parameters_are_found_under_the_names_that_growth_gave_them():
    old = fresh("mlp", (4,), 0, width=5, depth=1)
    old.grow(["a"], 0)
    model = fresh("mlp", (4,), 0, width=5, depth=1)
    for way in WAYS.values():
        model.backbone = way(model.backbone, 1)
    inside = "backbone.inner.inner.inner.layers.1"
    assert names_of_old(model, old) == {
        f"{inside}.weight", f"{inside}.bias", "head.blocks.0.weight", "head.blocks.0.bias"
    }  # fmt: skip
    assert names_of_old(old, old) == {name for name, _ in old.named_parameters()}


def test_a_network_gains_as_many_features_each_time():
    net = build_backbone(MLP)
    once = Deepened(net, 1, new_features(net, 0.5, None), seed=1)
    assert (once.width, new_features(once, 0.5, None), new_features(once, 0.5, 7)) == (3, 3, 7)
    assert innermost(SideBySide(once, net.shape, 3, seed=1)) is net


def test_what_does_not_belong_around_or_under_it_is_named():
    net = build_backbone(MLP)
    deep, wide = Deepened(net, 1, 3, seed=1), Expanded(net, {"layers.1": 1})
    for odd, name in ((RandomFeatures(deep, 3, seed=1), "RandomFeatures"), (Ensemble([net]), "Ensemble")):
        with pytest.raises(InputError, match=rf"^who lets one network grow, .* a {name} .* Leave the other out$"):
            refuse_unfit(odd, "who")
    for fit in (net, deep, wide):
        refuse_unfit(fit, "who")
    refuse_unfit(wide, "expanse", Expanded)
    with pytest.raises(InputError, match=r"here is a Deepened that another method put in place"):
        refuse_unfit(Deepened(wide, 1, 3, seed=1), "expanse", Expanded)


class Alone(Backbone):
    """A network without parameters, in float64."""

    features, shape = 4, (4,)

    def forward(self, inputs):
        return inputs


def test_the_new_part_goes_where_the_head_is_when_the_network_cannot_tell():
    model = fresh("identity", (4,), 0).double()
    model.grow(["a"], 0)
    old = copy.deepcopy(model)
    model.backbone = Deepened(model.backbone, 1, 3, seed=1)
    let_new_rows_hear(model, old, torch.tensor([0, 0]))
    assert {each.dtype for each in model.parameters()} == {torch.float64}
    assert torch.equal(model(some(model.backbone).double()), old(some(old.backbone).double()))


def test_the_new_part_is_of_the_type_of_the_network():
    net = nn.Module.double(build_backbone(MLP))
    assert {each.dtype for each in Deepened(net, 1, 3, seed=1).parameters()} == {torch.float64}
    assert {each.dtype for each in Deepened(Alone(), 1, 3, seed=1).parameters()} == {torch.float32}
