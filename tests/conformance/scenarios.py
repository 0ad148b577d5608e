"""Small worlds in which every method is tried: a fresh network, what it learns first, and what arrives then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.zoo import build_backbone, fresh
from onward.rng import generator
from onward.settings import Settings
from onward.types import Batch, Data, Examples

SETTINGS = Settings(epochs=2, batch_size=32, lr=0.1)
EACH = 30  # examples of a class


@dataclass(frozen=True, eq=False)
class Elsewhere:
    """Examples that do not lie in memory, as far as anyone can tell."""

    held: Examples

    @property
    def targets(self) -> torch.Tensor:
        return self.held.targets

    @property
    def classes(self) -> tuple[str, ...]:
        return self.held.classes

    def __len__(self) -> int:
        return len(self.held)

    def take(self, rows: torch.Tensor) -> Batch:
        return self.held.take(rows)


@dataclass(frozen=True, eq=False)
class Scenario:
    """A network without classes, the data of its first update and that of its second."""

    net: Callable[[], Classifier]
    first: Data
    second: Data


def clouds(names: str, seed: int, shift: float = 0.0) -> Examples:
    """Normal examples in four dimensions around a centre for each letter, (n, 4) float32."""
    targets = torch.arange(len(names)).repeat_interleave(EACH)
    centres = torch.stack([3 * torch.randn(4, generator=generator(0, "centre", name)) for name in names])
    noise = torch.randn(len(targets), 4, generator=generator(seed, "clouds", names))
    return Examples(centres[targets] + noise + shift, targets, tuple(names))


def images(names: str, seed: int) -> Examples:
    """Noisy copies of a pattern for each letter, (n, 1, 4, 4) uint8."""
    targets = torch.arange(len(names)).repeat_interleave(EACH)
    drawn = [torch.randint(0, 256, (1, 4, 4), generator=generator(0, "pattern", name)) for name in names]
    noise = torch.randint(-40, 41, (len(targets), 1, 4, 4), generator=generator(seed, "images", names))
    return Examples((torch.stack(drawn)[targets] + noise).clamp(0, 255).byte(), targets, tuple(names))


def mlp() -> Classifier:
    """40 parameters and a head."""
    return fresh("mlp", (4,), seed=0, width=8, depth=1)


def with_dropout() -> Classifier:
    """The same, of which a unit is dropped now and then."""
    return fresh("mlp", (4,), seed=0, width=8, depth=1, dropout=0.1)


def task_headed() -> Classifier:
    """The same, with a part of the head for each task."""
    plain = mlp()
    return Classifier(plain.backbone, plain.head, tasks=())


def cnn() -> Classifier:
    """113 parameters and a head, with batch norm and normalised inputs."""
    backbone = build_backbone({"net": "cnn", "shape": [1, 4, 4], "width": 1})
    return Classifier(backbone, Head(16), mean=(0.5,), std=(0.25,))


SCENARIOS = {
    "more data, dropout": Scenario(with_dropout, clouds("abc", 1), clouds("abc", 2)),
    "new classes": Scenario(mlp, clouds("abc", 1), clouds("de", 2)),
    "shifted domain, on disk": Scenario(mlp, Elsewhere(clouds("abc", 1)), Elsewhere(clouds("abc", 2, shift=1.0))),
    "mixed, counted otherwise": Scenario(mlp, clouds("abc", 1), clouds("dca", 2, shift=0.5)),
    "task heads": Scenario(task_headed, clouds("abc", 1), clouds("de", 2)),
    "byte images, batch norm": Scenario(cnn, images("abc", 1), images("bd", 2)),
}


def recounted(data: Data, order: list[int]) -> Examples:
    """The same in-memory examples of the same names, with class ids given out in another order."""
    held = data.held if isinstance(data, Elsewhere) else data
    place = torch.tensor(order).argsort()
    return replace(held, targets=place[held.targets], classes=tuple(held.classes[k] for k in order))
