"""Methods are found by name, and what is written is what is read."""

from __future__ import annotations

from dataclasses import fields
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import get_origin, get_type_hints

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import onward.methods
from onward import catalogue
from onward.catalogue import call, fields_of, made, method_class, names, parsed, written
from onward.errors import InputError
from onward.method import Chain, Method
from onward.methods.ewc import EWC
from onward.methods.replay import Replay
from onward.methods.warm_start import WarmStart

PLAIN = {
    float: st.sampled_from([0.0, 1.0, 0.1]) | st.floats(0, 1),
    int: st.integers(0, 10**9),
    bool: st.booleans(),
    str: st.text(),
    type(None): st.none(),
}


def values(hint) -> st.SearchStrategy:
    """Values of a field's type; most are in any range that a field may have."""
    if hint in PLAIN:
        return PLAIN[hint]
    parts = getattr(hint, "__args__", ())
    if get_origin(hint) is tuple:  # tuple[int, ...]
        return st.lists(values(parts[0]), min_size=1, max_size=4).map(tuple)
    if all(isinstance(part, str) for part in parts):  # Literal["fresh", "parent"]
        return st.sampled_from(parts)
    return st.one_of([values(part) for part in parts])


@st.composite
def methods(draw, name: str) -> Method:
    kind = method_class(name)
    hints = get_type_hints(kind)
    given_values = {
        field.name: draw(st.just(getattr(kind(), field.name)) | values(hints[field.name])) for field in fields(kind)
    }
    try:
        return kind(**given_values)
    except InputError:
        assume(False)


@pytest.mark.parametrize("name", names())
@given(st.data())
def test_a_method_is_read_as_it_was_written(name, data):
    method = data.draw(methods(name))
    assert method.name == name
    assert parsed(written(method)) == Chain(() if isinstance(method, WarmStart) else (method,))
    assert made(name, {field.name: getattr(method, field.name) for field in fields(method)}) == method


@given(st.data(), st.lists(st.sampled_from(names()), max_size=4))
def test_a_chain_is_read_as_it_was_written(data, chosen):
    chain = Chain(tuple(data.draw(methods(name)) for name in chosen if name != "warm_start"))
    assert parsed(written(chain)) == chain


def test_the_names_are_the_files_of_the_folder():
    folder = Path(onward.methods.__file__).parent
    assert set(names()) >= {file.stem for file in folder.glob("*.py")} - {"__init__"}
    assert {"ewc", "joint", "lwf", "replay", "scratch", "warm_start"} <= set(names())


def test_names_without_fields_are_the_defaults():
    assert parsed("ewc") == parsed("ewc()") == Chain((EWC(),))
    assert parsed(" replay(size=9)|ewc ") == Chain((Replay(size=9), EWC()))
    assert parsed("warm_start") == Chain() and written(Chain()) == written(WarmStart()) == "warm_start"
    assert parsed("(ewc | replay) | ewc") == parsed("ewc | (replay | ewc)")


def test_fields_come_with_type_and_default():
    told = {field.name: (field.type, field.default) for field in fields_of("ewc")}
    assert list(told) == [field.name for field in fields(EWC)]
    assert told["strength"] == ("float", EWC().strength) and told["examples"] == ("int | None", EWC().examples)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ewcc", "unknown method 'ewcc'. Did you mean 'ewc'"),
        ("ewc | replai(size=3)", "unknown method 'replai'. Did you mean 'replay'"),
        ("ewc(strenght=3)", "unknown name 'strenght'; did you mean 'strength'"),
        ("ewc(strength=-1)", "strength must be >= 0, got -1"),
        ("ewc(strength='high', decay=7)", "strength: input should be a valid number"),
        ("ewc(strength='high', decay=7)", r"decay must be in \[0, 1\], got 7"),
        ("ewc(strength=1, strength=2)", "each field is given once"),
        ("ewc(**{'strength': 1})", "each field is given once, by name"),
        ("ewc(3)", r"cannot read 'ewc\(3\)'"),
        ("ewc(strength=size)", "must be plain values"),
        ("ewc(strength={[]: 1})", "must be plain values"),
        ("ewc(strength=__import__('os').getpid())", "must be plain values"),
        ("onward.ewc", "cannot read 'onward.ewc'"),
        ("ewc & replay", "cannot read 'ewc & replay'"),
        ("ewc | | replay", "cannot read 'ewc | | replay'; write it like"),
        ("", "write it like"),
        ("\0", "write it like"),
    ],
)
def test_what_cannot_be_read_is_told_with_the_way_out(text, said):
    with pytest.raises(InputError, match=said):
        parsed(text)


def test_a_method_of_another_package_goes_by_its_entry_point(monkeypatch):
    point = EntryPoint("elastic", "onward.methods.ewc:EWC", catalogue.ENTRY_POINTS)
    monkeypatch.setattr(catalogue, "entry_points", lambda group, name="elastic": [point] if name == "elastic" else [])
    assert "elastic" in names() and "ewc" in names()
    assert made("elastic", {"strength": 3}) == EWC(strength=3.0)
    with pytest.raises(InputError, match=r"unknown method 'elastik'\. Did you mean 'elastic'"):
        method_class("elastik")


def test_one_call_is_a_name_and_its_arguments():
    assert call("mlp(width=256, shape=(1, 2))") == ("mlp", {"width": 256, "shape": (1, 2)})
    assert call(" cnn ") == ("cnn", {})
    with pytest.raises(InputError, match=r"'a \| b' names 2"):
        call("a | b")


def test_a_chain_with_a_name_is_its_methods_and_may_go_on():
    every = [each.name for each in catalogue.parsed("sgm | replay(size=9)").methods]
    assert every == ["least_squares", "freeze_old_rows", "soft_targets", "layer_decay", "freeze_stem", "replay"]
    assert catalogue.parsed("sgm").methods == catalogue.parsed(catalogue.CHAINS["sgm"]).methods
    assert catalogue.parsed(catalogue.written(catalogue.parsed("sgm"))) == catalogue.parsed("sgm")


def test_a_field_that_came_later_is_written_only_where_it_is_not_at_its_default():
    assert catalogue.written(catalogue.parsed("replay")) == "replay(size=500, per_batch=32)"
    told = catalogue.written(catalogue.parsed("replay(memory='herding', draw='uniform')"))
    assert told == "replay(size=500, per_batch=32, memory='herding')"


def test_a_chain_with_a_name_has_no_fields_and_no_methods_name():
    with pytest.raises(InputError, match="sgm has no fields of its own, got size; it is the chain: least_squares"):
        catalogue.parsed("sgm(size=3)")
    assert not set(catalogue.CHAINS) & set(catalogue.names())
