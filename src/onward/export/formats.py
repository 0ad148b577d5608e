"""The formats by name: how each is written, and how a user's runtime opens it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from onward.errors import InputError, unknown
from onward.export import onnx, programs, weights
from onward.export.description import CONFIG, Description
from onward.nets.classifier import Classifier


@dataclass(frozen=True)
class Format:
    """A kind of file that holds a network.

    Args:
        file: its name in the folder of an export.
        write: writes it into a folder: from the model, inputs as they are stored, (n, *shape), and the description.
        opened: returns what it holds as a user's runtime has it: inputs as they are stored -> (b, classes) logits.
        exact: whether it computes the version's logits bit for bit; else to within rounding.
    """

    file: str
    write: Callable[[Path, Classifier, Tensor, Description], None]
    opened: Callable[[Path], Callable[[Tensor], Tensor]]
    exact: bool = False


FORMATS = {
    "safetensors": Format(weights.FILE, weights.write_state, weights.opened_state, exact=True),
    "torchscript": Format(programs.SCRIPT, programs.write_script, programs.opened_script),
    "torch-export": Format(programs.PROGRAM, programs.write_program, programs.opened_program),
    "onnx": Format(onnx.FILE, onnx.write_onnx, onnx.opened_onnx),
}

# Not bit-equal: the head's blocks become one matrix product.
OWN_NAMES = Format(weights.FILE, weights.write_own_state, weights.opened_own_state)

CARD = "README.md"
"""The version's model card, where it has one."""

PARTS = frozenset({CONFIG, CARD, *(format.file for format in FORMATS.values())})
"""Every file that an export may hold."""


def format_named(name: str, own_names: bool) -> Format:
    """Return a format.

    Args:
        name: of ``FORMATS``.
        own_names: whether tensors are to have the names of the user's own network.

    Raises:
        InputError: when there is no such format, or it has no names.
    """
    if name not in FORMATS:
        raise unknown("format", name, FORMATS)
    if own_names and name != "safetensors":
        raise InputError(f"names of your own are for tensors in safetensors; {name} holds a program, without names")
    return OWN_NAMES if own_names else FORMATS[name]
