"""A network as ONNX, with its classes in the file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from onward.errors import optional
from onward.export.description import Description
from onward.export.programs import captured, capturing
from onward.nets.classifier import Classifier

FILE = "model.onnx"


def write_onnx(folder: Path, model: Classifier, example: Tensor, description: Description) -> None:
    """Write ONNX from what ``torch.export`` captures, with the description among the model's metadata, as JSON.

    Raises:
        InputError: when the network cannot be captured, or has what ONNX lacks.
        MissingExtraError: when what writes ONNX is not installed, or what it is checked with.
    """
    for module in ("onnx", "onnxscript", "onnxruntime"):
        optional(module, "export", "Exporting as ONNX")
    with capturing("ONNX"):
        program: Any = torch.onnx.export(
            captured(model, example),
            dynamo=True,
            verbose=False,
            input_names=["inputs"],
            output_names=["logits"],
            dynamic_shapes=({0: "batch"},),  # its name in the file; that it varies the program knows
        )
        for name, value in asdict(description).items():
            program.model.metadata_props[name] = json.dumps(value, ensure_ascii=False)
        program.save(folder / FILE, external_data=False)


def opened_onnx(folder: Path) -> Callable[[Tensor], Tensor]:
    """Return the network that an ONNX file holds, as ONNX Runtime runs it on the CPU."""
    runtime = optional("onnxruntime", "export", "Running ONNX")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = runtime.InferenceSession(folder / FILE, options, providers=["CPUExecutionProvider"])
    return lambda inputs: torch.from_numpy(session.run(["logits"], {"inputs": inputs.numpy()})[0])
