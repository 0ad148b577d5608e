from __future__ import annotations

import json
import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import StoreError
from onward.gate.verdict import Finding, Verdict
from onward.record import Blend, Cost, Measure, PhaseRecord, Record
from onward.store.card import Card, DataFacts, KeptFacts, read_card, software
from onward.store.class_map import ClassFacts

words = st.text(max_size=6)
names = st.binary(max_size=6).map(os.fsdecode)  # a file's name need not be text
counts = st.integers(0, 2**62)
shares = st.floats(0, 1)
finite = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | finite | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
plain = st.dictionaries(words, json_values, max_size=3)
phases = st.builds(
    PhaseRecord,
    name=words,
    **dict.fromkeys(("examples", "mixed", "trained", "epochs", "steps", "samples"), counts),
    terms=st.lists(words, max_size=2).map(tuple),
    curve=st.dictionaries(words, st.lists(finite, max_size=3).map(tuple), max_size=2),
    validation=st.lists(finite, max_size=2).map(tuple),
    seconds=finite,
)
costs = st.builds(Cost, samples=counts, steps=counts, forward_flops=counts, seconds=finite, kept_bytes=counts)
measures = st.builds(
    Measure,
    test=names,
    examples=counts,
    accuracy=shares,
    parent_accuracy=st.none() | shares,
    negative_flips=st.none() | shares,
    positive_flips=st.none() | shares,
    old=st.booleans(),
)
findings = st.builds(Finding, rule=words, status=st.sampled_from(["pass", "fail", "unchecked"]), told=words)
classes = st.builds(ClassFacts, name=words, id=counts, since=words, aliases=st.lists(words, max_size=2).map(tuple))
kept = st.builds(KeptFacts, name=words, dtype=words, shape=st.lists(counts, max_size=3).map(tuple), bytes=counts)
cards = st.builds(
    Card,
    net=plain,
    class_map=st.lists(classes, max_size=2).map(tuple),
    act=words,
    kept=st.lists(kept, max_size=2).map(tuple),
    exemplar_free=st.booleans(),
    method=words,
    settings=plain,
    seed=st.integers(-(2**63), 2**63 - 1),
    parent=st.none() | words,
    data=st.none()
    | st.builds(
        DataFacts,
        source=names,
        examples=counts,
        counts=st.dictionaries(words, counts, max_size=3),
        fingerprint=words,
    ),
    tests=st.lists(names, max_size=3).map(tuple),
    measures=st.lists(measures, max_size=2).map(tuple),
    record=st.none() | st.builds(Record, phases=st.lists(phases, max_size=2).map(tuple), cost=costs),
    blend=st.none()
    | st.builds(
        Blend,
        weights=st.dictionaries(words, st.floats(0, 1), max_size=3),
        frame=words,
        chosen_on=st.lists(names, max_size=2).map(tuple),
        statistics=st.lists(names, max_size=2).map(tuple),
    ),
    verdict=st.none() | st.builds(Verdict, findings=st.lists(findings, max_size=2).map(tuple)),
    files=st.dictionaries(words, words, max_size=2),
    note=names,
)


@given(cards)
def test_a_card_comes_back_from_its_json(card):
    raw = card.written()
    raw.decode("utf-8")
    back = read_card(raw, "it")
    assert back == card and back.written() == raw


def test_the_same_facts_are_the_same_bytes_in_whatever_order_they_came():
    one, other = Card(net={"a": 1, "b": 2}), Card(net={"b": 2, "a": 1})
    assert one.written() == other.written() != replace(one, note="é").written()
    assert b'"note": "\xc3\xa9"' in replace(one, note="é").written()  # to be read by people


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_json_has_not_is_refused(number):
    phase = PhaseRecord("train", 1, 64, 0, ("loss",), 1, 1, 1, 1, 1, {"loss": (0.5, number)}, (), 0.0)
    for card in (
        Card(net={}, measures=(Measure("t", 1, number),)),
        Card(net={}, record=Record((phase,), Cost())),
        Card(net={"backbone": {"mean": [number]}}),
    ):
        with pytest.raises(StoreError, match="finite numbers"):
            card.written()


def test_a_value_that_is_none_of_json_s_is_refused():
    with pytest.raises(StoreError, match="set is not JSON serializable"):
        Card(net={"shape": {1, 2}}).written()


VALUES = json.loads(Card(net={}).written())


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "is not JSON .*Restore it from a copy, or roll back"),
        (b"\x80\x04\x95", "is not JSON"),
        (b'{"schema": 1', "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "is not a card: it has no schema number"),
        (b"{}", "is not a card: it has no schema number"),
        (b'{"schema": "1"}', "is not a card: it has no schema number"),
        (json.dumps({**VALUES, "schema": 2}), r"has schema 2, this onward reads schema 1\..*use that version"),
        (json.dumps({**VALUES, "schema": 0}), "has schema 0, this onward reads schema 1"),
        (json.dumps({**VALUES, "nett": {}}), r"unknown name 'nett'; did you mean 'net'\?.*damaged; restore it"),
        (json.dumps({**VALUES, "verdict": {"findings": [], "passed": True}}), "unknown name 'verdict.passed'"),
        (json.dumps({"schema": 1}), "net is missing"),
        (json.dumps({**VALUES, "seed": "x", "tests": 3}), "seed: .*tests: "),
    ],
)
def test_what_is_no_card_of_this_schema_is_refused(raw, said):
    with pytest.raises(StoreError, match=f"the card of 7f3a.*{said}"):
        read_card(raw if isinstance(raw, bytes) else raw.encode(), "the card of 7f3a")


def test_every_field_but_the_shape_has_a_default():
    assert read_card(b'{"schema": 1, "net": {}}', "it") == Card(net={})


def test_classes_are_those_of_the_net():
    assert Card(net={"classes": ["a", "b"]}).classes == ("a", "b") and Card(net={}).classes == ()


def test_software_names_what_makes_numbers():
    found = software()
    assert {"python", "machine", "onward", "torch", "numpy", "safetensors"} == found.keys()
    assert all(found.values())
