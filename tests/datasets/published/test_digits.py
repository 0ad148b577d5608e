import pytest
import torch
from sklearn.datasets import load_digits

from onward.datasets.published import digits


@pytest.fixture(scope="module")
def train():
    return digits.read("train")


@pytest.fixture(scope="module")
def test():
    return digits.read("test")


def test_digits_are_split_four_to_one_in_every_class(train, test):
    # scikit-learn's counts a class are 178 182 177 183 181 182 181 179 174 180; a fifth of each, rounded:
    assert torch.bincount(test.targets).tolist() == [36, 36, 35, 37, 36, 36, 36, 36, 35, 36]
    assert len(train.targets) == 1797 - 359


def test_the_parts_are_disjoint_and_cover(train, test):
    rows = torch.cat([train.inputs, test.inputs]).flatten(1).tolist()
    original = torch.tensor(load_digits().images).flatten(1)
    assert sorted(rows) == sorted((original * 255 / 16).round().to(torch.uint8).tolist())


def test_digits_are_bytes_from_0_to_255(train):
    assert train.inputs.shape[1:] == (1, 8, 8) and train.inputs.dtype == torch.uint8
    assert sorted(set(train.inputs.flatten().tolist())) == [round(k * 255 / 16) for k in range(17)]


def test_the_split_never_moves(test):
    # Written down from the first run: a model's test part must be the same in every version and on every machine.
    assert test.targets[:12].tolist() == [0, 1, 2, 4, 7, 5, 0, 8, 7, 7, 3, 7]
    assert int((test.inputs.long().flatten() * torch.arange(test.inputs.numel()) % 1009).sum()) == 5_956_428
