"""The next version of a trained model, from the version in use and new data.

    >>> import onward
    >>> onward.chain("ewc(strength=10) | l2_to_parent")
    EWC(strength=10.0, decay=1.0, examples=1000, stable=True) | L2ToParent(strength=0.1)

Names are loaded when they are first used, so that what needs no torch does not wait for it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from onward.catalogue import parsed as chain
    from onward.datasets.python.given import data as data
    from onward.datasets.source import read as read
    from onward.engine.evaluate import judge as judge
    from onward.engine.update import update as update
    from onward.errors import DivergedError, InputError, MissingExtraError, OnwardError, StoppedError, StoreError
    from onward.learner import Learner, Prediction
    from onward.method import Chain, Method
    from onward.nets.adopt import adopted as adopted
    from onward.nets.zoo import fresh as fresh
    from onward.settings import Settings
    from onward.store.journal import DiskJournal
    from onward.store.lineage import Lineage
    from onward.store.lineage import load as load
    from onward.types import Data, Examples

__version__ = "0.1.0"

__all__ = [
    "Chain", "Data", "DiskJournal", "DivergedError", "Examples", "InputError", "Learner", "Lineage", "Method",
    "MissingExtraError", "OnwardError", "Prediction", "Settings", "StoppedError", "StoreError",
    "adopted", "chain", "data", "fresh", "judge", "load", "read", "update",
]  # fmt: skip

PLACES = {
    "onward.catalogue": {"chain": "parsed"},
    "onward.datasets.python.given": {"data": "data"},
    "onward.datasets.source": {"read": "read"},
    "onward.engine.evaluate": {"judge": "judge"},
    "onward.engine.update": {"update": "update"},
    "onward.errors": {n: n for n in __all__ if n.endswith("Error")},
    "onward.learner": {"Learner": "Learner", "Prediction": "Prediction"},
    "onward.method": {"Chain": "Chain", "Method": "Method"},
    "onward.nets.adopt": {"adopted": "adopted"},
    "onward.nets.zoo": {"fresh": "fresh"},
    "onward.settings": {"Settings": "Settings"},
    "onward.store.journal": {"DiskJournal": "DiskJournal"},
    "onward.store.lineage": {"Lineage": "Lineage", "load": "load"},
    "onward.types": {"Data": "Data", "Examples": "Examples"},
}
"""Where each public name is defined, and under which name."""


def __getattr__(name: str) -> object:
    """Load a public name from where it is defined."""
    for module, names in PLACES.items():
        if name in names:
            return getattr(importlib.import_module(module), names[name])
    raise AttributeError(f"module 'onward' has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the public names."""
    return sorted([*__all__, "__version__"])
