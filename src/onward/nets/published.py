"""A network that others have published, and all that is said of it beside its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from onward.transform import ImageTransform


@dataclass(frozen=True, eq=False)
class Published:
    """What :func:`onward.nets.adopt.adopted` needs to take a network over.

    Args:
        factory: import path of the function that makes the network without its weights.
        arguments: of that function; JSON.
        weights: its state dict; None where there is none beside it.
        classes: the name of each output; () where nobody said.
        transform: how images become its inputs; None for other inputs, or where nobody said.
        mean: of the inputs by channel, in parts of 255.
        std: by channel.
        example: (b, *shape), inputs that it can take; None where the transform says what they look like.
    """

    factory: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    weights: Mapping[str, Tensor] | None = None
    classes: tuple[str, ...] = ()
    transform: ImageTransform | None = None
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    example: Tensor | None = None
