"""Tensors come back as they went; what holds more than tensors is not read."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from onward.errors import InputError, StoreError
from onward.store.tensors import fill, read_tensors, read_weights, write_tensors

KINDS = [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.uint8, torch.bool]


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("kind", KINDS)
def test_a_tensor_of_any_type_and_shape_comes_back_bit_for_bit(tmp_path, kind):
    held = {
        "matrix": torch.arange(6).view(2, 3).to(kind),
        "turned": torch.arange(6).view(2, 3).to(kind).T,
        "number": torch.tensor(1).to(kind),
        "nothing": torch.zeros(0, 3).to(kind),
        "nothing either": torch.zeros(0).to(kind),
        "a/b.c é": torch.ones(1).to(kind),
    }
    write_tensors(tmp_path / "t", held)
    back = read_tensors(tmp_path / "t")
    assert back.keys() == held.keys()
    for name, tensor in held.items():
        assert back[name].dtype == kind and back[name].shape == tensor.shape
        assert torch.equal(back[name], tensor)


def test_nan_and_minus_zero_come_back(tmp_path):
    write_tensors(tmp_path / "t", {"x": torch.tensor([torch.nan, -0.0, torch.inf])})
    back = read_tensors(tmp_path / "t")["x"]
    assert back.isnan().tolist() == [True, False, False] and back.signbit().tolist()[1]


def test_tensors_that_share_memory_are_written_out_each(tmp_path):
    whole = torch.arange(4.0)
    write_tensors(tmp_path / "t", {"whole": whole, "same": whole, "half": whole[:2], "other": whole[2:]})
    back = read_tensors(tmp_path / "t")
    assert {name: tensor.tolist() for name, tensor in back.items()} == {
        "whole": [0, 1, 2, 3], "same": [0, 1, 2, 3], "half": [0, 1], "other": [2, 3],
    }  # fmt: skip
    back["same"].zero_()
    assert back["whole"].tolist() == [0, 1, 2, 3]


def test_what_was_read_does_not_hang_on_the_file(tmp_path):
    write_tensors(tmp_path / "t", {"x": torch.ones(1000)})
    back = read_tensors(tmp_path / "t")["x"]
    (tmp_path / "t").write_bytes(bytes(5000))
    assert back.sum() == 1000


def test_of_no_tensors_none_come_back(tmp_path):
    write_tensors(tmp_path / "t", {})
    assert read_tensors(tmp_path / "t") == {}


def test_a_file_cut_anywhere_is_refused(tmp_path):
    write_tensors(tmp_path / "whole", {"x": torch.arange(3.0), "y": torch.ones(2, dtype=torch.uint8)})
    raw = (tmp_path / "whole").read_bytes()
    for length in range(len(raw)):
        (tmp_path / "cut").write_bytes(raw[:length])
        with pytest.raises(StoreError, match=r"is not a whole safetensors file .*Restore it from a copy"):
            read_tensors(tmp_path / "cut")


def test_a_pickle_in_place_of_tensors_is_refused_and_not_run(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(pickle.dumps(Planted(tmp_path / "planted")))
    with pytest.raises(StoreError, match="pickles are never read"):
        read_tensors(tmp_path / "model.safetensors")
    torch.save({"x": torch.ones(1)}, tmp_path / "model.safetensors")
    with pytest.raises(StoreError, match="pickles are never read"):
        read_tensors(tmp_path / "model.safetensors")
    assert not (tmp_path / "planted").exists()


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(StoreError, match="Restore it from a copy"):
        read_tensors(tmp_path / "gone")


def tied() -> nn.Module:
    model = nn.ModuleDict({"in": nn.Linear(3, 3), "out": nn.Linear(3, 3)})
    model["out"].weight = model["in"].weight
    return model


def test_a_filled_model_has_the_tensors_their_types_and_its_own_ties():
    source, model = tied().double(), tied()
    fill(model, {name: tensor.clone() for name, tensor in source.state_dict().items()})
    assert {name: tensor.dtype for name, tensor in model.state_dict().items()} == dict.fromkeys(
        source.state_dict(), torch.float64
    )
    assert all(torch.equal(model.state_dict()[name], tensor) for name, tensor in source.state_dict().items())
    assert model["out"].weight is model["in"].weight


def test_a_model_of_several_types_is_filled_with_each():
    source = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    source[1].double()
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    fill(model, source.state_dict())
    assert {n: t.dtype for n, t in model.state_dict().items()} == {n: t.dtype for n, t in source.state_dict().items()}


def test_buffers_that_are_in_no_file_get_the_type_of_the_weights():
    model = nn.Linear(2, 2)
    model.register_buffer("shift", torch.zeros(2), persistent=False)
    fill(model, {name: tensor.bfloat16() for name, tensor in model.state_dict().items()})
    assert model.shift.dtype == model.weight.dtype == torch.bfloat16


def test_a_model_is_not_filled_with_tensors_of_another():
    with pytest.raises(RuntimeError, match="Missing key"):
        fill(nn.Linear(2, 2), {"weight": torch.zeros(2, 2)})
    with pytest.raises(RuntimeError, match="Unexpected key"):
        fill(nn.Linear(2, 2, bias=False), {"weight": torch.zeros(2, 2), "more": torch.zeros(2)})
    with pytest.raises(RuntimeError, match="size mismatch"):
        fill(nn.Linear(2, 2, bias=False), {"weight": torch.zeros(3, 2)})


WEIGHTS = {"fc.weight": torch.arange(6.0).view(2, 3), "fc.bias": torch.ones(2)}


@pytest.mark.parametrize(
    "checkpoint",
    [
        WEIGHTS,
        {name: nn.Parameter(tensor) for name, tensor in WEIGHTS.items()},
        {"state_dict": WEIGHTS, "epoch": 3, "best": 0.5},
        {"model_state_dict": WEIGHTS, "optimiser": {"lr": 0.1}},
        {"model": WEIGHTS},
    ],
)
@pytest.mark.parametrize("name", ["w.pt", "w.pth", "w"])
def test_weights_are_read_from_a_checkpoint_of_tensors(tmp_path, checkpoint, name):
    torch.save(checkpoint, tmp_path / name)
    read = read_weights(tmp_path / name)
    assert read.keys() == WEIGHTS.keys() and all(torch.equal(read[key], WEIGHTS[key]) for key in read)


def test_weights_are_read_from_safetensors(tmp_path):
    save_file(WEIGHTS, tmp_path / "w.safetensors")
    read = read_weights(str(tmp_path / "w.safetensors"))
    assert read.keys() == WEIGHTS.keys() and all(torch.equal(read[key], WEIGHTS[key]) for key in read)


@pytest.mark.parametrize("wrapped", [lambda x: x, lambda x: {"state_dict": x}, lambda x: {**WEIGHTS, "hook": x}])
def test_weights_with_code_in_them_are_refused_and_not_run(tmp_path, wrapped):
    planted = tmp_path / "planted"
    torch.save(wrapped(Planted(planted)), tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"w\.pt holds more than tensors.*a pickle can run code.*safetensors"):
        read_weights(tmp_path / "w.pt")
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(wrapped(Planted(planted))))
    with pytest.raises(InputError, match="refused"):
        read_weights(tmp_path / "plain.pkl")
    assert not planted.exists()
    torch.load(tmp_path / "w.pt", weights_only=False)  # the plant is a live one
    assert planted.exists()


def test_a_whole_model_in_a_pickle_is_refused(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "w.pt")
    with pytest.raises(InputError, match=r"torch\.save\(model\.state_dict\(\)"):
        read_weights(tmp_path / "w.pt")


def test_other_than_tensors_by_name_is_refused(tmp_path):
    for held, kinds in ((3, "int"), ([torch.ones(1)], "list"), ({"w": torch.ones(1), "lr": 0.1}, "Tensor, float")):
        torch.save(held, tmp_path / "w.pt")
        with pytest.raises(InputError, match=f"does not hold a state dict .* but {kinds}$"):
            read_weights(tmp_path / "w.pt")


def test_damaged_and_missing_weights_are_refused(tmp_path):
    torch.save(WEIGHTS, tmp_path / "w.pt")
    raw = (tmp_path / "w.pt").read_bytes()
    for end in (".pt", ".safetensors"):
        for length in (0, 10, len(raw) // 2, len(raw) - 1):
            (tmp_path / f"cut{end}").write_bytes(raw[:length])
            with pytest.raises(InputError):
                read_weights(tmp_path / f"cut{end}")
        with pytest.raises(InputError, match="there is no file"):
            read_weights(tmp_path / f"gone{end}")
