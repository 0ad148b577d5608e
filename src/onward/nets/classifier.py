"""The network of a learner: what makes features, and a head that knows its classes by name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from onward.errors import InputError, counted, listed, repeated
from onward.nets.backbone import Backbone
from onward.nets.head import Head

Spec = Mapping[str, Any]
"""A network's shape as JSON: ``{"net": name, **arguments}``."""

NEVER = -1e4
"""The logit of a class that was merged into another: a probability of zero, and finite in every precision."""


class Classifier(nn.Module):
    """A backbone and a head. forward: (b, *shape) -> (b, classes) logits.

    Inputs are taken as they are stored: bytes are brought to [0, 1], then to ``(x - mean) / std`` by channel.

    Args:
        backbone: (b, *shape) -> (b, d) features.
        head: (b, d) -> (b, classes).
        classes: the name of each logit; append-only over a lineage.
        tasks: the task of each class, for a head in parts of which a task uses its own; None when all share one.
        mean: by channel, after bytes were brought to [0, 1]; () leaves it.
        std: by channel.
        aliases: other names of classes, each with the class it means. One that has a logit of its own was merged: its
            probability is added to that of the class it means, and it is never predicted.

    Raises:
        InputError: when the names do not fit the head.
    """

    shift: Tensor
    scale: Tensor
    task_of_class: Tensor | None

    def __init__(
        self,
        backbone: Backbone,
        head: Head,
        classes: Sequence[str] = (),
        tasks: Sequence[int] | None = None,
        mean: Sequence[float] = (),
        std: Sequence[float] = (),
        aliases: Mapping[str, str] | None = None,
    ) -> None:
        """Take the parts as they are."""
        super().__init__()
        self.backbone, self.head = backbone, head
        self.aliases = dict(aliases or {})
        self.classes, self.mean, self.std = tuple(classes), tuple(mean), tuple(std)
        self.tasks = None if tasks is None else tuple(tasks)
        if len(self.classes) != head.out_features:
            raise InputError(
                f"the head has {head.out_features} outputs but there are {len(self.classes)} class names; "
                "give one name for each output, in order"
            )
        if twice := repeated(self.classes):
            raise InputError(f"class names must differ from one another; these come twice: {listed(twice)}")
        if self.tasks is not None and len(self.tasks) != len(self.classes):
            raise InputError(f"{len(self.classes)} classes need a task each, got {len(self.tasks)}")
        if lost := [f"{name} -> {meant}" for name, meant in self.aliases.items() if meant not in self.live]:
            raise InputError(f"an alias means a class that is there and is no alias itself, got {listed(lost)}")
        merged = [name for name in self.classes if name in self.aliases]
        self._merges = tuple((self.classes.index(name), self.classes.index(self.aliases[name])) for name in merged)
        like = next(self.parameters(), torch.empty(0))
        self.register_buffer("shift", like.new_tensor(self.mean), persistent=False)
        self.register_buffer("scale", like.new_tensor(self.std), persistent=False)
        self.register_buffer("task_of_class", None, persistent=False)
        self._note_tasks()

    def _note_tasks(self) -> None:
        if self.tasks is not None:
            self.task_of_class = torch.tensor(self.tasks, dtype=torch.int64, device=self.device)

    @property
    def live(self) -> tuple[str, ...]:
        """The classes that can be predicted: all but those merged into another."""
        return tuple(name for name in self.classes if name not in self.aliases)

    @property
    def softmaxes(self) -> list[Tensor | slice]:
        """The columns of the logits that make one softmax each: all of them, or those of each task."""
        if self.tasks is None:
            return [slice(0, len(self.classes))]
        tasks = torch.tensor(self.tasks, device=self.device)
        return [(tasks == task).nonzero()[:, 0] for task in sorted(set(self.tasks))]

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter, by its name: the head's always, the backbone's where it says so."""
        part, _, inner = name.partition(".")
        return part != "backbone" or self.backbone.trains(inner)

    @property
    def device(self) -> torch.device:
        """Where the parameters are."""
        return self.shift.device  # a buffer goes where they go and is found at once, and every batch asks

    @property
    def dtype(self) -> torch.dtype:
        """The type of the parameters."""
        return self.shift.dtype

    def features(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d). Whole numbers other than bytes, such as token ids, go in as they are."""
        if inputs.dtype == torch.uint8:
            inputs = inputs.to(self.dtype).div_(255)
        elif not inputs.is_floating_point():
            return self.backbone(inputs)
        elif inputs.dtype != self.dtype:
            inputs = inputs.to(self.dtype)
        if self.mean:
            inputs = inputs - by_channel(self.shift, inputs)
        if self.std:
            inputs = inputs / by_channel(self.scale, inputs)
        return self.backbone(inputs)

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the logits, (b, classes)."""
        return self.logits(self.features(inputs))

    def logits(self, features: Tensor) -> Tensor:
        """Return the logits, (b, classes), of features, (b, d)."""
        return self.merged(self.head(features))

    def merged(self, logits: Tensor) -> Tensor:
        """Return logits, (b, classes), in which merged classes are counted as what they mean; once is as good as twice.

        A merged class m of class k: z_k becomes log(exp z_k + exp z_m), so that the softmax gives k the sum of both
        probabilities, and z_m becomes ``NEVER``.
        """
        for here, into in self._merges:
            both = torch.logaddexp(logits[:, here], logits[:, into])
            places = torch.tensor([here, into], device=logits.device)
            logits = logits.index_copy(1, places, torch.stack([torch.full_like(both, NEVER), both], dim=1))
        return logits

    def meant(self, targets: Tensor) -> Tensor:
        """Return class ids, (b,), with what a merged class means in its place: a memory may hold it from before."""
        for here, into in self._merges:
            targets = torch.where(targets == here, into, targets)
        return targets

    def among_task(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Return the logits, (b, c), with those of other tasks than the target's at minus infinity."""
        if self.task_of_class is None:
            return logits
        other = self.task_of_class[targets][:, None] != self.task_of_class[None, : logits.shape[1]]
        return logits.masked_fill(other, -torch.inf)

    def grow(self, names: Sequence[str], seed: int) -> None:
        """Give each new name a row of the head. The old logits stay bit-equal; no new name, no change."""
        new = [name for name in dict.fromkeys(names) if name not in self.classes and name not in self.aliases]
        if not new:
            return
        self.head.grow(new, seed)
        self.head.to(device=self.device, dtype=self.dtype)
        self.classes += tuple(new)
        if self.tasks is not None:
            self.tasks += (max(self.tasks, default=-1) + 1,) * len(new)
            self._note_tasks()

    def spec(self) -> dict[str, Any]:
        """Return the shape as JSON, for ``build``."""
        return {
            "net": "classifier",
            "backbone": self.backbone.spec(),
            "features": self.head.in_features,
            "sizes": list(self.head.sizes),
            "bias": self.head.bias,
            **self.head.reach(),
            "classes": list(self.classes),
            "tasks": None if self.tasks is None else list(self.tasks),
            "mean": list(self.mean),
            "std": list(self.std),
            "aliases": dict(self.aliases),
        }


def by_channel(values: Tensor, inputs: Tensor) -> Tensor:
    """Return one value for each channel, (c,), in a shape that applies it to inputs, (b, c, ...)."""
    return values.view(-1, *(1,) * (inputs.ndim - 2))


def check_scale(mean: Sequence[float], std: Sequence[float], example: Tensor | None) -> None:
    """Refuse a mean and a standard deviation that inputs cannot be scaled by.

    Raises:
        InputError: when a number is out of its range, or there is none for a channel.
    """
    if any(not math.isfinite(value) for value in mean):
        raise InputError(f"every mean must be finite, got {listed(mean)}")
    if any(not 0 < value < math.inf for value in std):
        raise InputError(f"every std must be > 0 and finite, for inputs are divided by it, got {listed(std)}")
    for name, values in (("mean", mean), ("std", std)):
        if not values or example is None:
            continue
        if not example.is_floating_point() and example.dtype != torch.uint8:
            raise InputError(f"inputs of {example.dtype}, such as token ids, are not scaled; leave out the {name}")
        if len(values) not in (1, example.shape[1]):
            channels = f"inputs of shape {tuple(example.shape[1:])} have {counted(example.shape[1], 'channel')}"
            raise InputError(f"{channels}, but there are {len(values)} numbers of the {name}: {listed(values)}")
