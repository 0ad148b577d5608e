"""The residual networks of CIFAR, and the shortcut that pads."""

from __future__ import annotations

import pytest
import torch
from tests.nets.resnet_cifar import resnet20
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.cifar_resnet import CifarResNet, padding


def test_the_shortcut_takes_every_second_pixel_and_pads_with_zeros():
    inputs = torch.rand(2, 4, 6, 6)
    assert torch.equal(padding(4, 8, 2)(inputs), F.pad(inputs[:, :, ::2, ::2], (0, 0, 0, 0, 2, 2)))


def test_it_is_the_published_network_under_the_published_names():
    torch.manual_seed(0)
    theirs = resnet20(classes=5).eval()
    ours = CifarResNet(depth=20, classes=5).eval()
    ours.load_state_dict(theirs.state_dict())
    inputs = torch.rand(2, 3, 8, 8)
    torch.testing.assert_close(ours(inputs), theirs(inputs))
    assert sum(each.numel() for each in CifarResNet().parameters()) == 269_722


def test_a_depth_that_makes_no_stages_is_refused():
    with pytest.raises(InputError, match=r"depth must be 6 n \+ 2, such as 20, got 18"):
        CifarResNet(depth=18)
