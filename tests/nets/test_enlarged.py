"""A network with copies of its units and layers on top: what it says at first, and what cannot be copied."""

from __future__ import annotations

import copy
from itertools import pairwise

import pytest
import torch
from tests.nets.test_expanded import NETS, made, some
from torch import nn
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.adopt import adopted
from onward.nets.backbone import Backbone
from onward.nets.copied_units import copies_of
from onward.nets.enlarged import Enlarged, enlarged, never_below_zero
from onward.nets.head import Head
from onward.nets.larger_layers import disturb, read_copies, shared
from onward.nets.new_units import by_ratio
from onward.nets.zoo import again, build, build_backbone, fresh
from onward.rng import generator, isolated


class Mobile(Backbone):
    """Depthwise and plain convolutions with batch norm, a gate, a sum, a flattened map under batch norm."""

    def __init__(self):
        super().__init__()
        self.features, self.shape = 6, (2, 4, 4)
        self.stem, self.depthwise = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(4, 8, 3, padding=1, groups=4)
        self.norm, self.point = nn.BatchNorm2d(8, affine=False), nn.Conv2d(8, 4, 1)
        self.wide, self.flat = nn.BatchNorm1d(16), nn.Linear(16, 6)

    def forward(self, images):
        stem = F.relu(self.stem(images))
        inner = self.point(F.gelu(self.norm(self.depthwise(stem))))
        small = F.max_pool2d(stem + inner * torch.sigmoid(inner), 2)
        return F.relu(self.flat(self.wide(small.view(small.size(0), -1))))


class Words(Backbone):
    """An embedding, a layer for each word that is called twice, and their mean."""

    def __init__(self):
        super().__init__()
        self.features, self.shape = 4, (7,)
        self.table, self.layer = nn.Embedding(11, 4), nn.Linear(4, 4)

    def forward(self, tokens):
        return F.relu(self.layer(torch.tanh(self.layer(self.table(tokens))))).mean(dim=1)


def network(name):
    """A network of the tests at rest, in float64, with norm statistics that are not those of the start."""
    if name in NETS:
        return made(name).double()
    with isolated(0, "network"):
        if name == "cifar_resnet":
            example = torch.rand(2, 3, 8, 8)
            arguments = {"depth": 8, "width": 4}
            made_by = "onward.nets.cifar_resnet:CifarResNet"
            return adopted(made_by, (), arguments=arguments, example=example).backbone.double().eval()
        return {"mobile": Mobile, "words": Words}[name]().double().eval()


def inputs_of(net, n=6):
    """Inputs for a network."""
    if isinstance(net, Words):
        return torch.randint(11, (n, 7), generator=generator(0, "words"))
    return torch.randn(n, *(net.shape or (3, 8, 8)), generator=generator(0, "inputs"), dtype=torch.float64)


ALL = [*NETS, "cifar_resnet", "mobile", "words"]
CLOSE = {"rtol": 1e-8, "atol": 1e-8}


@pytest.mark.parametrize("training", [False, True], ids=["at rest", "training"])
@pytest.mark.parametrize("name", ALL)
def test_each_feature_is_that_of_which_it_is_a_copy_growth_after_growth(name, training):
    net = network(name).train(training)
    inputs, wide = inputs_of(net), enlarged(net)
    said = copy.deepcopy(net)(inputs)
    for seed in (1, 2):
        of = wide.widen(by_ratio(wide, 0.5), seed)
        now = copy.deepcopy(wide)(inputs)  # a pass moves norm statistics
        assert of.tolist()[: said.shape[1]] == [*range(said.shape[1])]
        assert now.shape == (6, wide.features) == (6, len(of))
        torch.testing.assert_close(now, said[:, of], **CLOSE)
        wide.deepen(1)
        said = copy.deepcopy(wide)(inputs)
        torch.testing.assert_close(said, now, **CLOSE)
    assert not isinstance(wide.network, Enlarged)
    assert len(wide.top) == 4


@pytest.mark.parametrize("name", ALL)
def test_with_noise_every_copy_has_gradients_of_its_own(name):
    net = network(name)
    inputs, wide = inputs_of(net, 60), enlarged(net)
    added = by_ratio(wide, 1.5)
    wide.widen(added, 1)
    calm = slopes_of(wide, inputs)
    assert [place for place in added if place in calm and distinct(calm[place])] == []
    for place, count in added.items():
        disturb(wide.get_submodule(place), count, 0.01, generator(0, place))
    old, new = slopes_of(net, inputs), slopes_of(wide, inputs)
    assert [place for place, each in old.items() if each.any() and not new[f"network.{place}"].any()] == []
    assert [place for place in added if place in new and not distinct(new[place])] == []


def slopes_of(net, inputs):
    """The gradients of the squared features at the weights of layers that mix, by name, a row for each unit."""
    layers = {k: each for k, each in net.named_modules() if type(each) in (nn.Linear, nn.Conv2d, nn.Embedding)}
    moving = {k: each.weight for k, each in layers.items() if isinstance(each.weight, nn.Parameter)}
    slopes = zip(moving, torch.autograd.grad(net(inputs).square().sum(), list(moving.values())), strict=True)
    return {k: each.T if isinstance(layers[k], nn.Embedding) else each.flatten(1) for k, each in slopes}


def distinct(rows):
    """Whether the gradients of units differ from one another, but for those that are zero."""
    rows = rows[rows.abs().sum(1) > 1e-12] / rows.abs().max()
    return len(rows.round(decimals=9).unique(dim=0)) == len(rows)


def test_weights_are_shared_by_count():
    """Of two inputs the first is there three times and the second twice: 6 / 3 and 8 / 2."""
    assert shared(torch.tensor([[6.0, 8.0]]), torch.tensor([0, 1, 0, 0, 1])).tolist() == [[2.0, 4.0, 2.0, 2.0, 4.0]]
    window = torch.arange(4.0).view(1, 1, 2, 2)
    assert torch.equal(shared(window, torch.tensor([0, 0])), torch.cat([window, window], dim=1) / 2)


def test_what_meets_is_copied_alike_and_a_flattened_map_place_by_place():
    net = network("mobile")
    copies = copies_of(net, {"stem": 3, "point": 3}, 1)
    of = copies.go["stem"].tolist()
    assert (len(of), of[:4]) == (7, [0, 1, 2, 3])
    assert copies.go["point"].tolist() == of == copies.come["depthwise"].tolist()
    assert copies.go["depthwise"].tolist() == [2 * k + r for k in of for r in (0, 1)]
    assert copies.come["flat"].tolist() == [4 * k + place for k in of for place in range(4)]
    assert copies.last.tolist() == [*range(6)]


def test_draws_hang_on_the_seed_and_reach_every_unit():
    net = build_backbone({"net": "mlp", "shape": [4], "width": 5, "depth": 1})
    one, other = (copies_of(net, {"layers.1": 200}, seed).last for seed in (1, 2))
    assert set(one.tolist()[5:]) == {*range(5)}
    assert not torch.equal(one, other)
    assert torch.equal(one, copies_of(net, {"layers.1": 200}, 1).last)


def test_a_shortcut_that_pads_says_the_same_after_a_file():
    model = adopted(
        "onward.nets.cifar_resnet:CifarResNet", ("a", "b"), arguments={"depth": 8, "width": 4, "classes": 2},
        example=torch.rand(2, 3, 8, 8),
    )  # fmt: skip
    model.eval()
    wide = enlarged(model.backbone)
    read_copies(model.head, wide.widen(by_ratio(wide, 0.5), 1))
    model.backbone = wide
    back = build(model.spec()).eval()
    back.load_state_dict(model.state_dict())
    inputs = torch.rand(3, 3, 8, 8)
    assert torch.equal(back(inputs), model(inputs))
    assert [each.requires_grad for name, each in back.named_buffers() if "shortcut" in name] == [False] * 2


def test_it_is_built_again_from_its_spec_and_drawn_anew():
    model = fresh("cnn", (1, 4, 4), 0, width=2).eval()
    model.grow(["a", "b"], 0)
    wide = enlarged(model.backbone)
    for seed in (1, 2):
        read_copies(model.head, wide.widen(by_ratio(wide, 0.5), seed))
        wide.deepen(1)
    model.backbone = wide.eval()
    other = build(model.spec(), seed=1)
    assert other.spec() == model.spec()
    kernels = other.backbone.network.layers[0].weight.flatten(1)
    assert len(kernels.unique(dim=0)) == len(kernels) == 5  # 2, 3 and then 5
    assert len(other.backbone.top[0].weight.unique(dim=0)) == other.backbone.features
    assert torch.equal(build(model.spec(), seed=1).head.weight, other.head.weight)
    assert not torch.equal(again(model, 2).backbone.top[0].weight, again(model, 3).backbone.top[0].weight)
    other.load_state_dict(model.state_dict())
    inputs = some(model.backbone)
    assert torch.equal(other.eval()(inputs), model(inputs))


def test_torchs_global_state_is_left_as_it_was():
    spec = {"net": "enlarged", "inner": NETS["mlp"], "units": {"network.layers.1": 2}, "layers": 1}
    before = torch.random.get_rng_state()
    build_backbone(spec)
    wide = enlarged(made("mlp"))
    wide.widen({"network.layers.1": 2}, 1)
    wide.deepen(1)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_it_keeps_the_type_the_mode_and_what_moves():
    net = made("mlp").bfloat16()
    net.layers[1].requires_grad_(False)
    wide = enlarged(net)
    wide.widen(by_ratio(wide, 0.5), 1)
    wide.deepen(1)
    assert {each.dtype for each in wide.parameters()} == {torch.bfloat16}
    assert not any(module.training for module in wide.modules())
    assert [name for name, each in wide.named_parameters() if not each.requires_grad] == [
        "network.layers.1.weight", "network.layers.1.bias"
    ]  # fmt: skip
    assert wide.trains("top.0.weight")
    assert wide.trains("network.layers.1.weight")
    assert wide.transform is net.transform


def test_rows_and_corrections_say_what_they_said_of_copies():
    head = Head(3, [2, 1])
    head.correct([1])
    for number, each in enumerate(head.parameters()):
        nn.init.normal_(each, generator=generator(number, "head"))
    features, of = torch.randn(5, 3, generator=generator(0, "features")), torch.tensor([0, 1, 2, 2, 0, 2])
    before = head(features)
    read_copies(head, of)
    assert (head.in_features, head.reads, head.added[0].in_features) == (6, (6, 6), 6)
    torch.testing.assert_close(head(features[:, of]), before)


@pytest.mark.parametrize(
    ("layers", "never"),
    [
        ([nn.Linear(4, 4), nn.ReLU()], True),
        ([nn.Linear(4, 4), nn.ReLU(), nn.Dropout(), nn.Flatten()], True),
        ([nn.Linear(4, 4), nn.Sigmoid(), nn.Identity()], True),
        ([nn.Linear(4, 4), nn.GELU()], False),
        ([nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4)], False),
        ([nn.Flatten()], False),
    ],
)
def test_a_layer_comes_on_top_only_of_what_is_never_below_zero(layers, never):
    net = Row(layers)
    assert never_below_zero(net) == never
    wide = enlarged(net)
    if never:
        wide.deepen(2)
        inputs = torch.randn(5, 4)
        assert torch.equal(wide.eval()(inputs), net.eval()(inputs))
    else:
        wide.deepen(0)
        with pytest.raises(InputError, match=r"never below zero, and the last layer of this network does not .* at 0"):
            wide.deepen(1)


class Row(Backbone):
    """Layers one after another."""

    def __init__(self, layers):
        super().__init__()
        self.features, self.shape = 4, (4,)
        self.layers = nn.Sequential(*layers)

    def forward(self, inputs):
        return self.layers(inputs)


class Odd(Backbone):
    """A network with something in it that copies would change."""

    def __init__(self, kind):
        super().__init__()
        self.features, self.kind = 4, kind
        self.one, self.two = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 4, 1)
        self.each, self.norm = nn.Conv2d(2, 4, 1, groups=2), nn.GroupNorm(2, 2)
        if kind == "tied":
            self.two = nn.Conv2d(2, 2, 1)
            self.two.weight = self.one.weight

    def forward(self, inputs):
        one = self.one(inputs)
        if self.kind == "cat":
            one = torch.cat([one, one], dim=1)
        if self.kind == "norm":
            one = self.norm(one)
        two = self.two(one) + self.each(one) if self.kind == "meets" else self.two(one)
        return two.mean((2, 3))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("cat", r"^'torch\.cat' does not do with copied channels what it did without; .* Take expanse"),
        ("norm", r"^layer 'network\.norm', a GroupNorm, does not do with copied channels"),
        ("tied", r"^layers of this network share their weights"),
    ],
)
def test_what_tells_copies_from_what_they_copy_is_named_with_a_way_out(kind, told):
    wide = enlarged(Odd(kind))
    with pytest.raises(InputError, match=told):
        wide.widen({"network.one": 1}, 1)


@pytest.mark.parametrize("seed", range(5))
def test_branches_whose_copies_may_differ_are_refused_whatever_is_drawn(seed):
    """Two channels, each of which makes two by itself, gain 2 as four do, but not in the same places."""
    told = r"what meets at 'add' is made by layers of different widths, .* Take expanse"
    with pytest.raises(InputError, match=told):
        enlarged(Odd("meets")).widen({"network.one": 1, "network.two": 2}, seed)


def test_a_layer_that_hears_units_copied_in_different_ways_is_refused_and_names_are_looked_up():
    wide = enlarged(Twice())
    with pytest.raises(InputError, match=r"what meets in 'network\.both', which is called twice, is made by layers of"):
        wide.widen({"network.one": 2, "network.both": 1, "network.two": 2}, 1)
    with pytest.raises(InputError, match=r"unknown layer with units 'network\.tow'\. Did you mean 'network\.two'"):
        wide.widen({"network.tow": 2}, 1)


class Twice(Backbone):
    """Two channels doubled by themselves and four others go through one layer."""

    def __init__(self):
        super().__init__()
        self.features = 3
        self.one, self.two = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 4, 1)
        self.each, self.both = nn.Conv2d(2, 4, 1, groups=2), nn.Conv2d(4, 3, 1)

    def forward(self, inputs):
        return (self.both(self.each(self.one(inputs))) + self.both(self.two(inputs))).mean((2, 3))


def test_widths_add_up_update_after_update():
    wide = enlarged(made("mlp"))
    for (before, after), seed in zip(pairwise((5, 8, 12)), (1, 2), strict=True):
        added = by_ratio(wide, 0.5)
        assert added == dict.fromkeys(("network.layers.1", "network.layers.3"), after - before)
        wide.widen(added, seed)
    assert wide.units == {"network.layers.1": 7, "network.layers.3": 7}
    assert (wide.features, wide.network.layers[3].in_features) == (12, 12)
