"""A network with new units beside its old ones: the old features to the bit, and the new ones written out."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.adopt import adopted
from onward.nets.backbone import Backbone
from onward.nets.expanded import Expanded
from onward.nets.new_units import by_budget, by_ratio, by_units, layers_of
from onward.nets.zoo import build, build_backbone, fresh
from onward.rng import generator, isolated

NETS = {
    "mlp": {"net": "mlp", "shape": [4], "width": 5},
    "cnn": {"net": "cnn", "shape": [1, 4, 4], "width": 2},
    "resnet18": {"net": "resnet18", "shape": [3, 8, 8], "width": 2},
}


class Mobile(Backbone):
    """Depthwise and plain convolutions, group norm, a gate, a sum, a flattened map, layer norm: a user's network."""

    def __init__(self):
        super().__init__()
        self.features, self.shape = 6, (2, 4, 4)
        self.stem = nn.Conv2d(2, 4, 3, padding=1)
        self.depthwise = nn.Conv2d(4, 8, 3, padding=1, groups=4)
        self.norm, self.point = nn.GroupNorm(2, 8), nn.Conv2d(8, 4, 1)
        self.side = nn.Conv2d(4, 3, 1)
        self.flat, self.drop = nn.Linear(7 * 4, 6), nn.Dropout(0.5)
        self.last = nn.LayerNorm(6)

    def forward(self, images):
        stem = F.relu(self.stem(images))
        inner = self.point(F.gelu(self.norm(self.depthwise(stem))))
        both = torch.cat([stem + inner * torch.sigmoid(inner), self.side(stem)], dim=1)
        small = F.max_pool2d(both, 2)
        return self.last(self.drop(self.flat(small.view(small.size(0), -1))))


class Words(Backbone):
    """An embedding, a layer for each word, and their mean."""

    def __init__(self):
        super().__init__()
        self.features, self.shape = 5, (7,)
        self.table, self.norm, self.layer = nn.Embedding(11, 4), nn.LayerNorm(4), nn.Linear(4, 5)

    def forward(self, tokens):
        return torch.tanh(self.layer(self.norm(self.table(tokens)))).mean(dim=1)


def made(name):
    """A network of the tests at rest, with norm statistics that are not those of the start."""
    with isolated(0, "network"):
        net = {"mobile": Mobile, "words": Words}[name]() if name in ("mobile", "words") else build_backbone(NETS[name])
    for norm in net.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.uniform_(-0.1, 0.1, generator=generator(0, "mean"))
            norm.running_var.uniform_(0.01, 0.1, generator=generator(0, "var"))
    return net.eval()


def some(net, n=6):
    """Inputs for a network."""
    if isinstance(net, Words):
        return torch.randint(11, (n, 7), generator=generator(0, "words"))
    return torch.randn(n, *net.shape, generator=generator(0, "inputs"))


ALL = [*NETS, "mobile", "words"]


@pytest.mark.parametrize("name", ALL)
def test_the_old_features_come_first_and_are_bit_equal_expansion_after_expansion(name):
    net = made(name)
    inputs = some(net)
    alone = net(inputs)
    once = Expanded(net, by_ratio(net, 0.5), seed=1).eval()
    wider = once(inputs)
    twice = Expanded(once, by_ratio(once, 0.5), seed=2).eval()
    widest = twice(inputs)
    assert net.features < once.features < twice.features
    assert (wider.shape[1], widest.shape[1]) == (once.features, twice.features)
    assert torch.equal(wider[:, : net.features], alone)
    assert torch.equal(widest[:, : once.features], wider)


@pytest.mark.parametrize("name", ALL)
def test_every_new_parameter_moves_what_comes_out(name):
    net = made(name)
    wide = Expanded(net, by_ratio(net, 1.5), seed=1).eval()
    said = wide(some(net, 60))
    weights = torch.randn(said.shape, generator=generator(0, "weights"))
    gradients = torch.autograd.grad((said * weights)[:, net.features :].sum(), list(wide.added.parameters()))
    names = [name for name, _ in wide.added.named_parameters()]
    assert [name for name, each in zip(names, gradients, strict=True) if not each.abs().sum() > 0] == []


def test_an_expanded_perceptron_is_its_blocks_written_out():
    net = made("mlp")
    wide = Expanded(net, {"layers.1": 2, "layers.3": 3}, crossed=True, seed=1)
    p = dict(wide.named_parameters())
    x = some(net)
    h = torch.relu(x @ p["inner.layers.1.weight"].T + p["inner.layers.1.bias"])
    g = torch.relu(x @ p["added.layers.1.from_old.weight"].T + p["added.layers.1.from_old.bias"])
    old = h @ p["inner.layers.3.weight"].T + p["inner.layers.3.bias"] + g @ p["added.layers.3.to_old.weight"].T
    new = h @ p["added.layers.3.from_old.weight"].T + p["added.layers.3.from_old.bias"]
    new = new + g @ p["added.layers.3.from_new.weight"].T
    torch.testing.assert_close(wide(x), torch.relu(torch.cat([old, new], dim=1)))
    assert len(p) == 4 + 2 + 4


def test_new_weights_are_drawn_for_old_and_new_inputs_together():
    net = build_backbone({"net": "mlp", "shape": [4], "width": 60})
    wide = Expanded(net, {"layers.1": 40, "layers.3": 50}, crossed=True, seed=1)
    bound = (60 + 40) ** -0.5
    for name in ("from_old", "from_new", "to_old"):
        weight = wide.added.get_parameter(f"layers.3.{name}.weight")
        assert 0.95 * bound < float(weight.detach().abs().max()) <= bound * (1 + 1e-6)


def test_a_layer_may_gain_nothing():
    net = made("mlp")
    inputs, alone = some(net), net(some(net))
    wide = Expanded(net, {"layers.3": 2}, seed=1)
    assert wide(inputs).shape == (6, 7)
    assert torch.equal(wide(inputs)[:, :5], alone)
    assert torch.equal(Expanded(net, {"layers.1": 2})(inputs), alone)


def test_a_budget_is_kept_and_the_next_ratio_would_break_it():
    net = made("cnn")
    size = sum(each.numel() for each in net.parameters())
    added = by_budget(net, size)
    spent = sum(each.numel() for each in Expanded(net, added).added.parameters())
    more = by_ratio(net, min((added[name] + 1e-6) / width for name, width in layers_of(net).items()))
    assert 0 < spent <= size
    assert more != added
    assert sum(each.numel() for each in Expanded(net, more).added.parameters()) > size
    with pytest.raises(InputError, match="parameters, and budget allows 3; raise it, or set ratio to 0"):
        by_budget(net, 3)


def test_it_is_built_again_from_its_spec():
    model = fresh("cnn", (1, 4, 4), 0, width=2)
    model.grow(["a", "b"], 0)
    for seed in (1, 2):
        model.backbone = Expanded(model.backbone, by_ratio(model.backbone, 0.5), seed == 2, seed)
        model.head.widen(model.backbone.features, since=1)
        model.head.correct([1])
        model.grow([f"c{seed}"], 0)
    other = build(model.spec())
    assert torch.equal(other.backbone.added.layers.get_parameter("0.from_old.weight"),
                       model.backbone.added.layers.get_parameter("0.from_old.weight"))  # fmt: skip
    other.load_state_dict(model.state_dict())
    inputs = some(model.backbone)
    assert other.spec() == model.spec()
    assert torch.equal(other.eval()(inputs), model.eval()(inputs))


class Odd(Backbone):
    """A network with something in it that cannot be widened."""

    def __init__(self, kind):
        super().__init__()
        self.features, self.kind = 4, kind
        self.one, self.two = nn.Linear(4, 4), nn.Linear(4, 4)
        self.odd = {"bilinear": nn.Softmax(1), "grouped": nn.Conv2d(4, 4, 1, groups=2)}.get(kind, nn.Identity())

    def forward(self, inputs):
        if self.kind == "branch" and inputs.sum() > 0:
            return inputs
        if self.kind == "dropout":
            return F.dropout(self.one(inputs), training=self.training)
        return self.two(self.odd(self.one(inputs))) + self.one(inputs)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("bilinear", r"layer 'odd', a Softmax, cannot be widened\. Linear layers, convolutions"),
        ("grouped", r"layer 'odd', a Conv2d, cannot be widened\. .*, or take another method"),
        ("dropout", r"'dropout' cannot be widened\. Linear layers"),
        ("branch", r"the network cannot be read as a graph: .*\. Linear layers"),
    ],
)
def test_what_cannot_be_widened_is_named_with_a_way_out(kind, told):
    with pytest.raises(InputError, match=told):
        by_ratio(Odd(kind), 0.5)


def test_branches_that_meet_gain_alike_and_names_are_looked_up():
    with pytest.raises(InputError, match=r"branches that meet gain as many each"):
        Expanded(Odd("plain"), {"one": 2, "two": 1})
    with pytest.raises(InputError, match=r"unknown layer with units 'tow'\. Did you mean 'two'"):
        Expanded(Odd("plain"), {"tow": 2})
    with pytest.raises(InputError, match="has none that could gain units"):
        by_ratio(build_backbone({"net": "identity", "shape": [4]}), 0.5)


def test_units_are_given_for_all_layers_or_one_after_another():
    net = build_backbone({"net": "mlp", "shape": [4], "width": [6, 5]})
    assert by_units(net, 3) == {"layers.1": 3, "layers.3": 3}
    wide = Expanded(net, by_units(net, (2, 1)), seed=1)
    assert layers_of(wide) == {"layers.1": 8, "layers.3": 6}
    told = r"units gives 3 numbers, 1, 2, 3, and 2 layers can gain some: layers\.1, layers\.3\. Give one for each"
    with pytest.raises(InputError, match=told):
        by_units(net, (1, 2, 3))


def test_a_network_from_elsewhere_is_widened_too():
    example = torch.rand(2, 3, 8, 8)
    model = adopted("onward.nets.cifar_resnet:CifarResNet", (), arguments={"depth": 8, "width": 4}, example=example)
    wide = Expanded(model.backbone, by_ratio(model.backbone, 0.5), seed=1).eval()
    assert wide.features == 16 + 8
    assert torch.equal(wide(example)[:, :16], model.backbone(example))
