"""A user's own Dataset and DataLoader update a user's own network in Python."""

from __future__ import annotations

import torch
from tests.nets.resnet_cifar import resnet20
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

import onward

FAST = onward.Settings(epochs=1, batch_size=16, lr=0.01)


class Coloured(Dataset):
    """Digits in colour, as dictionaries."""

    classes = tuple("0123456789")

    def __init__(self, source: str) -> None:
        self.held = onward.read(source)

    def __len__(self) -> int:
        return len(self.held)

    def __getitem__(self, row: int) -> dict[str, Tensor]:
        return {"image": self.held.inputs[row].repeat(3, 1, 1), "label": self.held.targets[row]}


def test_a_dataset_a_loader_and_arrays_of_the_same_examples_give_the_same_bits():
    network = resnet20(3).eval()
    begun = onward.Learner(
        onward.adopted("tests.nets.resnet_cifar:resnet20", "012", network.state_dict(), arguments={"classes": 3})
    )
    mine = Coloured("digits:train@classes=1,2,3,4@rows=0:48")
    whole = torch.stack([mine[k]["image"] for k in range(len(mine))])
    given = {
        "dataset": onward.data(mine),
        "loader": onward.data(DataLoader(mine, batch_size=7, shuffle=True, num_workers=2)),
        "arrays": onward.data(whole, mine.classes, targets=mine.held.targets),
    }
    ways = [onward.update(begun, data, FAST, seed=3)[0] for data in given.values()]
    assert {way.classes for way in ways} == {("0", "1", "2", "3", "4")}
    first, *others = [way.model.state_dict() for way in ways]
    assert all(tensor.equal(other[name]) for other in others for name, tensor in first.items())
    before = begun.model.state_dict()
    assert not first["backbone.network.conv1.weight"].equal(before["backbone.network.conv1.weight"])
    assert onward.judge(ways[0], given["loader"]).accuracy == onward.judge(ways[0], given["arrays"]).accuracy
