"""Which linear layer is a network's head: the one whose output is the network's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, fx, nn

from onward.errors import InputError, listed, unknown
from onward.nets.resting import resting

TOLERANCE = 1e-5
"""By how much the same numbers may differ, in parts of the largest: rounding in float32, summed in another order."""


@dataclass(frozen=True)
class FoundHead:
    """A head: the dotted name of its layer, and the part of the network's output that it gives ("" is the output)."""

    layer: str
    part: str = ""


@dataclass(frozen=True, eq=False)
class Whole:
    """What a network computes, (b, classes), and as a phrase what it would do after its head if that were not it."""

    output: Tensor
    deed: str


@dataclass(frozen=True, eq=False)
class Call:
    """One module at work: its dotted name, itself, and what it gave."""

    name: str
    module: nn.Module
    output: Tensor


def parts_of(output: object) -> dict[str, Tensor]:
    """Return the tensors in a network's output by name: a tensor itself under "", logits first, else by key or place.

    >>> list(parts_of((torch.zeros(1), None, torch.zeros(2))))
    ['0', '2']
    """
    if isinstance(output, Tensor):
        return {"": output}
    named: dict[str, object] = {"logits": getattr(output, "logits", None)}
    if isinstance(output, Mapping):
        named |= {"logits": output.get("logits")} | {str(key): value for key, value in output.items()}
    elif isinstance(output, Sequence):
        named |= {str(place): value for place, value in enumerate(output)}
    return {name: value for name, value in named.items() if isinstance(value, Tensor)}


def part_of(output: object, part: str = "") -> Tensor:
    """Return one tensor of a network's output: by its name, else the logits, else the first.

    Raises:
        InputError: when there is none.
    """
    if isinstance(output, Tensor | fx.Proxy):  # the second stands for a tensor where calls are read, not made
        return cast(Tensor, output)
    parts = parts_of(output)
    if not parts or (part and part not in parts):
        wanted = f"no part '{part}'" if part else "no tensor"
        raise InputError(f"the network gives a {type(output).__name__} with {wanted} in it; let it return its logits")
    return parts[part] if part else next(iter(parts.values()))


def find_head(network: nn.Module, inputs: Tensor) -> FoundHead:
    """Return the head of a network, found by one forward pass.

    It is the linear layer whose output is the network's, or a part of it; what only looks at that output otherwise
    (dropout at rest, flatten) may come after. Where there is none, as when one token's logits are picked out, it is the
    last linear layer with so many outputs, and only a comparison of the logits says whether that is right.

    Args:
        network: with its head on.
        inputs: (b, *shape), as the network takes them.

    Raises:
        InputError: when no linear layer comes into question; names what the output came from.
    """
    output, calls = traced(network, inputs)
    linear = [call for call in calls if isinstance(call.module, nn.Linear)]
    parts = parts_of(output)
    matches = [(call.name, part) for call in linear for part in parts if same_memory(call.output, parts[part])]
    if matches:  # of several the logits by name, else what was computed last
        return FoundHead(*next((match for match in matches if match[1] in ("", "logits")), matches[-1]))
    logits = part_of(output).flatten(1)
    last = [call for call in linear if call.output.shape[-1] == logits.shape[1]]
    if last:
        return FoundHead(last[-1].name)
    if not any(isinstance(module, nn.Linear) for module in network.modules()):
        raise headless(network, calls, part_of(output))
    raise InputError(
        f"the network's {logits.shape[1]} outputs come from {origin(calls, part_of(output))}, not from a linear layer; "
        "let it end in one, or name that with --head-layer"
    )


def traced(network: nn.Module, inputs: Tensor) -> tuple[object, list[Call]]:
    """Return a network's output at rest, and what each module that gave a tensor did, in the order of the calls."""
    calls: list[Call] = []
    names = {module: name for name, module in network.named_modules()}

    def note(module: nn.Module, _: object, output: object) -> None:
        if isinstance(output, Tensor):
            calls.append(Call(names[module], module, output))

    hooks = [module.register_forward_hook(note) for module in names]
    try:
        return outcome(network, inputs), calls
    finally:
        for hook in hooks:
            hook.remove()


def outcome(network: nn.Module, inputs: Tensor) -> object:
    """Return a network's output at rest.

    Raises:
        InputError: when it cannot take the inputs.
    """
    try:
        with resting(network), torch.no_grad():
            return network(inputs)
    except Exception as error:  # a user's network may refuse its inputs in any way it likes
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        shape = tuple(inputs.shape[1:])
        raise InputError(f"the model cannot take inputs of shape {shape}, {inputs.dtype}: {reason}") from error


def observe(network: nn.Module, inputs: Tensor, head: FoundHead) -> Whole:
    """Return what a network computes with its head on, and what it does after that, where the numbers tell.

    Raises:
        InputError: when it cannot take the inputs.
    """
    output, calls = traced(network, inputs)
    result = part_of(output, head.part).flatten(1)
    for logits in [call.output.flatten(1) for call in calls if call.name == head.layer][-1:]:
        deeds = {"softmax": logits.softmax(1), "log_softmax": logits.log_softmax(1), "sigmoid": logits.sigmoid()}
        for name, values in deeds.items():
            if same(values, result):
                return Whole(result, f"computes its {name}")
    return Whole(result, "does something more")


def same(values: Tensor, expected: Tensor) -> bool:
    """Say whether numbers are the same but for rounding."""
    if values.shape != expected.shape:
        return False
    size = float(expected.abs().max()) if expected.numel() else 0.0
    return torch.allclose(values, expected, rtol=0, atol=TOLERANCE * size, equal_nan=True)


def same_memory(one: Tensor, other: Tensor) -> bool:
    """Say whether two tensors are the same numbers in the same place, whatever their shape."""
    return one.data_ptr() == other.data_ptr() and one.numel() == other.numel()


def origin(calls: Sequence[Call], output: Tensor) -> str:
    """Return the module that gave an output, as a phrase."""
    for call in calls:
        if call.name and same_memory(call.output, output):
            return f"'{call.name}' ({type(call.module).__name__})"
    return "a computation outside its modules"


def headless(network: nn.Module, calls: Sequence[Call] = (), output: Tensor | None = None) -> InputError:
    """Return the error for a network without any linear layer."""
    kinds = listed(sorted({type(module).__name__ for module in network.modules()}))
    came = f"; its output comes from {origin(calls, output)}" if output is not None else ""
    return InputError(f"the network has no linear layer to be its head{came}; it is made of {kinds}")


def last_linear(network: nn.Module) -> str:
    """Return the dotted name of the last linear layer, in the order of definition.

    Raises:
        InputError: when there is none.
    """
    names = [name for name, module in network.named_modules() if isinstance(module, nn.Linear)]
    if not names:
        raise headless(network)
    return names[-1]


def linear_layer(network: nn.Module, name: str, whose: str) -> nn.Linear:
    """Return the linear layer of a dotted name; ``whose`` names the network in messages.

    Raises:
        InputError: when there is none, or it is of another kind.
    """
    modules = dict(network.named_modules())
    if name not in modules:
        raise unknown(f"layer of {whose}", name, filter(None, modules))
    if not isinstance(linear := modules[name], nn.Linear):
        raise InputError(f"'{name}' of {whose} is a {type(linear).__name__}, not a linear layer")
    return linear
