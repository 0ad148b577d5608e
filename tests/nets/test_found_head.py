"""The head is the linear layer whose output is the network's own, wherever it was defined."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from onward.errors import InputError
from onward.nets.found_head import FoundHead, find_head, last_linear, part_of, traced
from onward.rng import generator

INPUTS = torch.rand(2, 5, generator=generator(0))


class HeadFirst(nn.Module):
    """Its head is defined before the layer that it stands on; what comes after it is ``then``."""

    def __init__(self, then=None) -> None:
        super().__init__()
        self.head, self.neck, self.then = nn.Linear(4, 3), nn.Linear(5, 4), then

    def forward(self, x: Tensor) -> object:
        logits = self.head(F.relu(self.neck(x)))
        return logits if self.then is None else self.then(logits)


def test_the_head_is_found_where_the_order_of_definition_misleads():
    assert find_head(HeadFirst(), INPUTS) == FoundHead("head")
    assert last_linear(HeadFirst()) == "neck"


@pytest.mark.parametrize(
    "after", [nn.Dropout(0.5), nn.Flatten(), nn.Identity(), nn.Sequential(nn.Dropout(), nn.Unflatten(1, (3, 1)))]
)
def test_what_only_looks_at_the_logits_may_come_after_the_head(after):
    assert find_head(nn.Sequential(nn.Linear(5, 4), nn.Linear(4, 3), after), INPUTS).layer == "1"


@pytest.mark.parametrize(
    ("then", "part"),
    [
        (lambda z: {"hidden": z + 1, "logits": z}, "logits"),
        (lambda z: {"scores": z, "hidden": z + 1}, "scores"),
        (lambda z: (z + 1, z), "1"),
        (lambda z: SimpleNamespace(hidden=z + 1, logits=z), "logits"),
        (lambda z: [None, z], "1"),
    ],
)
def test_the_logits_may_be_a_part_of_the_output(then, part):
    network = HeadFirst(then)
    found = find_head(network, INPUTS)
    assert found == FoundHead("head", part)
    assert torch.equal(part_of(network(INPUTS), found.part), HeadFirst.forward(without(network), INPUTS))


def without(network: HeadFirst) -> HeadFirst:
    """The same network with nothing after its head."""
    plain = HeadFirst()
    plain.load_state_dict(network.state_dict())
    return plain


def test_logits_that_are_picked_out_come_from_the_last_layer_with_so_many_outputs():
    class LastToken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.score = nn.Linear(5, 3)

        def forward(self, x: Tensor) -> Tensor:
            return self.score(x[:, None].expand(-1, 4, -1))[:, -1]

    assert find_head(LastToken(), INPUTS).layer == "score"


def test_a_network_that_is_one_linear_layer_is_its_own_head():
    assert find_head(nn.Linear(5, 2), INPUTS) == FoundHead("")


def test_looking_leaves_the_network_as_it_was():
    network = HeadFirst().train()
    traced(network, INPUTS)
    assert network.training and all(not module._forward_hooks for module in network.modules())


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (
            nn.Sequential(nn.Conv1d(1, 3, 5), nn.Flatten()),
            r"no linear layer to be its head; its output comes from '0' \(Conv1d\); .* Conv1d, Flatten, Sequential",
        ),
        (
            nn.Sequential(nn.Linear(5, 4), nn.Unflatten(1, (1, 4)), nn.Conv1d(1, 3, 4), nn.Flatten()),
            r"3 outputs come from '2' \(Conv1d\), not from a linear layer",
        ),
        (HeadFirst(lambda z: {"hidden": None}), "gives a dict with no tensor in it"),
        (HeadFirst(lambda z: z @ torch.ones(3, 9)), "9 outputs come from a computation outside its modules"),
        (nn.Linear(6, 2), r"the model cannot take inputs of shape \(5,\), torch.float32: mat1 and mat2"),
    ],
)
def test_what_has_no_linear_head_is_told_by_what_gave_its_output(network, said):
    with pytest.raises(InputError, match=said):
        find_head(
            network, INPUTS[:, None] if isinstance(network, nn.Sequential) and has_conv_first(network) else INPUTS
        )


def has_conv_first(network: nn.Sequential) -> bool:
    return isinstance(network[0], nn.Conv1d)


def test_a_part_that_is_not_there_is_told():
    with pytest.raises(InputError, match="a tuple with no part '3' in it"):
        part_of((INPUTS,), "3")
