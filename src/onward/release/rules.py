"""What a lineage's own file says: the gate's rules, what is done about bad data, whether examples may be kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import tomli_w

from onward.config import read_toml
from onward.datasets.reading import Care
from onward.gate.rules import Gate
from onward.schema import checked
from onward.store import files
from onward.store.lineage import Lineage

CONFIG = "lineage.toml"
"""The file in a lineage's folder that holds its rules."""


@dataclass(frozen=True)
class Privacy:
    """What may be kept.

    Args:
        exemplar_free: no version may hold an example: methods that keep some are refused.
    """

    exemplar_free: bool = False

    __pydantic_config__: ClassVar = {"extra": "forbid"}


@dataclass(frozen=True)
class Rules:
    """What a lineage's file may say.

    Args:
        gate: its table ``[gate]``.
        data: its table ``[data]``.
        privacy: its table ``[privacy]``.
    """

    gate: Gate = field(default_factory=Gate)
    data: Care = field(default_factory=Care)
    privacy: Privacy = field(default_factory=Privacy)

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    def care(self, said: Mapping[str, str]) -> Care:
        """Return what is done about bad data: by the names of ``Care`` as a user says, else as the table says.

        Raises:
            InputError: when it cannot be done.
        """
        return checked(Care, {**asdict(self.data), **said}, "what is done about data")


def rules_of(lineage: Lineage) -> Rules:
    """Return the rules that a lineage's file states, or the usual ones.

    Raises:
        InputError: with all problems of the file.
    """
    path = lineage.path / CONFIG
    return checked(Rules, read_toml(path), str(path)) if path.exists() else Rules()


def state(lineage: Lineage, rules: Rules) -> None:
    """Write a lineage's file where there is none yet; what is left out stands for nothing to hold.

    Raises:
        StoreError: when it cannot be written.
    """
    config = lineage.path / CONFIG
    if not config.exists():
        with files.writing_to(lineage.path):
            files.replace(config, tomli_w.dumps(stated(asdict(rules))).encode())


def stated(values: dict[str, Any]) -> dict[str, Any]:
    """Return what of some values TOML can say: neither None, which it has not, nor a table of nothing."""
    told = {name: stated(value) if isinstance(value, dict) else value for name, value in values.items()}
    return {name: value for name, value in told.items() if value is not None and value != {}}
