"""Added units taken out again: what nothing reads leaves no trace, and what was there before stays to the bit."""

from __future__ import annotations

import pytest
import torch
from tests.nets.test_expanded import Odd, made, some
from torch import nn

from onward.errors import InputError
from onward.nets.added_units import marks_of, units_of
from onward.nets.classifier import Classifier
from onward.nets.expanded import Expanded
from onward.nets.grown import source
from onward.nets.head import Head
from onward.nets.new_units import by_ratio
from onward.nets.squeezed import changes, in_turn, magnitudes, squeezed, without
from onward.nets.zoo import build
from onward.rng import generator, isolated

NETS = ["mlp", "cnn", "resnet18"]
NORMED = ["mobile", "words"]  # with norms over all channels: no unit of theirs is apart from the others


def classifier(name, crossed=False, times=1):
    """Two classes, then expansions with a correction and a class each; no weight is that of the start."""
    net = made(name)
    with isolated(0, "head"):
        model = Classifier(net, Head(net.features))
    model.grow(["a", "b"], 0)
    for seed in range(times):
        model.backbone = Expanded(model.backbone, by_ratio(model.backbone, 0.8), crossed, seed)
        model.head.widen(model.backbone.features, since=0 if crossed else len(model.head.sizes))
        model.head.correct([1])
        model.grow([f"c{seed}"], 0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if not name.startswith("backbone.inner."):
                parameter.uniform_(-1, 1, generator=generator(0, name))
    return model.eval()


def count(model):
    return units_of(model.backbone).count


def some_stay(model, share=0.5):
    """Which units stay, by chance."""
    return torch.rand(count(model), generator=generator(0, "stay")) < share


def silenced(model, silent):
    """Let nothing read some units."""
    state = model.state_dict()
    for name, axis, units, read in marks_of(model):
        if read:
            state[name].movedim(axis, 0)[(units >= 0) & silent[units]] = 0
    return model


@pytest.mark.parametrize("crossed", [False, True])
@pytest.mark.parametrize("name", NETS)
def test_units_that_nothing_reads_leave_no_trace(name, crossed):
    model = classifier(name, crossed)
    stays = some_stay(model)
    inputs = some(model.backbone)
    spoken = model(inputs)
    said = silenced(model, ~stays)(inputs)
    assert not torch.allclose(said, spoken, atol=1e-3)
    smaller = squeezed(model, stays)
    torch.testing.assert_close(smaller(inputs), said, rtol=1e-5, atol=1e-6)
    assert sum(p.numel() for p in smaller.parameters()) < sum(p.numel() for p in model.parameters())
    assert sum(smaller.backbone.units.values()) < sum(model.backbone.units.values())


@pytest.mark.parametrize("name", [*NETS, *NORMED])
def test_the_source_stays_to_the_bit_whatever_goes(name):
    model = classifier(name, times=2)
    smaller = squeezed(model, some_stay(model))
    inputs = some(model.backbone.own)
    ours, theirs = source(smaller).state_dict(), source(model).state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[each], theirs[each]) for each in ours)
    assert torch.equal(source(smaller)(inputs), source(model)(inputs))
    assert torch.equal(smaller(inputs)[:, :1], model(inputs)[:, :1]), "the class that was not corrected"


@pytest.mark.parametrize("name", NETS)
def test_the_smaller_network_is_written_and_read_like_any_other(name):
    model = classifier(name, times=2)
    smaller, inputs = squeezed(model, some_stay(model)), some(model.backbone)
    again = build(smaller.spec())
    again.load_state_dict(smaller.state_dict())
    assert torch.equal(again.eval()(inputs), smaller(inputs))
    assert smaller.backbone.inner.spec() == model.backbone.inner.spec()


@pytest.mark.parametrize("name", [*NETS, *NORMED])
def test_with_all_units_it_is_the_same_network(name):
    model = classifier(name)
    smaller, inputs = squeezed(model, torch.ones(count(model), dtype=torch.bool)), some(model.backbone.own)
    assert smaller.backbone.units == model.backbone.units and torch.equal(smaller(inputs), model(inputs))


def test_a_perceptron_without_two_units_is_its_blocks_written_out():
    net = made("mlp")
    model = Classifier(net, Head(net.features))
    model.grow(["a"], 0)
    model.backbone = Expanded(net, {"layers.1": 3, "layers.3": 2}, crossed=True, seed=1).eval()
    model.head.widen(model.backbone.features, since=0, draws=generator(0, "columns"))
    p, x = {name: each.detach() for name, each in model.named_parameters()}, some(net)
    stays = torch.tensor([True, False, True, False, True])  # of the first layer 0 and 2, of the second 1
    h = torch.relu(x @ p["backbone.inner.layers.1.weight"].T + p["backbone.inner.layers.1.bias"])
    g = torch.relu(x @ p["backbone.added.layers.1.from_old.weight"].T + p["backbone.added.layers.1.from_old.bias"])
    g = g[:, [0, 2]]
    old = h @ p["backbone.inner.layers.3.weight"].T + p["backbone.inner.layers.3.bias"]
    old = old + g @ p["backbone.added.layers.3.to_old.weight"][:, [0, 2]].T
    new = h @ p["backbone.added.layers.3.from_old.weight"].T + p["backbone.added.layers.3.from_old.bias"]
    new = (new + g @ p["backbone.added.layers.3.from_new.weight"][:, [0, 2]].T)[:, [1]]
    features = torch.relu(torch.cat([old, new], dim=1))
    rows = p["head.blocks.0.weight"][:, [0, 1, 2, 3, 4, 6]]
    smaller = squeezed(model, stays)
    torch.testing.assert_close(smaller(x), features @ rows.T + p["head.blocks.0.bias"])
    assert smaller.backbone.units == {"layers.1": 2, "layers.3": 1}


def test_what_meets_in_a_sum_is_one_unit_and_leaves_every_layer_that_makes_it():
    net = Odd("plain")
    model = Classifier(net, Head(4))
    model.grow(["a"], 0)
    model.backbone = Expanded(net, {"one": 3, "two": 3}, seed=1).eval()
    model.head.widen(7, since=0, draws=generator(0, "columns"))
    assert count(model) == 3
    smaller = squeezed(model, torch.tensor([True, False, True]))
    assert smaller.backbone.units == {"one": 2, "two": 2}
    kept = model.head.weight[:, [0, 1, 2, 3, 4, 6]]
    assert torch.equal(smaller.head.weight, kept)


def test_a_layer_that_lost_all_its_units_gives_what_it_gave():
    model, (hidden, last) = classifier("mlp"), (torch.zeros(4), torch.ones(4))
    smaller = squeezed(model, torch.cat([hidden, last]).bool())
    assert smaller.backbone.units == {"layers.3": 4}
    assert torch.equal(smaller.backbone.added.layers.get_parameter("3.from_old.weight"),
                       model.backbone.added.layers.get_parameter("3.from_old.weight"))  # fmt: skip
    names = [name for name, _ in smaller.backbone.added.named_parameters()]
    assert names == ["layers.3.from_old.weight", "layers.3.from_old.bias"]


def test_the_magnitude_is_the_norm_of_all_that_reads_a_unit():
    model = classifier("mlp", crossed=True)
    p = dict(model.named_parameters())
    new, back = p["backbone.added.layers.3.from_new.weight"], p["backbone.added.layers.3.to_old.weight"]
    hidden = (new.square().sum(dim=0) + back.square().sum(dim=0)).sqrt()
    columns = [p[f"head.{each}.weight"][:, 5:] for each in ("blocks.0", "blocks.1", "corrections.0")]
    last = torch.cat(columns).square().sum(dim=0).sqrt()
    torch.testing.assert_close(magnitudes(model).float(), torch.cat([hidden, last]).detach())


@pytest.mark.parametrize("name", ["mlp", "cnn", pytest.param("resnet18", marks=pytest.mark.slow)])
def test_the_change_is_that_of_the_unit_silenced_alone_and_ranks_as_that_does(name):
    model = classifier(name).double()
    inputs = some(model.backbone, 7).double()
    said, state = model(inputs), {key: each.clone() for key, each in model.state_dict().items()}
    brute = []
    for unit in range(count(model)):
        brute.append((silenced(model, torch.arange(count(model)) == unit)(inputs) - said).abs().mean())
        model.load_state_dict(state)
    found = changes(model, inputs.split(3))
    wanted = torch.stack(brute).detach()
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)
    assert found.round(decimals=6).argsort(stable=True).equal(wanted.round(decimals=6).argsort(stable=True))


@pytest.mark.parametrize("name", NORMED)
def test_the_change_counts_what_a_norm_makes_of_the_others(name):
    model, inputs = classifier(name), some(made(name))
    found = changes(model, [inputs])
    smaller = squeezed(model, torch.arange(count(model)) != 1)
    torch.testing.assert_close(found[1], (smaller(inputs) - model(inputs)).abs().mean().double())


def test_the_least_goes_first_and_the_strongest_that_the_head_reads_never():
    model = classifier("mlp")  # units 0 to 3 are hidden, 4 to 7 are read by the head
    scores = torch.tensor([9.0, 3, 1, 2, 5, 8, 0, 4])
    assert in_turn(model, scores).tolist() == [6, 2, 3, 1, 7, 4, 0]


def test_a_network_that_never_grew_has_nothing_to_take_out():
    net = made("mlp")
    with pytest.raises(InputError, match="this one was never expanded"):
        magnitudes(Classifier(net, Head(net.features)))


def test_tensors_of_the_shapes_of_parameters_are_cut_with_them():
    model = classifier("mlp")
    stays = some_stay(model)
    smaller = dict(squeezed(model, stays).named_parameters())
    numbers = {name: torch.full_like(each, 7) for name, each in model.named_parameters()}
    rest = without(numbers, model, stays)
    assert all(rest[name].shape == each.shape for name, each in smaller.items())


def test_nothing_of_the_given_network_changes_and_no_random_number_is_used():
    model, state = classifier("cnn"), torch.get_rng_state()
    before = {name: each.clone() for name, each in model.state_dict().items()}
    squeezed(model, some_stay(model))
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(each, before[name]) for name, each in model.state_dict().items())
    assert any(isinstance(each, nn.BatchNorm2d) for each in model.backbone.added.modules())
