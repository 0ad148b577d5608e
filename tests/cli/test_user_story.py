"""What an engineer does with a model in use, from the first day on, in one folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.cli.terminal import contents, done, typed

import onward

REPLAY = "--method 'replay(size=200, per_batch=64)' --epochs 12 --set batch_size=32"
LOOSE = "[gate]\nmargin = 0.2\nnegative_flips = 0.3\n"


def arrival(classes: str, rows: str = "0:300") -> str:
    return f"--data digits:train@classes={classes}@rows={rows} --test digits:test@classes={classes}"


@pytest.fixture
def story(folder) -> dict[str, str]:
    """Three updates: made and promoted, made and promoted, made and not promoted. The id of each version."""
    ids = [done("init prod --model 'mlp(width=48)' --shape 1,8,8 --note begun").fact("version")]
    Path(".onward/lineage.toml").write_text(LOOSE)
    for classes, code in (("0,1,2,3", 0), ("4,5", 0)):
        ended = typed(f"update prod {arrival(classes)} {REPLAY} --json")
        assert (ended.code, ended.json["promoted"]) == (code, True)
        ids.append(ended.json["version"])
    ended = typed(f"update prod {arrival('6,7')} --method warm_start --epochs 12 --json")
    assert (ended.code, ended.json["promoted"], ended.json["verdict"]["passed"]) == (3, False, False)
    return dict(zip(("begun", "four", "six", "forgetful"), [*ids, ended.json["version"]], strict=True))


def test_an_engineer_s_story_from_the_first_version_to_a_rollback(story):
    four, six, forgetful = (story[name][:8] for name in ("four", "six", "forgetful"))
    line = done("log prod --json").json
    assert [card["id"] for card in line] == [story["six"], story["four"], story["begun"]]
    assert [card["heads"] for card in line] == [["prod"], [], []]
    assert [len(card["net"]["classes"]) for card in line] == [6, 4, 0]
    assert line[2]["note"] == "begun"
    compared = done("diff prod~1 prod --json").json
    assert compared["classes_added"] == ["4", "5"]
    first = compared["measures"]["digits:test@classes=0,1,2,3"]
    assert [side["accuracy"] for side in first] == [
        line[1]["measures"][0]["accuracy"],
        line[0]["measures"][0]["accuracy"],
    ]
    assert done(f"promote {forgetful} prod").out == f"version {forgetful} is head of prod\n"
    assert done("show prod --json").json["id"] == story["forgetful"]
    assert done("rollback prod").out == f"head of prod was {forgetful} and is {six} again\n"
    assert done("rollback prod").out == f"head of prod was {six} and is {four} again\n"
    assert done("verify").out == "4 versions, 1 head: all is as it was written\n"
    assert onward.load("prod").classes == ("0", "1", "2", "3")


def test_a_version_says_the_same_of_a_test_set_wherever_it_is_asked(story):
    test = "digits:test@classes=0,1,2,3"
    told = done("show prod --json").json["measures"][0]
    judged = done(f"evaluate prod {test} --json").json
    done(f"predict prod {test} --out said.csv")
    with Path("said.csv").open(newline="") as file:
        said = [row["class"] for row in csv.DictReader(file)]
    examples = onward.read(test)
    truth = [examples.classes[k] for k in examples.targets.tolist()]
    share = sum(one == other for one, other in zip(said, truth, strict=True)) / len(truth)
    assert (told["test"], told["accuracy"], judged["accuracy"]) == (test, share, share)
    assert share > 0.7  # of four digits, after an update without most of their examples
    assert [row["class"] for row in done(f"predict prod {test} --json").json] == said


def test_a_version_that_forgot_is_kept_and_its_gate_says_why(story):
    card = done(f"show {story['forgetful']} --json").json
    failed = [finding["rule"] for finding in card["verdict"]["findings"] if finding["status"] == "fail"]
    assert "accuracy on digits:test@classes=0,1,2,3" in failed
    gate = json.loads((Path(".onward/versions") / story["forgetful"] / "gate.json").read_text())
    assert gate["findings"] == card["verdict"]["findings"] and (gate["word"], gate["passed"]) == ("FAIL", False)


def test_a_dry_run_shows_the_plan_and_writes_nothing(story):
    before = contents(Path())
    plan = done(f"update prod {arrival('6,7', '0:100')} {REPLAY} --steps 0 --json").json
    (phase,) = plan["phases"]
    # 100 rows of two of the ten digits: their count is the data's, and 12 epochs of batches of 32.
    examples = len(onward.read("digits:train@classes=6,7@rows=0:100"))
    assert (phase["examples"], phase["batch_size"], phase["mixed"], phase["steps"]) == (examples, 32, 64, 0)
    assert phase["planned"] == 12 * -(-examples // 32)
    assert done(f"update prod {arrival('6,7')} {REPLAY} --set steps=0").out.endswith("nothing was written\n")
    assert contents(Path()) == before


def test_another_head_is_promoted_where_it_is_named_and_none_where_none_is_wanted(story):
    update = f"update prod {arrival('0,1,2,3', '300:400')} {REPLAY}"
    assert done(f"{update} --as candidate").fact("version").endswith("is head of candidate")
    assert done(f"{update} --no-promote --seed 1").fact("version").endswith("is kept and no head names it")
    assert {path.name for path in Path(".onward/heads").iterdir() if path.name[0] != "."} == {"prod", "candidate"}
    assert done("show prod --json").json["id"] == story["six"]


def test_a_second_model_begins_a_line_of_its_own(story):
    done("init other --model 'mlp(width=8)' --shape 1,8,8")
    assert [card["heads"] for card in done("log other --json").json] == [["other"]]
    assert done("verify").out.startswith("5 versions, 2 heads")
