"""How versions that are there look on a terminal: one, and a line of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from onward.cli.show import console, fact, percent, say
from onward.cli.updates import bill_text, gate_text, measure_texts, share_text, word
from onward.errors import counted, listed
from onward.settings import unusual
from onward.store.card import Card
from onward.store.version import Version

STRIPPED = "its tensors were taken away by gc; it cannot be loaded"


def version_lines(version: Version) -> None:
    """Print the facts of a version."""
    card = version.card
    fact("version", version.id)
    if version.stripped:
        fact("stripped", STRIPPED)
    fact("parent", card.parent or "none")
    fact("made", f"{when(card, 19)} UTC by {maker(card)}")
    fact("network", network_text(card.net.get("backbone", {})))
    if inputs := inputs_text(card.net):
        fact("inputs", inputs)
    fact("classes", f"{len(card.classes)}: {listed(card.classes)}" if card.classes else "none yet")
    if card.data is not None and card.parent is None:
        fact("data", f"{counted(card.data.examples, 'example')}, {card.data.source}")
    elif card.data is not None:
        fact("data", f"{counted(card.data.examples, 'example')} of {card.data.source}")
        fact("", f"fingerprint {card.data.fingerprint[:8]}")
        fact("settings", settings_text(card.settings))
    for text in measure_texts(card.measures):
        fact("evaluate", text)
    if card.record is not None:
        fact("bill", bill_text(card.record.cost))
        fact("", share_text(card.share))
    if card.verdict is not None:
        fact("gate", gate_text(card.verdict))
    if card.note:
        fact("note", card.note)


def when(card: Card, most: int) -> str:
    """Return when a version was made, to so many characters of ``2026-01-31 12:30:45``."""
    return card.created[:most].replace("T", " ")


def maker(card: Card) -> str:
    """Return what made a version."""
    return card.act or ("init" if card.parent is None else f"{card.method}, seed {card.seed}")


def network_text(backbone: Mapping[str, Any]) -> str:
    """Return a backbone as a call; one that others made by its factory, or by the name that transformers has for it.

    What stands around a network comes after it, without the seed from which it was drawn.
    """
    if backbone.get("net") == "expanded":
        return f"{network_text(backbone['inner'])}, expanded by {units_text(backbone['added'])}"
    if backbone.get("net") == "enlarged":
        own = {place: more for place, more in backbone["units"].items() if place.startswith("network.")}
        wider = f", widened by {units_text(own)}" if own else ""
        deeper = f", deepened by {counted(backbone['layers'], 'layer')}" if backbone["layers"] else ""
        return f"{network_text(backbone['inner'])}{wider}{deeper}"
    if "inner" in backbone:
        around = {k: v for k, v in backbone.items() if k not in ("net", "inner", "seed")}
        return f"{network_text(backbone['inner'])}, {call_text(backbone['net'], around)}"
    net, arguments = backbone.get("net", "unknown"), {k: v for k, v in backbone.items() if k != "net"}
    if net != "imported":
        return call_text(net, arguments)
    given = backbone.get("arguments", {})
    config = given.get("config", {})
    made = f"{config['model_type']} of transformers" if "model_type" in config else ""
    adapter = backbone.get("adapter") or {}
    added = f", {adapter['peft_type']} adapter" if "peft_type" in adapter else ""
    return f"{made or call_text(str(backbone.get('factory')), given)}, head {backbone.get('head')!r}{added}"


def units_text(added: Mapping[str, int]) -> str:
    """Return how many units came into how many layers, by the layers' names."""
    return f"{counted(sum(added.values()), 'unit')} in {counted(len(added), 'layer')}"


def call_text(name: str, arguments: Mapping[str, Any]) -> str:
    """Return a call as it is written; without arguments, without brackets."""
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})" if arguments else name


def inputs_text(net: Mapping[str, Any]) -> str:
    """Return what becomes of an image before the network sees it, where the card tells of it."""
    images = net.get("backbone", {}).get("transform") or {}
    height, width = images.get("size", (0, 0))
    parts = [f"{images['channels']} x {height} x {width}, {images['fit']}"] if images else []
    parts += [f"{name} {listed(f'{value:.3g}' for value in net[name])}" for name in ("mean", "std") if net.get(name)]
    return "; ".join(parts)


def settings_text(settings: Mapping[str, Any]) -> str:
    """Return the settings that are not the usual ones."""
    changed = [f"{name}={value}" for name, value in unusual(settings).items()]
    return f"{', '.join(changed)}; else the usual" if changed else "the usual"


def log_lines(line: Sequence[Version], heads: Mapping[str, str]) -> None:
    """Print each version in a line of facts and a line of what made it; then the test sets of the accuracies."""
    tests = measured(line)
    named = {v.id: ", ".join(head for head, id in heads.items() if id == v.id) for v in line}
    wide = max(len("heads"), *map(len, named.values()))
    said = max(len("gate"), *(len(word(v.card.verdict)) for v in line))
    titles = f"{'version':<8}  {'heads':<{wide}}  {'made (UTC)':<16}  classes  {'gate':<{said}}  accuracy %"
    console().print(titles, style="bold")
    for v in line:
        gate, count = word(v.card.verdict), len(v.card.classes)
        before = f"{v.short}  {named[v.id]:<{wide}}  {when(v.card, 16):<16}  {count:>7}  {gate:<{said}}  "
        shares = {measure.test: measure.accuracy for measure in v.card.measures}
        say(before, "  ".join(f"{percent(shares.get(test)):>5}" for test in tests))
        say(" " * 10, deed(v.card) + (f"; {STRIPPED}" if v.stripped else ""), "dim")
    for index, test in enumerate(tests):
        console().print(f"{'' if index else 'accuracy % on':<13}  {test}")


def measured(line: Iterable[Version]) -> list[str]:
    """Return every test set that a version was evaluated on, the oldest first."""
    return list(dict.fromkeys(measure.test for v in reversed(list(line)) for measure in v.card.measures))


def deed(card: Card) -> str:
    """Return how a version came to be, as a phrase."""
    if card.act:
        return card.act + (f": {card.note}" if card.note else "")
    if card.data is None or card.parent is None:
        return "begun by init" + (f": {card.note}" if card.note else "")
    made = f"{card.method} on {counted(card.data.examples, 'example')} of {card.data.source}"
    return made + (f": {card.note}" if card.note else "")
