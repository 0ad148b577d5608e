"""A network is built again from what it says of itself."""

from __future__ import annotations

import copy
import json

import pytest
import torch

from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import BACKBONES, again, build, build_backbone, fresh, restart
from onward.rng import generator
from onward.transform import ImageTransform

SHAPE = (3, 8, 8)
OURS = [
    ("identity", {}),
    ("mlp", {"width": 5, "depth": 1}),
    ("mlp", {"width": 5, "depth": 3, "dropout": 0.5}),
    ("cnn", {"width": 2}),
    ("resnet18", {"width": 2}),
    ("ic_resnet", {"width": 2, "dropout": 0.1}),
]
PLAIN = {"net": "mlp", "shape": [3], "width": 5}
IMAGES = torch.randint(0, 256, (4, *SHAPE), generator=generator(0), dtype=torch.uint8)


def whole(name: str, arguments: dict) -> Classifier:
    """A classifier with all that a spec can say."""
    model = fresh(name, SHAPE, seed=1, **arguments)
    model = Classifier(model.backbone, model.head, tasks=(), mean=(0.1, 0.2, 0.3), std=(1.0, 2.0, 3.0))
    model.grow("ab", seed=1)
    model.grow("cde", seed=1)
    return model.eval()


def bits(model: torch.nn.Module) -> list[bytes]:
    return [tensor.numpy().tobytes() for tensor in model.state_dict().values()]


@pytest.mark.parametrize(("name", "arguments"), OURS)
def test_a_network_is_whole_again_after_json(name, arguments):
    model = whole(name, arguments)
    spec = json.loads(json.dumps(model.spec()))
    built = build(spec, seed=2).eval()
    assert built.spec() == spec == model.spec()
    assert {k: v.shape for k, v in built.state_dict().items()} == {k: v.shape for k, v in model.state_dict().items()}
    assert not torch.equal(built(IMAGES), model(IMAGES)), "another seed, other weights"
    built.load_state_dict(model.state_dict())
    assert torch.equal(built(IMAGES), model(IMAGES))


@pytest.mark.parametrize(("name", "arguments"), OURS)
def test_features_have_the_stated_width(name, arguments):
    backbone = build_backbone({"net": name, "shape": SHAPE, **arguments}).eval()
    assert backbone(torch.zeros(2, *SHAPE)).shape == (2, backbone.features)
    assert backbone(torch.zeros(0, *SHAPE)).shape == (0, backbone.features)


def test_a_network_of_ours_takes_its_inputs_normalised_as_it_is_told():
    plain, scaled = (
        fresh("cnn", SHAPE, seed=1, width=2, **how) for how in ({}, {"mean": (0.1, 0.2, 0.3), "std": (0.5,)})
    )
    inputs = (IMAGES / 255 - torch.tensor([0.1, 0.2, 0.3]).view(3, 1, 1)) / 0.5
    torch.testing.assert_close(scaled.eval().features(IMAGES), plain.eval().features(inputs))
    with pytest.raises(InputError, match=r"3 channels, but there are 2 numbers of the mean: 0\.1, 0\.2"):
        fresh("cnn", SHAPE, seed=1, mean=(0.1, 0.2))


def test_every_network_of_ours_is_tested_here():
    assert {name for name, _ in OURS} == set(BACKBONES) - {"imported"}


@pytest.mark.parametrize(("name", "arguments"), OURS)
def test_the_same_seed_gives_the_same_bits_and_leaves_the_global_state(name, arguments):
    before = torch.get_rng_state()
    spec = whole(name, arguments).spec()
    first, second, other = build(spec, seed=3), build(spec, seed=3), build(spec, seed=4)
    assert torch.equal(torch.get_rng_state(), before)
    assert bits(first) == bits(second)
    assert bits(first) != bits(other)


def test_the_head_does_not_move_the_backbone_s_draws():
    plain = {"net": "classifier", "backbone": PLAIN, "features": 5}
    small = build({**plain, "sizes": [2], "bias": True, "classes": "ab"})
    large = build({**plain, "sizes": [3], "bias": False, "classes": "abc"})
    assert bits(small.backbone) == bits(large.backbone)


def test_a_model_drawn_anew_has_the_same_shape_and_type_and_other_weights():
    model = whole("cnn", {"width": 2}).double()
    other = again(model, seed=9)
    assert other.spec() == model.spec() and other.dtype == torch.float64
    assert {k: (v.shape, v.dtype) for k, v in other.state_dict().items()} == {
        k: (v.shape, v.dtype) for k, v in model.state_dict().items()
    }
    assert not torch.equal(other.head.blocks[0].weight, model.head.blocks[0].weight)


@pytest.mark.parametrize(("keep", "perturb"), [(0.6, 0.1), (0.0, 0.5), (1.5, 0.0)])
def test_a_restart_keeps_so_much_of_the_named_parameters_and_adds_so_much_of_a_draw(keep, perturb):
    model = whole("cnn", {"width": 2})
    before, drawn = copy.deepcopy(model.state_dict()), again(model, seed=9).state_dict()
    names = {"backbone.layers.0.weight", "head.blocks.0.weight"}
    restart(model, names, 9, keep, perturb)
    for name, now in model.state_dict().items():
        if name in names:
            torch.testing.assert_close(now, keep * before[name] + perturb * drawn[name])
        else:
            assert torch.equal(now, before[name]), name
    assert all(parameter.requires_grad and parameter.is_leaf for parameter in model.parameters())


def test_a_restart_at_either_end_is_the_draw_itself_or_no_change():
    model = whole("mlp", {"width": 5})
    names, before = dict(model.named_parameters()).keys(), bits(model)
    restart(model, names, 9, keep=1, perturb=0)
    assert bits(model) == before
    restart(model, names, 9, keep=0, perturb=1)
    assert bits(model) == bits(again(model, seed=9)) != before


def test_a_restart_leaves_running_statistics_and_the_global_state():
    model, state = whole("cnn", {"width": 2}), torch.get_rng_state()
    for buffer in model.buffers():
        buffer.add_(3)
    before = [buffer.clone() for buffer in model.buffers()]
    restart(model, dict(model.named_parameters()), 9, keep=0, perturb=1)
    assert all(map(torch.equal, model.buffers(), before))
    assert torch.equal(torch.get_rng_state(), state)


def test_a_fresh_network_knows_no_class():
    model = fresh("mlp", (4,), seed=0)
    assert model.classes == () and model(torch.zeros(3, 4)).shape == (3, 0)


def test_an_mlp_has_the_stated_layers():
    backbone = build_backbone({"net": "mlp", "shape": [2, 3], "width": 4, "depth": 3})
    sizes = [tuple(p.shape) for name, p in backbone.named_parameters() if name.endswith("weight")]
    assert sizes == [(4, 6), (4, 4), (4, 4)]


def test_dropout_drops_in_training_alone():
    backbone = build_backbone({"net": "mlp", "shape": [3], "width": 400, "depth": 1, "dropout": 0.5})
    inputs = torch.ones(1, 3)
    backbone.eval()
    at_rest = backbone(inputs)
    alive = at_rest > 0
    backbone.train()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        dropped = backbone(inputs)
    assert 0.3 < float((dropped[alive] == 0).float().mean()) < 0.7
    kept = alive & (dropped > 0)
    torch.testing.assert_close(dropped[kept], 2 * at_rest[kept])  # scaled by 1 / (1 - 0.5)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"net": "mpl", "shape": [3]}, "unknown network 'mpl'. Did you mean 'mlp'"),
        ({"net": "mlp", "shape": [3], "widht": 5}, "'mlp' cannot be made from .*widht"),
        ({"net": "mlp"}, "'mlp' cannot be made from .*shape"),
        ({"net": "mlp", "shape": [3], "depth": 0}, "depth must be >= 1, got 0"),
    ],
)
def test_a_backbone_that_cannot_be_made_is_told(spec, said):
    with pytest.raises(InputError, match=said):
        build_backbone(spec)


def test_a_spec_that_is_not_whole_is_refused():
    spec = Classifier(build_backbone(PLAIN), Head(5, [2]), "ab").spec()
    with pytest.raises(InputError, match="the spec says 'mlp'"):
        build(PLAIN)
    with pytest.raises(InputError, match="not whole: 'sizes'"):
        build({name: value for name, value in spec.items() if name != "sizes"})
    with pytest.raises(InputError, match=r"not whole: .*colour"):
        build({**spec, "colour": "red"})


@pytest.mark.parametrize(
    ("shape", "wanted"),
    [
        ((1, 8, 6), ImageTransform((8, 6), channels=1)),
        ((3, 8, 6), ImageTransform((8, 6), channels=3)),
        ((2, 8, 6), None),
        ((12,), None),
    ],
)
def test_a_network_for_images_says_how_files_become_its_inputs(shape, wanted):
    assert build_backbone({"net": "mlp", "shape": shape, "width": 2}).transform == wanted


def test_an_mlp_may_have_layers_of_different_widths():
    backbone = build_backbone({"net": "mlp", "shape": [3], "width": [6, 5]})
    assert [tuple(each.shape) for each in backbone.parameters()] == [(6, 3), (6,), (5, 6), (5,)]
    assert (backbone.features, backbone.depth) == (5, 2)
    assert build_backbone(backbone.spec()).spec() == backbone.spec() == {**backbone.spec(), "width": [6, 5]}
    with pytest.raises(InputError, match="depth must count the widths, or be left out, got 3"):
        build_backbone({"net": "mlp", "shape": [3], "width": [6, 5], "depth": 3})
    with pytest.raises(InputError, match="depth must be >= 1"):
        build_backbone({"net": "mlp", "shape": [3], "width": []})
