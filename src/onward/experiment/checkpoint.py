"""A network from elsewhere as what an experiment begins with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from onward.datasets.published.named import data_root
from onward.errors import InputError
from onward.experiment.plan import ModelPlan
from onward.nets.adapters import fresh_lora
from onward.nets.adopt import adopted, drawn
from onward.nets.classifier import Classifier
from onward.store import files
from onward.store.tensors import read_weights
from onward.types import Data, present, shape_of

IMPORTED = "imported"
"""What ``net`` says of such a network."""

TAKES = ("factory", "arguments", "weights", "mean", "std", "lora")
"""What stands beside it: the import path of what makes the network, and its arguments; a file of weights; mean and
standard deviation of the inputs by channel; fields of a LoRA, which is then, with the head, all that updates move."""


def brought(arguments: Mapping[str, Any], first: Data, seed: int, data_dir: Path | None) -> Classifier:
    """Return the network, with the weights of a checkpoint where one is named.

    Args:
        arguments: some of ``TAKES``, and of the weights the ``sha256``.
        first: what arrives first; its classes, in their order, are those of a checkpoint.
        seed: of what is drawn: all weights where there is no checkpoint.
        data_dir: the folder in which the checkpoint lies; None is where data sets lie.

    Raises:
        InputError: when there is no such network, or the checkpoint is not there or does not fit.
    """
    file = arguments.get("weights")
    lora = arguments.get("lora")
    return adopted(
        str(arguments.get("factory", "")),
        present(first) if file else (),
        weights_in(data_root(data_dir) / str(file), arguments.get("sha256")) if file else None,
        arguments=arguments.get("arguments"),
        mean=arguments.get("mean", ()),
        std=arguments.get("std", ()),
        adapter=fresh_lora(lora) if lora else None,
        example=drawn(shape_of(first), seed),
        seed=seed,
    )


def weights_in(path: Path, sha256: str | None = None) -> Mapping[str, Tensor]:
    """Return the tensors of a file of weights.

    Args:
        path: of the file.
        sha256: its hash; None does not ask.

    Raises:
        InputError: when it is not there, cannot be read, or is another one.
    """
    if sha256 not in (None, (found := hash_of(path))):
        raise InputError(f"{path} is not the file that is meant: its sha256 is {found}, and {sha256} is asked for")
    return read_weights(path)


def hash_of(path: Path) -> str:
    """Return the hash of a file of weights.

    Raises:
        InputError: when it is not there.
    """
    if not path.is_file():
        raise InputError(
            f"there are no weights at {path}. They are looked for where data sets lie, in the folder of --data-dir or "
            "ONWARD_DATA; put the file there"
        )
    return files.sha256(path)


def held_to(plan: ModelPlan, data_dir: Path | None) -> ModelPlan:
    """Return the plan of a network with the hash of its weights, so that other weights make another run.

    Raises:
        InputError: when the weights are not there.
    """
    file = plan.arguments.get("weights") if plan.net == IMPORTED else None
    return plan.but({"sha256": hash_of(data_root(data_dir) / str(file))}) if file else plan
