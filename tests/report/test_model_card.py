"""A version's model card says what the version's own card says, in the form that Hugging Face reads."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from importlib.resources import files

import pytest
import yaml
from huggingface_hub import ModelCard
from hypothesis import given
from hypothesis import strategies as st
from tests.amend.worlds import begun, start
from tests.store.test_card import cards

from onward.amend.classes import merged, renamed
from onward.amend.forgetting import forgot
from onward.gate.verdict import Finding, Verdict
from onward.preflight.facts import Preflight
from onward.record import Cost, Measure, Record, Share
from onward.report.model_card import README, command, decimal, model_card, network_of, plain, quoted, task_of, warnings
from onward.settings import Settings
from onward.store.card import Card, DataFacts, KeptFacts
from onward.store.class_map import ClassFacts
from onward.types import Examples

NET = {"net": "classifier", "backbone": {"net": "cnn", "shape": [1, 28, 28]}, "classes": ["cat", "dog"], "aliases": {}}
CARD = Card(
    net=NET,
    class_map=(ClassFacts("cat", 0, "7f3a91c2" * 8, 1200, ("kitten", "puss")), ClassFacts("dog", 1, "", 30)),
    method="lwf(strength=1.0) | replay(size=9)",
    settings={"epochs": 3, "lr": Settings().lr, "augment": ["flip"], "steps": None},
    seed=4,
    parent="0a03dcf8" * 8,
    data=DataFacts("pets:train@rows=0:60", 60, {"dog": 30, "kitten": 30}, "ab" * 32),
    tests=("pets:test", "old test.npz"),
    measures=(Measure("pets:test", 100, 0.9), Measure("old test.npz", 20, 0.85, 0.9, 0.1, 0.05, old=True)),
    record=Record((), Cost(samples=180, steps=9, forward_flops=4_000, seconds=1.5, kept_bytes=99)),
    verdict=Verdict((Finding("accuracy on old test.npz", "fail", "90.0 -> 85.0 %"), Finding("x", "unchecked", "why"))),
    share=Share(0.061, "projected", "three passes over 120 examples"),
    kept=(KeptFacts("replay/inputs", "uint8", (9, 1, 28, 28), 7056),),
    software={"onward": "0.1.0", "torch": "2.9"},
    created="2026-01-31T12:30:45+00:00",
    note="tuesday: é",
)


def read(card: Card, **told: str) -> ModelCard:
    """The card as Hugging Face reads it, which refuses what is none."""
    return ModelCard(model_card(card, **told))


def section(text: str, heading: str) -> str:
    return text.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    lines = re.findall(r"^\|(.*)\|$", section(text, heading), re.MULTILINE)[2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)] for line in lines]


def test_programs_read_library_task_and_every_measure():
    data = read(CARD).data
    assert (data.library_name, data.pipeline_tag, data.license) == ("onward", "image-classification", None)
    assert data.tags == ["onward", "classification", "continual-learning"]
    assert [(e.dataset_name, e.dataset_type, e.metric_type, e.metric_value) for e in data.eval_results] == [
        ("pets:test", "pets:test", "accuracy", 0.9),
        ("old test.npz", "old test.npz", "accuracy", 0.85),
    ]
    assert {each.task_type for each in data.eval_results} == {"image-classification"}


def test_a_license_and_a_name_are_told_where_they_are_given():
    data = read(CARD, license="apache-2.0", name='Pets: "all" of them').data
    assert (data.license, data.model_name) == ("apache-2.0", 'Pets: "all" of them')
    assert read(CARD).data.model_name == "cnn, 2 classes"


@given(cards)
def test_whatever_a_card_says_is_read_back_number_by_number(card):
    card = replace(card, net=NET)
    data = read(card).data
    told = [(each.dataset_name, each.metric_value) for each in data.eval_results or ()]
    assert told == [(measure.test, measure.accuracy) for measure in card.measures]


@given(st.floats(0, 1))
def test_a_decimal_is_the_number_and_no_text(share):
    assert float(decimal(share)) == share and "e" not in decimal(share) and "." in decimal(share)


@given(st.text())
def test_quotes_hold_any_text_on_one_line(text):
    assert yaml.safe_load(quoted(text)) == text and len(quoted(text).splitlines()) == 1


def test_a_cell_holds_a_text_that_would_end_it():
    assert plain("a | b\n## c `d` <e>") == "a \\| b ## c 'd' &lt;e>"
    classes = (ClassFacts("a|b\n", 0), ClassFacts("## c", 1))
    assert [row[1] for row in rows(model_card(replace(CARD, class_map=classes)), "Classes")] == ["a\\|b", "## c"]


def test_classes_are_told_with_ids_origin_counts_and_names():
    assert rows(model_card(CARD), "Classes") == [
        ["0", "cat", "7f3a91c2", "1,200", "kitten, puss"],
        ["1", "dog", "this one", "30", ""],
    ]
    gone = replace(CARD.class_map[1], merged_into="cat")
    assert (
        rows(model_card(replace(CARD, class_map=(CARD.class_map[0], gone))), "Classes")[1][1] == "dog, counted as cat"
    )


def test_classes_of_a_card_without_a_map_can_be_given():
    bare = replace(CARD, class_map=())
    assert "## Classes" not in model_card(bare)
    assert model_card(bare, CARD.class_map) == model_card(CARD)


def test_data_evaluation_gate_and_bill_are_those_of_the_card():
    text = model_card(CARD)
    assert "60 examples of `pets:train@rows=0:60`, SHA-256 `" + "ab" * 32 in section(text, "Data")
    assert rows(text, "Data") == [["dog", "30"], ["kitten", "30"]]
    assert "Before training" not in text
    assert rows(text, "Evaluation") == [
        ["pets:test", "100", "this one", "90.0", "-", "-", "-"],
        ["old test.npz", "20", "an earlier version", "85.0", "90.0", "10.0", "5.0"],
    ]
    assert rows(text, "Gate") == [["accuracy on old test.npz", "fail", "90.0 -> 85.0 %"], ["x", "unchecked", "why"]]
    bill = dict(rows(text, "Bill"))
    assert (bill["samples"], bill["forward flops"], bill["seconds"], bill["kept bytes"]) == (
        "180",
        "4,000",
        "1.5",
        "99",
    )
    assert bill["of training from scratch"] == "6.1 % (projected: three passes over 120 examples)"
    assert ["replay/inputs", "uint8", "(9, 1, 28, 28)", "7,056"] in rows(text, "Limits and warnings")
    assert section(text, "Software").strip() == "onward 0.1.0, torch 2.9."


def test_what_was_found_before_training_is_told():
    found = Preflight(60, scenario="mixed", duplicates=1200, overlap={"pets:test": 3}, warnings=("lwf forgets",))
    card = replace(CARD, preflight=found)
    told = section(model_card(card), "Data").partition("Before training it was found:")[2]
    assert re.findall(r"^\| (.+) \| (.+) \|$", told, re.MULTILINE) == [
        ("kind of update", "mixed"),
        ("duplicates", "1,200"),
        ("in the test set pets:test too", "3"),
    ]
    assert "lwf forgets" in list(warnings(card))


def test_warnings_tell_what_was_broken_not_checked_and_not_there():
    told = list(warnings(CARD))
    assert told[:3] == [
        "Broken: accuracy on old test.npz: 90.0 -> 85.0 %.",
        "Not checked: x: why.",
        "Of these classes no example was among the data of this update: cat.",
    ]
    aliased = replace(CARD, net={**NET, "aliases": {"kitten": "cat"}})
    assert not any("Of these classes" in each for each in warnings(aliased))
    brought = Card(net=NET)
    assert "It was judged on no test set: how often it is right is not known." in list(warnings(brought))
    assert "It was brought: what it was trained on is not known here." in list(warnings(brought))


@pytest.mark.parametrize(
    ("card", "said"),
    [
        (replace(CARD, exemplar_free=True), "Exemplar-free: its methods keep no example, and no row"),
        (CARD, "What its methods keep may hold examples as they came."),
        (replace(CARD, kept=()), "What its methods keep may hold examples as they came."),
        (replace(CARD, kept=(), record=None), "Its methods keep nothing, so no example either."),
    ],
)
def test_what_is_kept_of_examples_is_told(card, said):
    assert sum(each.startswith(said) for each in warnings(card)) == 1


def test_the_command_makes_the_version_again():
    assert command(CARD).replace(" \\\n  ", " ") == (
        "onward update 0a03dcf8 --data pets:train@rows=0:60 --method 'lwf(strength=1.0) | replay(size=9)' --seed 4 "
        "--set 'augment=[\"flip\"]' --set epochs=3 --test pets:test --no-promote"
    )
    assert command(Card(net=NET)) == "" == command(replace(CARD, record=None))
    assert command(replace(CARD, exemplar_free=True)).endswith("--exemplar-free \\\n  --no-promote")


@pytest.mark.parametrize(
    ("backbone", "task"),
    [
        ({"net": "mlp", "shape": [784]}, "tabular-classification"),
        ({"net": "mlp", "shape": [1, 28, 28]}, "image-classification"),
        ({"net": "imported", "factory": "m:f", "transform": {"size": [224, 224]}}, "image-classification"),
        ({"net": "imported", "factory": "hub.text:classifier", "transform": None}, "text-classification"),
        ({"net": "imported", "factory": "context:make", "transform": None}, ""),
        ({}, ""),
    ],
)
def test_the_task_is_told_by_the_inputs(backbone, task):
    assert task_of(backbone) == task
    read(replace(CARD, net={**NET, "backbone": backbone}))


def test_a_version_that_knows_nothing_has_a_card():
    text = model_card(Card(net={"backbone": {"net": "mlp", "shape": [4]}}))
    assert "A classifier that knows no class yet: `mlp`, for inputs of shape (4,)." in text
    assert "model-index" not in text and "## How to make it again" not in text


def test_the_template_is_a_part_of_the_package():
    assert files("onward.report").joinpath("model_card.md.jinja").is_file()


def test_a_version_has_its_model_card_beside_it_and_it_can_be_made_again_from_its_own(tmp_path):
    lineage = begun(tmp_path)
    made = [lineage.version("prod"), renamed(start(lineage), "b", "bee"), merged(start(lineage), "c", "a")]
    gone = lineage.load("prod").kept
    examples = Examples(gone["replay/inputs"][:2], gone["replay/targets"][:2], ("a", "bee", "c"))
    made.append(forgot(start(lineage), examples, "gone.npz").version)
    for version in made:
        text = (version.path / README).read_text(encoding="utf-8")
        assert README in version.card.files and version.id not in text and version.short not in text
        assert text == model_card(lineage.version(version.id).card)
        results = ModelCard(text).data.eval_results
        assert [each.metric_value for each in results] == [measure.accuracy for measure in version.card.measures]
    forgetful = (made[-1].path / README).read_text(encoding="utf-8")
    assert "only training anew without it takes it out of them" in forgetful and "`forget 2 examples of" in forgetful
    assert json.loads((made[0].path / "card.json").read_text())["files"].keys() == {
        README,
        "model.safetensors",
        "kept.safetensors",
    }


def test_a_text_that_is_no_unicode_can_be_written():
    text = model_card(replace(CARD, note="\udc80", tests=("\udc80.npz",), measures=(Measure("\udc80.npz", 1, 0.5),)))
    assert ModelCard(text.encode(errors="backslashreplace").decode()).data.eval_results[0].metric_value == 0.5


def test_a_network_is_named_with_each_kind_of_what_stands_around_it():
    inner = {"net": "mlp", "shape": [4], "width": 5}
    once = {"net": "deepened", "inner": inner, "layers": 1, "width": 8, "seed": 3}
    assert network_of(inner) == "mlp"
    assert network_of({**once, "inner": once}) == "mlp, deepened"
    assert network_of({"net": "ensemble", "inner": once, "members": 3}) == "mlp, deepened, ensemble"
    assert network_of({"net": "imported", "factory": "torchvision.models:resnet18"}) == "torchvision.models:resnet18"
