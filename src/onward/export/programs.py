"""A network as a program of torch's own: TorchScript, and what ``torch.export`` captures.

A program takes batches of any size. Nothing of it is Python, and no pickle is read or written by Python.
"""

from __future__ import annotations

import json
import logging
import warnings
import zipfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import torch
from torch import Tensor

from onward.errors import InputError, StoreError, listed
from onward.export.description import Description
from onward.nets.classifier import Classifier

SCRIPT, PROGRAM = "model.torchscript.pt", "model.pt2"


@contextmanager
def capturing(kind: str) -> Generator[None]:
    """Follow a network without gradients and without the tools' own doubts: the check afterwards settles them.

    Args:
        kind: what is made, as the subject of the message.

    Raises:
        InputError: when the network cannot be followed, with the tool's reason.
    """
    told = logging.getLogger("torch")
    level = told.level
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            told.setLevel(logging.CRITICAL)
            yield
    except Exception as error:  # the tools raise what they like, from wherever a user's network stops them
        reason = listed([line.strip() for line in str(error).splitlines() if line.strip()][:2]) or type(error).__name__
        raise InputError(f"{kind} cannot be made of this network: {reason}. Export it as safetensors.") from error
    finally:
        told.setLevel(level)


def two_of(inputs: Tensor) -> Tensor:
    """Return the batch that a capture sees; from a batch of one, torch would take it that there is always one."""
    return torch.cat((inputs[:1], inputs[-1:]))


def write_script(folder: Path, model: Classifier, example: Tensor, description: Description) -> None:
    """Write TorchScript, from a trace.

    Raises:
        InputError: when the network cannot be traced.
    """
    with capturing("TorchScript"):
        torch.jit.save(torch.jit.trace(model, (two_of(example),), check_trace=False), folder / SCRIPT)


def opened_script(folder: Path) -> Callable[[Tensor], Tensor]:
    """Return the network that a TorchScript file holds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch announces the end of TorchScript
        return torch.jit.load(folder / SCRIPT)


def captured(model: Classifier, example: Tensor) -> torch.export.ExportedProgram:
    """Return a model as a program for batches of any size; it keeps no example."""
    batch = torch.export.Dim("batch")
    program = torch.export.export(model, (two_of(example),), dynamic_shapes=({0: batch},))
    program.example_inputs = None  # a file would hold them as a pickle
    return program


def write_program(folder: Path, model: Classifier, example: Tensor, description: Description) -> None:
    """Write what ``torch.export`` captures.

    Raises:
        InputError: when the network cannot be captured.
    """
    with capturing("A program of torch.export"):
        torch.export.save(captured(model, example), folder / PROGRAM)


def opened_program(folder: Path) -> Callable[[Tensor], Tensor]:
    """Return the network that such a file holds.

    Raises:
        StoreError: when there is a pickle in the file.
    """
    refuse_pickles(folder / PROGRAM)
    return torch.export.load(folder / PROGRAM).module()


def refuse_pickles(path: Path) -> None:
    """Refuse a file of ``torch.export`` in which something would be unpickled: ``torch.export.load`` asks nobody.

    Tensors and the program lie in it as bytes and as JSON. Pickles are example inputs, tensors of a class of their
    own, objects, and every tensor where an older torch wrote the file.

    Raises:
        StoreError: naming the parts.
    """
    with zipfile.ZipFile(path) as archive:
        parts = [part for part in archive.infolist() if part.file_size]
        configs = [json.loads(archive.read(part)) for part in parts if part.filename.endswith("_config.json")]
    pickled = [name for config in configs for name, held in config["config"].items() if held["use_pickle"]]
    pickled += [part.filename for part in parts if part.filename.endswith(".pt")]
    if pickled:
        raise StoreError(f"{path.name} holds pickles ({listed(pickled, most=3)}) and is not read; update torch")
