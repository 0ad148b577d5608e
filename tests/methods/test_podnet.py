"""PODNet holds what stages give: its term by hand, the loop written out, one pass of each network, and what is left."""

from __future__ import annotations

import copy
import math
from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds, images
from tests.conformance.specimens import differing
from tests.methods.walks import RATE, SEED, SETTINGS, assert_same_parameters, batches, context, grown, seen_by
from tests.reference.podnet import podnet
from torch import nn

from onward.datasets.published.named import load
from onward.engine.evaluate import judge
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.align_head import AlignHead
from onward.methods.expanse import Expanse
from onward.methods.lwf import LwF
from onward.methods.net2net import Net2Net
from onward.methods.podnet import PODNet
from onward.methods.replay import Replay
from onward.methods.sam import SAM
from onward.methods.side_network import SideNetwork
from onward.methods.warm_start import WarmStart
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.stages import EXAMPLES
from onward.nets.zoo import fresh
from onward.phase import Phase, in_head
from onward.rng import generator
from onward.settings import Settings
from onward.step import Outputs, Step
from onward.streams.scenario import class_incremental
from onward.types import Batch, Examples, aligned

OFF = PODNet(spatial=0.0, flat=0.0)
SHORT = Settings(epochs=2, batch_size=16, lr=0.05)


class Scaled(Backbone):
    """A map that is the input with each of its four places times a number of its own, and its sum for a feature."""

    features = 3

    def __init__(self):
        super().__init__()
        self.stage, self.after = Times(), nn.MaxPool2d(2)

    def forward(self, inputs):
        return self.after(self.stage(inputs)).flatten(1)


class Times(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(2, 2))

    def forward(self, inputs):
        return inputs * self.scale


X = torch.rand(5, 3, 2, 2, generator=generator(0, "x")) + 0.5
SCALE = torch.tensor([[2.0, 1.0], [0.5, 1.5]])


def pair():
    """A parent of three classes with one map, and a child whose places are scaled, with a fourth."""
    old = Classifier(Scaled(), Head(3, [3]), ("0", "1", "2")).eval().requires_grad_(False)
    model = copy.deepcopy(old).requires_grad_(True)
    model.grow(["3"], seed=0)
    with torch.no_grad():
        model.backbone.stage.scale.copy_(SCALE)
    return old, model


def term_and_step(method, old, model, targets=(0, 1, 2, 3, 3)):
    """The term, and the step as it is when the choices have had it."""
    new = Examples(X, torch.tensor(targets), model.classes)
    (phase,) = method.plan([Phase("train", new, SETTINGS)], model, context(new, old))
    parent = Outputs(old.features(X), old(X))
    step = Step(model, Batch(X, new.targets), torch.Generator(), parent=lambda: parent)
    for choice in phase.choices:
        step = choice(step)
    return phase.terms["podnet"], step


@pytest.mark.parametrize(("targets", "factor"), [((0, 1, 2, 3, 3), 1.0), ((3,) * 5, 2.0), ((2, 3) * 2 + (3,), 2**0.5)])
def test_the_term_is_its_formula_times_the_root_of_all_classes_over_those_that_came(targets, factor):
    """Squares of s x summed by row and by column, of unit length; the feature is the largest place of each channel."""
    old, model = pair()
    term, step = term_and_step(PODNet(spatial=1.5, flat=0.5), old, model, targets)

    def p(maps):
        squares = maps.square()
        return nn.functional.normalize(torch.cat([squares.sum(3).flatten(1), squares.sum(2).flatten(1)], 1))

    spatial = (p(X * SCALE) - p(X)).norm(dim=1).mean()
    flat = 1 - torch.cosine_similarity((X * SCALE).amax((2, 3)), X.amax((2, 3))).mean()
    assert min(spatial, flat) > 0.005
    found = term(step).detach()
    torch.testing.assert_close(found, factor * (1.5 * spatial + 0.5 * flat), rtol=0, atol=factor * 2e-4)


def test_it_moves_the_features_and_leaves_the_head_free():
    old, model = pair()
    term, step = term_and_step(PODNet(), old, model)
    gradients = torch.autograd.grad(term(step), list(model.parameters()), allow_unused=True)
    pulled = [name for (name, _), g in zip(model.named_parameters(), gradients, strict=True) if g is not None]
    assert pulled == ["backbone.stage.scale"]
    assert bool(gradients[0].abs().min() > 1e-3)


def test_either_weight_acts_by_itself():
    old, model = pair()
    both, spatial, flat = (
        term(step).detach()
        for term, step in (term_and_step(PODNet(*weights), old, model) for weights in ((2.0, 3.0), (2.0, 0), (0, 3.0)))
    )
    torch.testing.assert_close(both, spatial + flat)
    assert min(spatial, flat) > 0.01


def test_the_first_update_and_weights_of_zero_have_no_such_term():
    old, model = pair()
    new = Examples(X, torch.arange(5) % 4, model.classes)
    for method, parent in ((PODNet(), None), (OFF, old)):
        (phase,) = method.plan([Phase("train", new, SETTINGS)], model, context(new, parent))
        assert (list(phase.terms), phase.choices) == (["cross_entropy"], ())


def test_a_phase_on_features_is_left_alone():
    old, model = pair()
    new = Examples(X, torch.arange(5) % 4, model.classes)
    given = Phase("head", new, SETTINGS, on_features=True).only(in_head)
    assert next(iter(PODNet().plan([given], model, context(new, old)))) is given


def deep():
    return fresh("mlp", (4,), seed=0, width=8, depth=3)


def conv():
    return fresh("cnn", (1, 4, 4), seed=0, width=2)


def through_mlp(model, x):
    """Each layer after its ReLU; the last one is the features."""
    layers, seen = model.backbone.layers, []
    for k in (1, 3, 5):
        x = torch.relu(layers[k](x))
        seen.append(x)
    return seen[:2], x


def through_cnn(model, x):
    """Two convolutions at 4 x 4; pooling, a third, and pooling to as many places at 2 x 2, which are the features."""
    layers, x = model.backbone.layers, x.float() / 255
    first = layers[:6](x)
    features = layers[6:10](first)
    return [first], features.flatten(1)


@pytest.mark.parametrize(
    ("net", "seen", "make"),
    [(deep, through_mlp, clouds), (conv, through_cnn, images)],
    ids=["layers of a perceptron", "maps, batch norm"],
)
def test_fifty_steps_are_those_of_the_reference(net, seen, make):
    method, second = PODNet(spatial=0.5, flat=0.3), make("de", 2)
    parent, _ = update(Learner(net(), method), make("abc", 1), SETTINGS, seed=3)
    child, record = update(parent, second, SETTINGS, SEED)
    model = grown(parent, second)
    scale = math.sqrt(5 / 2)
    weights = (0.5 * scale, 0.3 * scale)
    podnet(model, copy.deepcopy(parent.model), seen, batches(seen_by(model, second)), weights, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent, second))


@pytest.mark.parametrize("augment", [("flip",), ()], ids=["augmented", "could be looked up"])
@pytest.mark.parametrize(
    ("method", "student"),
    [
        (PODNet(), 1),
        (LwF() | PODNet(), 1),
        (PODNet() | LwF(), 1),
        (Replay(20, 8) | PODNet() | LwF(), 1),
        (SAM(rho=0.1) | PODNet() | LwF(), 2),
    ],
    ids=repr,
)
def test_a_step_is_one_pass_of_the_parent_and_no_more_of_the_model_than_without(method, student, augment):
    """Whatever else asks for the parent's answers."""
    parent, _ = update(Learner(conv(), method), images("abc", 1), SHORT)
    seen = []

    def note(layer, came, said):
        if len(said) > EXAMPLES:
            seen.append(layer.training)

    parent.model.backbone.layers[0].register_forward_hook(note)
    update(parent, images("bcd", 2), replace(SHORT, steps=4, augment=augment))
    assert (seen.count(True), seen.count(False)) == (4 * student, 4)


def test_a_model_that_sees_as_its_parent_is_not_pulled_and_sees_the_same_augmented_examples():
    """A network without batch norm says the same in training; in the first step it is its parent still."""
    net = fresh("mlp", (1, 4, 4), seed=0, width=8, depth=3)
    parent, _ = update(Learner(net, PODNet() | Replay(20, 8)), images("abc", 1), SHORT)
    settings = replace(SHORT, augment=("flip", "crop"), steps=1)
    _, record = update(parent, images("bcd", 2), settings)
    assert record.phases[0].mixed == 8
    assert record.phases[0].curve["podnet"] == (0.0,)


@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_compiling_changes_no_bit():
    """For what stages give is not heard through a compiled network, and it goes without."""
    parent, _ = update(Learner(conv(), PODNet()), images("abc", 1), SHORT)
    one, other = (update(parent, images("bcd", 2), replace(SHORT, compile=each))[0] for each in (False, True))
    assert differing(one.model.state_dict(), other.model.state_dict()) == []


def test_nothing_stays_on_the_networks():
    parent, _ = update(Learner(conv(), PODNet()), images("abc", 1), SHORT)
    child, _ = update(parent, images("bcd", 2), SHORT)
    hooked = [each for model in (parent.model, child.model) for each in model.modules() if each._forward_hooks]
    assert hooked == []
    assert (dict(parent.kept), dict(child.kept)) == ({}, {})


class Overwriting(Backbone):
    """Convolutions whose outputs are written over by what follows."""

    features = 4

    def __init__(self):
        super().__init__()
        layers = [nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        self.layers = nn.Sequential(*layers, nn.Conv2d(4, 4, 1), nn.ReLU(inplace=True))

    def forward(self, inputs):
        return self.layers(inputs).mean((2, 3))


def test_a_network_that_writes_over_what_its_layers_give_is_held_where_it_does_not():
    parent, _ = update(Learner(Classifier(Overwriting(), Head(4)), PODNet()), images("abc", 1), SHORT)
    held, record = update(parent, images("bcd", 2), SHORT)
    free, _ = update(parent, images("bcd", 2), SHORT, method=PODNet(spatial=0.0))
    assert record.phases[0].terms == ("cross_entropy", "podnet")
    assert differing(held.model.state_dict(), free.model.state_dict()) != []


@pytest.mark.parametrize(("grows", "common"), [(Net2Net(), False), (Expanse(mode="authors", size=0), True)])
def test_of_a_network_that_has_grown_what_the_parent_has_is_held_and_else_the_features_alone(grows, common):
    """Where every layer gained units no stage has the parent's shape, and the spatial weight has nothing to weigh."""
    parent, _ = update(Learner(conv(), WarmStart()), images("abc", 1), SHORT)
    curves = []
    for spatial in (3.0, 0.0):
        _, record = update(parent, images("de", 2), SHORT, method=grows | PODNet(spatial=spatial))
        curves.append(record.phases[0].curve["podnet"])
    assert all(0 < value < math.inf for curve in curves for value in curve)
    assert (curves[0] != curves[1]) == common


def test_where_what_was_there_stands_still_nothing_is_apart():
    parent, _ = update(Learner(conv(), WarmStart()), images("abc", 1), SHORT)
    _, record = update(parent, images("de", 2), SHORT, method=SideNetwork() | PODNet())
    assert set(record.phases[0].curve["podnet"]) == {0.0}


STREAM = class_incremental(load("digits", "train"), load("digits", "test"), 2, seed=0)
"""Five digits and then five others."""
LONG = Settings(epochs=8, batch_size=32, lr=0.05)


def lives(method, seed):
    """A convolutional network after the first digits, and after the others."""
    first, second = STREAM
    parent, _ = update(Learner(fresh("cnn", (1, 8, 8), seed=seed, width=8), method), first.train, LONG, seed)
    return parent, update(parent, second.train, LONG, seed)[0]


@pytest.mark.parametrize("seed", [0, 1])
def test_it_holds_the_maps_and_what_the_parents_head_reads_of_old_digits(seed):
    """Without a memory, where a warm start's features have moved away from it."""
    (free, lost), (held, kept) = (read_by_parent(*lives(method, seed)) for method in (WarmStart(), PODNet()))
    assert held > 0.95 and held > free + 0.05
    assert kept < 0.4 * lost


@pytest.mark.parametrize("seed", [0, 1])
def test_before_an_aligned_head_it_holds_old_digits_better_than_the_memory_alone(seed):
    """Twenty herded digits; the new ones are learned all the same."""
    memory = Replay(size=20, per_batch=16, memory="herding")
    alone, beside = (lives(chain | AlignHead(), seed)[1] for chain in (memory, memory | PODNet()))
    old, new = STREAM[0].test, STREAM[1].test
    assert judge(beside, old).accuracy > judge(alone, old).accuracy + 0.02
    assert judge(beside, new).accuracy > 0.93


@torch.no_grad()
def read_by_parent(parent, child):
    """What share of old digits the parent's head has right by the child's features, and how far maps are apart."""
    data = aligned(STREAM[0].test, parent.classes)
    read = parent.model.logits(child.model.features(data.inputs)).argmax(1)
    return (read == data.targets).float().mean(), apart(parent, child, data)


@torch.no_grad()
def apart(parent, child, data):
    """The mean distance of what was pooled at the end of the second convolution."""
    one, other = (
        each.model.backbone.layers[:6](data.inputs / 255).square().sum(3).flatten(1) for each in (parent, child)
    )
    return (nn.functional.normalize(one) - nn.functional.normalize(other)).norm(dim=1).mean()


@pytest.mark.parametrize(
    ("fields", "told"),
    [({"spatial": -1.0}, "spatial must be >= 0, got -1.0"), ({"flat": -0.5}, "flat must be >= 0, got -0.5")],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        PODNet(**fields)
