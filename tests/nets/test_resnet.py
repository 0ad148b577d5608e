"""The residual network has the size that the literature gives."""

from __future__ import annotations

import pytest
import torch

from onward.nets.head import Head
from onward.nets.resnet import Block, ResNet18


@pytest.mark.parametrize(("width", "count"), [(64, 11_173_962), (20, 1_094_750)])
def test_the_number_of_parameters_is_that_of_the_literature(width, count):
    # With w filters in the first stage, by hand (a batch norm of c filters has 2c parameters):
    #   stem            27 w    +  2 w
    #   first stage     4 · 9 w²  +  4 · 2 w
    #   a later stage of c filters after c/2:
    #       convolutions 9 c²/2 + 3 · 9 c²,  shortcut c²/2,  norms 5 · 2 c;   together 32 c² + 10 c
    #   c = 2w, 4w, 8w:  32 · 84 w² + 140 w
    # In all 2724 w² + 177 w, and a head of 8w · 10 + 10.
    # w = 64: 11,168,832 + 5,130, the 11.17 M of the CIFAR papers; w = 20: 1,093,140 + 1,610, the 1.09 M of the
    # "reduced ResNet-18".
    assert 2724 * width**2 + 177 * width + 80 * width + 10 == count
    with torch.device("meta"):
        parameters = [*ResNet18((3, 32, 32), width).parameters(), *Head(8 * width, [10]).parameters()]
    assert sum(parameter.numel() for parameter in parameters) == count


def test_the_map_is_halved_three_times_and_then_averaged():
    net = ResNet18((3, 32, 32), width=2).eval()
    shapes = []
    for block in net.blocks[1::2]:
        block.register_forward_hook(lambda block, inputs, output: shapes.append(tuple(output.shape[1:])))
    features = net(torch.zeros(1, 3, 32, 32))
    assert shapes == [(2, 32, 32), (4, 16, 16), (8, 8, 8), (16, 4, 4)] and features.shape == (1, 16)


def test_a_block_whose_inner_way_is_silent_passes_its_input_on():
    block = Block(3, 3, 1).eval()
    torch.nn.init.zeros_(block.norm2.weight)
    inputs = torch.arange(48.0).view(1, 3, 4, 4)
    assert torch.equal(block(inputs), inputs)
    assert not isinstance(Block(3, 6, 1).shortcut, torch.nn.Identity)
    assert not isinstance(Block(3, 3, 2).shortcut, torch.nn.Identity)
