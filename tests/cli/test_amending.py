"""Classes, renaming, merging, forgetting and model cards, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from tests.cli.terminal import done, refused, typed

import onward

ARRIVED = "--data digits:train@classes=0,1,2@rows=200:300"
TEST = "digits:test@classes=0,1,2@rows=0:60"

pytestmark = pytest.mark.usefixtures("lineage")


def id_of(reference: str) -> str:
    return done(f"show {reference} --json").json["id"]


def test_classes_are_listed_with_origin_examples_and_names():
    first = id_of("prod")[:8]
    head, *lines = (line.split() for line in done("classes prod").out.splitlines())
    assert head == ["id", "class", "since", "examples", "also", "called"]
    # digits:train of three classes, the first 200: 67 of 0, 67 of 1, 66 of 2.
    assert lines == [["0", "0", first, "67"], ["1", "1", first, "67"], ["2", "2", first, "66"]]
    assert done("classes raw").out == f"{id_of('raw')[:8]} knows no class yet\n"


def test_renamed_and_merged_classes_are_listed_with_what_they_are():
    first = id_of("prod")
    done("rename prod 1 one")
    done("merge prod 2 0")
    done("merge prod null 0")
    lines = [line.split(maxsplit=4) for line in done("classes prod").out.splitlines()[1:]]
    assert [each[4] for each in lines] == ["2, null", "1", "counted as 0"]
    assert done("classes prod --json").json == [
        {"id": 0, "name": "0", "since": first, "examples": 67, "aliases": ["2", "null"], "merged_into": ""},
        {"id": 1, "name": "one", "since": first, "examples": 67, "aliases": ["1"], "merged_into": ""},
        {"id": 2, "name": "2", "since": first, "examples": 66, "aliases": [], "merged_into": "0"},
    ]


def test_a_rename_is_told_in_a_line_and_the_head_goes_with_it():
    before, told = id_of("prod"), done("rename prod 1 one")
    now = id_of("prod")
    assert told.out == f"version {now[:8]} is head of prod: rename 1 -> one\n"
    assert done("show prod --json").json["parent"] == before
    assert onward.load("prod").classes == ("0", "one", "2")
    assert (
        done("rename prod~1 2 two --as trial").out
        == f"version {id_of('trial')[:8]} is head of trial: rename 2 -> two\n"
    )
    told = done("merge prod 2 0 --no-promote").out
    assert told.endswith(" is kept and no head names it: merge 2 -> 0\n") and id_of("prod") == now
    assert done(f"rename {now[:8]} 0 nil").out.endswith(" is kept and no head names it: rename 0 -> nil\n")


def test_an_act_is_told_by_log_and_show():
    done("rename prod 1 one")
    assert done("log prod").out.splitlines()[2].strip() == "rename 1 -> one"
    assert done("show prod").fact("made").endswith(" UTC by rename 1 -> one")


def test_a_merged_version_is_judged_and_updated_by_what_is_meant():
    done("merge prod 2 0")
    said = done(f"evaluate prod {TEST} --json").json
    assert said["accuracy"] > 0.8
    assert all(each["accuracy"] > 0.5 for each in said["by_class"].values()), "2 is known: it is counted as 0"
    assert {row["class"] for row in done(f"predict prod {TEST} --json").json} == {"0", "1"}
    assert "no new class" in done(f"update prod {ARRIVED} --epochs 3").out
    assert onward.load("prod").classes == ("0", "1", "2") and onward.load("prod").model.live == ("0", "1")


def test_what_is_forgotten_is_told_with_what_is_not():
    first = id_of("prod")
    told = done("forget prod digits:train@classes=0,1,2@rows=0:200")
    now = id_of("prod")
    lines = told.out.splitlines()
    assert lines[0].startswith(
        f"version {now[:8]} is head of prod: forget 200 examples of digits:train@classes=0,1,2@row"
    )
    assert told.fact("kept") == "40 of 200 examples found and taken out"
    assert "only training anew without these examples" in told.fact("weights")
    assert told.fact("earlier") == f"1 version of the lineage still keeps some: {first[:8]}"
    assert onward.load("prod").kept.keys() == {"replay/seen"}
    assert onward.load(first).kept["replay/inputs"].shape == (40, 1, 8, 8)


def test_of_what_is_not_kept_no_version_is_made():
    before = id_of("prod")
    told = done(f"forget prod {TEST}")
    assert told.fact("kept") == "0 of 60 examples found" and id_of("prod") == before
    assert told.fact("version") == f"nothing that {before[:8]} keeps has to do with them, so no new one was made"
    assert "earlier" not in told.out


def test_sums_are_dropped_where_that_is_asked():
    done(f"update prod {ARRIVED} --method ewc --epochs 1 --as sums")
    said = refused("forget sums digits:train@rows=0:3@classes=0,1,2")
    assert "ewc keeps anchor/" in said and said.endswith("To leave it out: --drop-sums\n")
    told = done("forget sums digits:train@rows=0:3@classes=0,1,2 --drop-sums")
    assert "all that ewc kept is left out: one example cannot be taken out of it" in told.out
    assert onward.load("sums").kept == {}


def test_a_model_card_is_printed_and_written():
    version = done("show prod --json").json
    text = done("card prod").out
    assert text == Path(f".onward/versions/{version['id']}/README.md").read_text()
    (result,) = ModelCard(text).data.eval_results
    assert (result.dataset_name, result.metric_value) == (TEST, version["measures"][0]["accuracy"])
    assert done("card prod --out made.md").out == f"model card of {version['id'][:8]} written to made.md\n"
    assert Path("made.md").read_text() == text
    licensed = done("card prod --license apache-2.0").out
    assert ModelCard(licensed).data.license == "apache-2.0"
    assert licensed.replace('license: "apache-2.0"\n', "") == text


def test_a_version_from_before_there_were_model_cards_has_one_made():
    fixture = Path(__file__).parents[1] / "store" / "fixtures" / "v1"
    text = done(f"card prod --lineage {fixture}").out
    assert "| 2 | up | this one | 10 |  |" in text and len(ModelCard(text).data.eval_results) == 2


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("classes prdo", "unknown head or version 'prdo'. Did you mean 'prod'?"),
        ("rename prod 3 three", "unknown class '3'. There are: 0, 1, 2"),
        ("rename prod 1 2", "'2' is a class already (id 2), so '1' (id 1) cannot be called that"),
        ("rename prod 1 ''", "a class's name is a text that neither begins nor ends with a blank, got ''"),
        ("rename prod 1 one --as dead", "a head's name is"),
        ("rename raw 1 one", "unknown class '1'. There are none yet."),
        ("merge prod 1 one", "unknown class 'one'"),
        ("merge prod 1 1", "'1' cannot be merged into itself"),
        ("forget prod digits:train@classes=7", "the data has classes that the model does not know: 7"),
        ("forget prod digts", "unknown data set 'digts'. Did you mean 'digits'?"),
        ("card prod --out nowhere/README.md", "cannot write nowhere/README.md"),
        ("card prdo", "Did you mean 'prod'?"),
        ("rename prod 1", "Missing argument 'NEW' (see onward rename --help)"),
    ],
)
def test_a_mistake_is_explained_in_a_line_and_nothing_is_written(command, said):
    assert said in refused(command)


@pytest.mark.parametrize("command", ["rename prod 1 one", "merge prod 1 0", f"forget prod {TEST}", "card prod"])
def test_a_version_that_was_changed_is_refused(command, lineage):
    model = lineage / "versions" / id_of("prod") / "model.safetensors"
    model.write_bytes(model.read_bytes()[:-1] + b"!")
    assert "model.safetensors has hash" in refused(command)


@pytest.mark.parametrize("command", ["classes", "rename", "merge", "forget", "card"])
def test_help_ends_with_an_example(command):
    assert f"  onward {command} prod" in typed(f"{command} --help").out.split("Example:")[1]
