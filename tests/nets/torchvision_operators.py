"""torchvision where it was built for another torch than the one that is installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import torch

DEFINED: list[torch.library.Library] = []
"""Held, for an operator is there as long as its library."""


def importable() -> None:
    """Let torchvision be imported if it is installed: transformers and timm do so.

    One that was built for another torch lacks its compiled operators and fails as it describes them; here they are
    named, and not computed. No classifier needs them.
    """
    if DEFINED or importlib.util.find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        DEFINED.append(library)
