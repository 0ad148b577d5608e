"""What a version says of itself, as JSON."""

from __future__ import annotations

import datetime
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any, ClassVar

from onward import __version__
from onward.errors import InputError, StoreError
from onward.gate.verdict import Verdict
from onward.learner import Learner
from onward.preflight.facts import Preflight
from onward.record import Blend, Measure, Record, Share
from onward.schema import checked
from onward.store.class_map import ClassFacts
from onward.store.so_far import SoFar

SCHEMA = 1
"""The newest form of a card that this code writes and reads."""


@dataclass(frozen=True)
class DataFacts:
    """What is told of data without keeping it.

    Args:
        source: where it came from, as it was given.
        examples: how many.
        counts: examples of each class, by name.
        fingerprint: of the content; see ``fingerprint``.
        columns: of a table of numbers, those that were the inputs, in order.
    """

    source: str
    examples: int
    counts: dict[str, int]
    fingerprint: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class KeptFacts:
    """What is told of a tensor that a method keeps.

    Args:
        name: under its method's: ``replay/inputs``.
        dtype: the kind of its numbers: ``uint8``.
        shape: its sizes.
        bytes: what it takes.
    """

    name: str
    dtype: str
    shape: tuple[int, ...]
    bytes: int


@dataclass(frozen=True)
class Card:
    """Everything about a version but its tensors. Its id is the hash of this, written out.

    Args:
        net: the network's shape; see ``Classifier.spec``.
        method: how it was made, as ``catalogue.written`` has it.
        settings: how it was optimised.
        seed: of every random stream.
        parent: the id of the version it came from.
        act: what made it where that was no training, such as a class that was renamed; "" otherwise.
        blend: of which versions its weights are the mean; None where they are not.
        class_map: every class that it knows; () in cards written before there was one.
        data: what it was trained on; None for a version that was brought.
        so_far: what it and all that it came from were trained on; None where that cannot be told.
        preflight: what was known of the data before training.
        tests: sources of the test sets of the lineage so far.
        measures: on those of them that could be read.
        record: what the update did and cost.
        share: what that was of training from scratch, as far as it could be told when it was made.
        verdict: of the gate.
        kept: every tensor that its methods keep.
        exemplar_free: whether it was made under the rule that no example may be kept, and held to it; see ``privacy``.
        files: the hash of each file beside the card.
        software: versions of what made it.
        created: UTC time.
        note: the user's words.
        schema: the form of the card.
    """

    net: dict[str, Any]
    method: str = "warm_start"
    settings: dict[str, Any] = field(default_factory=dict)
    seed: int = 0
    parent: str | None = None
    act: str = ""
    blend: Blend | None = None
    class_map: tuple[ClassFacts, ...] = ()
    data: DataFacts | None = None
    so_far: SoFar | None = None
    preflight: Preflight | None = None
    tests: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    record: Record | None = None
    share: Share | None = None
    verdict: Verdict | None = None
    kept: tuple[KeptFacts, ...] = ()
    exemplar_free: bool = False
    files: dict[str, str] = field(default_factory=dict)
    software: dict[str, str] = field(default_factory=dict)
    created: str = ""
    note: str = ""
    schema: int = SCHEMA

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    @property
    def classes(self) -> tuple[str, ...]:
        """The name of each logit."""
        return tuple(self.net.get("classes", ()))

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the versions that it came from: its parent first, then those of which its weights are the mean."""
        blended = () if self.blend is None else (self.blend.frame, *(id for id, w in self.blend.weights.items() if w))
        return tuple(dict.fromkeys((*(() if self.parent is None else (self.parent,)), *blended)))

    def written(self) -> bytes:
        """Return the card as JSON, the same bytes for the same card.

        Raises:
            StoreError: when a value is none that JSON has, such as NaN.
        """
        try:
            text = json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise StoreError(f"a card holds finite numbers, texts, lists and names of them: {error}") from error
        return f"{text}\n".encode(errors="backslashreplace")  # half a surrogate pair, as a file's name may have


def read_card(raw: bytes, where: str) -> Card:
    """Return the card that the bytes hold.

    Raises:
        StoreError: when they hold none, or one of a newer form.
    """
    try:
        values = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{where} is not JSON ({error}). Restore it from a copy, or roll back.") from error
    if not isinstance(values, dict) or not isinstance(values.get("schema"), int):
        raise StoreError(f"{where} is not a card: it has no schema number. Restore it from a copy.")
    if values["schema"] != SCHEMA:
        raise StoreError(
            f"{where} has schema {values['schema']}, this onward reads schema {SCHEMA}. It was written by another "
            "version; use that version, or a newer one."
        )
    try:
        return checked(Card, values, where)
    except InputError as error:
        raise StoreError(f"{error}. The card is damaged; restore it from a copy.") from error


def described(learner: Learner, card: Card) -> Card:
    """Return a card with what is found and not told: the shape, what is kept, the software, and when it was made."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    kept = tuple(
        KeptFacts(name, str(tensor.dtype).removeprefix("torch."), tuple(tensor.shape), tensor.nbytes)
        for name, tensor in sorted(learner.kept.items())
    )
    net, created = learner.model.spec(), card.created or now
    return replace(card, net=net, kept=kept, software=software(net), created=created)


def software(net: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the versions of what makes numbers here; with a network's shape, of what makes that network too."""
    found = {"python": platform.python_version(), "machine": platform.machine(), "onward": __version__}
    backbone = (net or {}).get("backbone", {})
    maker = str(backbone.get("factory", "")).partition(":")[0]
    makers = {"onward.nets.huggingface": ("transformers", "tokenizers"), "onward.nets.timm_models": ("timm",)}
    adapted = ("peft",) if backbone.get("adapter") else ()
    for package in ("torch", "numpy", "safetensors", *makers.get(maker, ()), *adapted):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed as a package"
    return found
