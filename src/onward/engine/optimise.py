"""Optimiser, learning-rate schedule, and which parameters move."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from onward.errors import InputError
from onward.settings import Settings


def optimiser(parameters: Sequence[nn.Parameter], settings: Settings, paces: Sequence[float] = ()) -> Optimizer:
    """Return a fresh optimiser; fused where torch has it, which is the same arithmetic in one pass.

    Args:
        parameters: that move.
        settings: how.
        paces: by what each one's learning rate is multiplied; () is 1 for all. One group of each pace.
    """
    fused = all(map(fusible, parameters))
    groups: dict[float, list[nn.Parameter]] = {}
    for parameter, pace in zip(parameters, paces or [1.0] * len(parameters), strict=True):
        groups.setdefault(pace, []).append(parameter)
    paced = [{"params": group, "pace": pace, "lr": pace * settings.lr} for pace, group in groups.items()]
    if settings.optimiser == "adamw":
        return AdamW(paced, lr=settings.lr, weight_decay=settings.weight_decay, fused=fused)
    made = SGD(
        paced,
        lr=settings.lr,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
        fused=fused,
    )
    if settings.momentum:  # the fused step fails where a parameter has its first gradient later than others
        made.state.update({each: {"momentum_buffer": torch.zeros_like(each)} for each in parameters})
    return made


def fusible(parameter: nn.Parameter) -> bool:
    """Say whether torch's fused step moves a parameter rightly: one that is a view with gaps it moves wrongly."""
    here = parameter.device.type in ("cpu", "cuda") and parameter.is_floating_point()
    channels_last = parameter.ndim == 4 and parameter.is_contiguous(memory_format=torch.channels_last)
    return here and (parameter.is_contiguous() or channels_last)


def set_rate(optimiser: Optimizer, lr: float) -> None:
    """Set the learning rate of the next step, each group's at its pace."""
    for group in optimiser.param_groups:
        group["lr"] = group["pace"] * lr


def rate(settings: Settings, step: int, total: int) -> float:
    """Return the learning rate of a step, counted from 0, of ``total``.

    ``cosine`` falls from the peak to zero after the warm-up (Loshchilov & Hutter 2017, Eq. 5, one cycle).
    ``one_cycle`` rises from 1/25 of the peak by a cosine over the first 30 % and falls by a cosine to 1/10,000 of
    its start (Smith & Topin 2018, in torch's two-phase form).
    """
    if settings.schedule == "one_cycle":
        low, peak, last = settings.lr / 25, 0.3 * total - 1, total - 1
        if step <= peak:
            return annealed(low, settings.lr, step / peak)
        return annealed(settings.lr, low / 1e4, (step - peak) / (last - peak))
    done = step / total
    if done < settings.warmup:
        return settings.lr * (step + 1) / (settings.warmup * total + 1)
    if settings.schedule == "cosine":
        return annealed(settings.lr, 0.0, (done - settings.warmup) / (1 - settings.warmup))
    return settings.lr


def annealed(start: float, end: float, share: float) -> float:
    """Return the value at ``share`` of a half cosine from ``start`` to ``end``."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


def held_by(optimiser: Optimizer, parameters: Sequence[nn.Parameter]) -> dict[str, Tensor]:
    """Return what an optimiser holds for each parameter: under ``place/name``, by its place among them."""
    return {
        f"{place}/{name}": value
        for place, parameter in enumerate(parameters)
        for name, value in optimiser.state[parameter].items()
        if isinstance(value, Tensor)
    }


def put_back(optimiser: Optimizer, parameters: Sequence[nn.Parameter], held: Mapping[str, Tensor]) -> None:
    """Let an optimiser hold what another held; see ``held_by``. Each tensor is laid out as its parameter is."""
    for key, value in held.items():
        place, name = key.split("/")
        parameter = parameters[int(place)]
        if name == "step":  # a count, which torch has on the device for fused steps only
            here = value.to(parameter.device if optimiser.defaults.get("fused") else "cpu")
        else:
            here = torch.empty_like(parameter, dtype=value.dtype).detach().copy_(value)
        optimiser.state[parameter][name] = here


@contextmanager
def training(model: nn.Module, trains: Callable[[str], bool]) -> Generator[list[nn.Parameter]]:
    """Give the parameters that move; hold all else still, and put the model back in eval mode afterwards.

    A module of which no parameter moves stays in eval mode with all it holds, so frozen normalisation layers keep
    their statistics.

    Raises:
        InputError: when nothing would move.
    """
    chosen = [parameter for name, parameter in model.named_parameters() if trains(name)]
    if not chosen:
        raise InputError("the phase trains no parameter; its `trains` names none of the model's")
    free = {id(parameter) for parameter in chosen}
    before = {parameter: parameter.requires_grad for parameter in model.parameters()}
    for parameter in before:
        parameter.requires_grad_(id(parameter) in free)
    model.train()
    for module in model.modules():
        inside = list(module.parameters())
        if inside and not any(id(parameter) in free for parameter in inside):
            module.eval()
    try:
        yield chosen
    finally:
        for parameter, flag in before.items():
            parameter.requires_grad_(flag)
            parameter.grad = None
        model.eval()


def all_finite(parameters: list[nn.Parameter]) -> bool:
    """Say whether every number of every parameter is finite."""
    return all(bool(torch.isfinite(parameter).all()) for parameter in parameters)
