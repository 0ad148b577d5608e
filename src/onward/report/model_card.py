"""A version's model card as Hugging Face has it, of the version's facts alone: YAML for programs, then Markdown."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from onward.errors import counted, listed
from onward.settings import unusual
from onward.store.card import Card, DataFacts
from onward.store.class_map import ClassFacts

README = "README.md"
"""The file of a version that holds it."""


def model_card(
    card: Card, classes: tuple[ClassFacts, ...] = (), *, reference: str = "prod", name: str = "", license: str = ""
) -> str:
    """Return the model card of a version; the same for the same facts, whenever it is made.

    Args:
        card: what the version says of itself.
        classes: its class map, where that is not in the card, which was then written before there was one.
        reference: a head by which the version can be loaded. Its id cannot stand here: that is made of this text too.
        name: of the model; "" is that of its network.
        license: as Hugging Face writes it, such as ``apache-2.0``; "" leaves it out.
    """
    backbone = card.net.get("backbone", {})
    live = [each for each in card.classes if each not in card.net.get("aliases", {})]
    text = environment().get_template("model_card.md.jinja").render(
        card=card,
        classes=card.class_map or classes,
        live=live,
        network=network_of(backbone),
        shape=shape_of(backbone),
        task=task_of(backbone),
        settings=unusual(card.settings),
        bill=bill_of(card),
        arrived=arrived(card),
        warnings=list(warnings(card)),
        command=command(card),
        reference=reference,
        name=name or f"{network_of(backbone)}, {counted(len(live), 'class')}",
        license=license,
    )  # fmt: skip
    return f"{text.strip()}\n"


@cache
def environment() -> Environment:
    """Return what fills in the template."""
    made = Environment(
        loader=PackageLoader("onward", "report"),
        autoescape=False,  # Markdown, not HTML: what is not ours goes through ``plain`` or ``quoted``
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    made.filters |= {each.__name__: each for each in (quoted, plain, decimal, percent, place)}
    made.filters["counted"] = lambda noun, count: counted(count, noun)
    return made


def quoted(text: str) -> str:
    r"""Return a text in the quotes of YAML and Python, on one line.

    >>> print(quoted('two\nlines of "text"'))
    "two\nlines of \"text\""
    """
    told = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in told)


def plain(text: object) -> str:
    """Return a text that stays in its cell of a table, in its line and in its quotes."""
    return " ".join(str(text).replace("|", "\\|").replace("`", "'").replace("<", "&lt;").split())


def decimal(number: float) -> str:
    """Return a number to its last digit, without an exponent, which YAML may take for a text.

    >>> decimal(1e-05)
    '0.00001'
    """
    return np.format_float_positional(number, trim="0")


def percent(share: float | None) -> str:
    """Return a share as percent, or a dash."""
    return "-" if share is None else f"{100 * share:.1f}"


def place(source: str) -> str:
    """Return a source without what narrows it."""
    return source.partition("@")[0]


def network_of(backbone: Mapping[str, Any]) -> str:
    """Return a network by its name, one from elsewhere by its import path; then what stands around it, each once."""
    if "inner" in backbone:
        around = f", {backbone['net']}"
        return network_of(backbone["inner"]).removesuffix(around) + around
    return str(backbone.get("factory") or backbone.get("net", "unknown"))


def shape_of(backbone: Mapping[str, Any]) -> tuple[int, ...]:
    """Return the shape of one input; () where the card does not tell."""
    if "inner" in backbone:
        return shape_of(backbone["inner"])
    transform = backbone.get("transform") or {}
    if "size" in transform:
        return (transform.get("channels", 3), *transform["size"])
    return tuple(backbone.get("shape", ()))


def task_of(backbone: Mapping[str, Any]) -> str:
    """Return what Hugging Face calls such a model's task; "" where the inputs are not known."""
    if re.search(r"(?<![a-z])text(?![a-z])", network_of(backbone).lower()):
        return "text-classification"
    return {3: "image-classification", 1: "tabular-classification"}.get(len(shape_of(backbone)), "")


def bill_of(card: Card) -> dict[str, str]:
    """Return what an update cost, an entry a line; of an act without training, nothing."""
    if card.record is None:
        return {}
    numbers = {entry: value for entry, value in asdict(card.record.cost).items() if isinstance(value, int | float)}
    found = {
        entry.replace("_", " "): f"{value:,}" if isinstance(value, int) else f"{value:,.3g}"
        for entry, value in numbers.items()
    }
    if card.share is not None:
        found["of training from scratch"] = f"{percent(card.share.value)} % ({card.share.kind}: {card.share.of})"
    return found


def warnings(card: Card) -> Iterator[str]:
    """Yield a sentence for each thing that a user of the version should not take for granted."""
    for finding in card.verdict.findings if card.verdict else ():
        if finding.status != "pass":
            word = "Not checked" if finding.status == "unchecked" else "Broken"
            yield f"{word}: {finding.rule}: {finding.told}."
    if not card.measures:
        yield "It was judged on no test set: how often it is right is not known."
    if card.classes and card.parent is None:
        yield "It was brought: what it was trained on is not known here."
    yield from card.preflight.warnings if card.preflight else ()
    if card.data is not None and (gone := absent(card, card.data)):
        yield f"Of these classes no example was among the data of this update: {listed(gone)}."
    if card.act.startswith("forget "):
        yield (
            "What was forgotten is no longer kept, but the weights were trained on it; only training anew without it "
            "takes it out of them. Earlier versions of the lineage may still keep it."
        )
    yield privacy(card)
    yield "It says one of its classes whatever it is shown: nothing tells an input of another kind."


def absent(card: Card, data: DataFacts) -> list[str]:
    """Return the classes of which data has no example, under whatever name."""
    aliases = card.net.get("aliases", {})
    there = {aliases.get(name, name) for name, count in data.counts.items() if count}
    return [name for name in card.classes if name not in there and name not in aliases]


def arrived(card: Card) -> dict[str, str]:
    """Return what a preflight found, an entry a line; {} where there was none."""
    if card.preflight is None:
        return {}
    shift = card.preflight.shift
    found = {"kind of update": str(card.preflight.scenario), "shift": shift.told if shift else ""}
    counts = ("duplicates", "contradictions", "unlabeled", "corrupt")
    found |= {name: f"{getattr(card.preflight, name):,}" for name in counts if getattr(card.preflight, name)}
    found |= {f"in the test set {test} too": f"{count:,}" for test, count in card.preflight.overlap.items() if count}
    return {entry: told for entry, told in found.items() if told}


def privacy(card: Card) -> str:
    """Return what can be said of examples in the version."""
    if card.exemplar_free:
        return (
            "Exemplar-free: its methods keep no example, and no row of what they keep has the content of one that "
            "arrived, as it was or as floats. The weights were trained on them all the same."
        )
    if card.kept or (card.record is not None and card.record.cost.kept_bytes):
        return "What its methods keep may hold examples as they came."
    return "Its methods keep nothing, so no example either."


def command(card: Card) -> str:
    """Return the command that makes the version from its parent; "" where none was an update."""
    if card.record is None or card.data is None or card.parent is None:
        return ""
    words = [f"onward update {card.parent[:8]}", f"--data {shlex.quote(card.data.source)}"]
    words += [f"--method {shlex.quote(card.method)}", f"--seed {card.seed}"]
    given = [f"{name}={written(value)}" for name, value in sorted(unusual(card.settings).items())]
    words += [f"--set {shlex.quote(each)}" for each in given]
    tests = [measure.test for measure in card.measures if not measure.old]
    words += [f"--test {shlex.quote(test)}" for test in tests]
    words += ["--exemplar-free"] * card.exemplar_free
    return " \\\n  ".join([*words, "--no-promote"])


def written(value: object) -> str:
    """Return a setting as the command line reads it."""
    if value is None:
        return "none"
    return value if isinstance(value, str) else json.dumps(value)
