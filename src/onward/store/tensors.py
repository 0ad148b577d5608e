"""Tensors in safetensors files. A user's ``.pt`` file is read for its tensors alone."""

from __future__ import annotations

import pickletools
import warnings
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

import safetensors.torch
import torch
from safetensors import SafetensorError
from torch import Tensor, nn

from onward.errors import InputError, StoreError, listed
from onward.store.files import write

IN_A_ROW = 5
"""Pickles with which a ``.pt`` file of the old form begins."""

LONGEST_NAME = 1000
"""Letters of a path that a ``.pt`` file may ask for; on longer ones torch takes time by the square of their length."""


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors by name. Those that share memory are written out each."""
    write(path, as_bytes(tensors))


def as_bytes(tensors: Mapping[str, Tensor], told: Mapping[str, str] | None = None) -> bytes:
    """Return the content of a safetensors file: tensors by name, and what is told beside them."""
    seen: set[int] = set()
    plain = {}
    for name, tensor in tensors.items():
        own = tensor.detach().cpu().contiguous()
        storage = own.untyped_storage()
        shared = storage.data_ptr() in seen or own.numel() * own.element_size() < storage.nbytes()
        plain[name] = own.clone() if shared else own
        seen.add(storage.data_ptr())
    return safetensors.torch.save(plain, None if told is None else dict(told))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Return the tensors of a file, each in memory of its own.

    Raises:
        StoreError: when it is not a whole safetensors file.
    """
    try:
        return {name: tensor.clone() for name, tensor in safetensors.torch.load_file(path).items()}
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise StoreError(
            f"{path} is not a whole safetensors file ({error}). It was cut off or changed, or is of another kind; "
            "pickles are never read. Restore it from a copy, or load another version."
        ) from error


def fill(model: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put tensors into a model, each in its own type. Weights that the model ties stay tied.

    Raises:
        RuntimeError, TypeError: when a name, a shape or a kind of number differs.
    """
    first = next((name for name, _ in model.named_parameters()), "")
    if first in tensors:
        model.to(tensors[first].dtype)  # with the buffers that are in no file
    for name, own in model.state_dict(keep_vars=True).items():
        own.data = own.to(tensors[name].dtype) if name in tensors else own.data
    model.load_state_dict(tensors, strict=True)


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """Return the state dict that a user brings: safetensors, or a ``.pt`` file that holds nothing but tensors.

    Raises:
        InputError: when the file is not there, is of another kind, or holds objects.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError(f"there is no file {file}; give the weights as .safetensors, or as .pt with a state dict")
    if file.suffix == ".safetensors":
        try:
            return read_tensors(file)
        except StoreError as error:
            raise InputError(str(error)) from error
    try:
        refuse_long_names(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a pickle's protocol: what is no state dict is refused below
            loaded = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds; all of them mean that the file is refused
        raise InputError(
            f"{file} holds more than tensors, or is damaged, and is refused: a pickle can run code. Save the state "
            "dict as safetensors, or with torch.save(model.state_dict(), ...)."
        ) from error
    return state_dict(loaded, file)


def refuse_long_names(file: Path) -> None:
    """Refuse a ``.pt`` file that asks for a name of thousands of letters: torch would take hours to say why it refuses.

    Nothing is run: the words of its pickles, one in an archive or a few in a row, are looked at.

    Raises:
        ValueError: when it asks for such a name, or its pickles are not whole.
    """
    with ExitStack() as open_files:
        if zipfile.is_zipfile(file):
            archive = open_files.enter_context(zipfile.ZipFile(file))
            pickles = [
                open_files.enter_context(archive.open(name))
                for name in archive.namelist()
                if name.endswith("/data.pkl")
            ]
        else:
            pickles = [open_files.enter_context(file.open("rb"))] * IN_A_ROW
        for each in pickles:
            for word, given, _ in pickletools.genops(each):
                if word.name == "GLOBAL" and len(str(given)) > LONGEST_NAME:
                    raise ValueError(f"it asks for a name of {len(str(given)):,} letters")


def state_dict(loaded: object, file: Path) -> dict[str, Tensor]:
    """Return the tensors by name, from under the usual keys of a training checkpoint too.

    Raises:
        InputError: when there are none.
    """
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
            break
    if not isinstance(loaded, Mapping) or not all(isinstance(value, Tensor) for value in loaded.values()):
        held = loaded.values() if isinstance(loaded, Mapping) else [loaded]
        kinds = sorted({type(value).__name__ for value in held})
        raise InputError(f"{file} does not hold a state dict (tensors by name) but {listed(kinds)}")
    return {str(name): tensor for name, tensor in loaded.items()}
