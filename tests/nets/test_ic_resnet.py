"""The residual network of one convolution a block, written out."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from onward.nets.ic_resnet import ICResNet
from onward.nets.zoo import build_backbone
from onward.rng import generator


def test_with_twenty_filters_and_a_hundred_classes_it_has_the_half_million_parameters_of_the_paper():
    """Convolutions 540 + 9 (20² 2 + 20 40 + 40² + 40 80 + 80² + 80 160 + 160²), shortcuts 20 40 + 40 80 + 80 160, norms
    2 (20 + 4 (20 + 40 + 80 + 160)), head 100 (160 + 1)."""
    convolutions = 540 + 9 * (2 * 400 + 800 + 1600 + 3200 + 6400 + 12_800 + 25_600)
    wanted = convolutions + 800 + 3200 + 12_800 + 2 * (20 + 4 * 300)
    assert sum(each.numel() for each in ICResNet((3, 32, 32)).parameters()) == wanted == 480_580
    assert wanted + 16_100 == 496_680


def test_a_block_normalises_behind_each_relu_and_its_shortcut_has_no_norm():
    net = build_backbone({"net": "ic_resnet", "shape": [3, 8, 8], "width": 2}).train()
    inputs = torch.randn(6, 3, 8, 8, generator=generator(0, "inputs"))
    said = F.relu(net.stem[1](F.conv2d(inputs, net.stem[0].weight, padding=1)))
    for number, block in enumerate(net.blocks):
        stride = 2 if number in (2, 4, 6) else 1
        inner = normal(F.relu(F.conv2d(said, block.conv.weight, stride=stride, padding=1)))
        beside = F.conv2d(said, block.shortcut.weight, stride=stride) if stride == 2 else said
        said = normal(F.relu(inner + beside))
    torch.testing.assert_close(net(inputs), said.mean((2, 3)), rtol=1e-4, atol=1e-5)


def normal(values):
    """What batch norm makes of a batch at first."""
    mean, var = values.mean((0, 2, 3), keepdim=True), values.var((0, 2, 3), unbiased=False, keepdim=True)
    return (values - mean) / (var + 1e-5).sqrt()
