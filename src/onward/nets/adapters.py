"""Adapters of Hugging Face's PEFT: few weights beside a network's own, the only ones that an update moves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import safetensors.torch
from safetensors import SafetensorError
from torch import Tensor, nn

from onward.errors import InputError, listed, optional
from onward.nets.described import inner_of

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
"""The files of an adapter's folder, as PEFT writes them."""

WRAPPED = "base_model.model."
"""What PEFT puts before the names of the network that it has wrapped."""


@dataclass(frozen=True, eq=False)
class Adapter:
    """What PEFT adds to a network.

    Args:
        config: its configuration, JSON; ``peft_type`` says of which kind it is.
        weights: by name, as PEFT writes them; none for one that is not trained yet.
    """

    config: Mapping[str, Any]
    weights: Mapping[str, Tensor] = field(default_factory=dict)


def read_adapter(folder: str | Path) -> Adapter:
    """Return the adapter in a folder that PEFT wrote.

    Raises:
        InputError: when its files are not there or not whole; weights in a pickle are not read.
    """
    place = Path(folder).expanduser()
    for name in (CONFIG, WEIGHTS):
        if not (place / name).is_file():
            raise InputError(
                f"{place} is no adapter's folder: there is no {name}; write one with PEFT's save_pretrained"
            )
    try:
        config = json.loads((place / CONFIG).read_text(encoding="utf-8"))
        weights = safetensors.torch.load_file(place / WEIGHTS)
    except (ValueError, RecursionError, SafetensorError, OSError) as error:
        raise InputError(f"the adapter in {place} cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise InputError(f"the adapter in {place} cannot be read: {CONFIG} holds a {type(config).__name__}, no object")
    return Adapter(plain({**config, "inference_mode": False}), weights)


def fresh_lora(arguments: Mapping[str, Any]) -> Adapter:
    """Return a LoRA (Hu et al. 2021) that is not trained yet; it changes nothing until it is.

    Args:
        arguments: fields of PEFT's ``LoraConfig``: ``r``, ``target_modules``, ...

    Raises:
        InputError: when it has no such field, or does not take the value.
    """
    return Adapter(plain(peft_config({"peft_type": "LORA", **arguments}).to_dict()))


def insert(network: nn.Module, adapter: Mapping[str, Any]) -> None:
    """Put the layers of an adapter into a network. Afterwards those parameters ask for a gradient that it trains.

    Args:
        network: changed in place; its own weights stay, some under longer names.
        adapter: the configuration, JSON.

    Raises:
        InputError: when the adapter does not fit the network.
    """
    bare = inner_of(network)
    saved = tuple(adapter.get("modules_to_save") or ())
    config = peft_config({**adapter, "modules_to_save": None})
    try:
        peft().inject_adapter_in_model(config, bare)
    except Exception as error:  # PEFT refuses in many ways
        raise InputError(f"the adapter does not fit the network: {str(error).splitlines()[0]}") from error
    for name, module in bare.named_modules():
        if name.split(".")[-1] in saved or name in saved:
            module.requires_grad_(True)


def place(network: nn.Module, adapter: Adapter) -> None:
    """Put an adapter with its weights into a network; layers that it brings whole take the place of the network's own.

    Raises:
        InputError: when the adapter does not fit the network.
    """
    bare = inner_of(network)
    weights = {name.removeprefix(WRAPPED): tensor for name, tensor in adapter.weights.items()}
    own = bare.state_dict()
    whole = {name: weights.pop(name) for name in sorted(own.keys() & weights.keys())}
    if wrong := [name for name, tensor in whole.items() if tensor.shape != own[name].shape]:
        first = f"{wrong[0]} is {tuple(whole[wrong[0]].shape)}, the network's {tuple(own[wrong[0]].shape)}"
        raise InputError(f"the adapter does not fit the network: {first}")
    bare.load_state_dict(whole, strict=False)
    insert(network, adapter.config)
    if not adapter.weights:
        return
    try:
        result = peft().set_peft_model_state_dict(bare, weights)
    except RuntimeError as error:
        raise InputError(f"the adapter does not fit the network: {' '.join(str(error).split())}") from error
    asked = {name for name, parameter in bare.named_parameters() if parameter.requires_grad} - own.keys()
    if lost := [*result.unexpected_keys, *sorted(asked & set(result.missing_keys))]:
        raise InputError(f"the adapter does not fit the network; without a match: {listed(lost, most=3)}")


def peft_config(values: Mapping[str, Any]) -> Any:  # noqa: ANN401 - a configuration of any kind of PEFT's
    """Return PEFT's own configuration of JSON values.

    Raises:
        InputError: when PEFT does not know them.
    """
    try:
        return peft().get_peft_config(dict(values))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"PEFT does not take the adapter's configuration: {error}") from error


def plain(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return a configuration as JSON: names in a set are sorted, what is no value is left out."""
    kept = {}
    for name, value in config.items():
        value = sorted(value) if isinstance(value, set) else value
        try:
            kept[name] = json.loads(json.dumps(value))
        except TypeError:
            continue
    return kept


def peft() -> ModuleType:
    """Return PEFT.

    Raises:
        MissingExtraError: when it is not installed.
    """
    return optional("peft", "huggingface", "an adapter")
