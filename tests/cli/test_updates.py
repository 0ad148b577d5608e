"""What an update prints: before it begins, as a plan, and what came of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import ANSI, done, typed

ARRIVED = "--data digits:train@classes=2,3,4@rows=0:300"
LOOSE = "[gate]\nmargin = 1.0\nnegative_flips = 1.0\n"

pytestmark = pytest.mark.usefixtures("lineage")


def test_preflight_counts_what_arrived():
    told = done(f"update prod {ARRIVED} --steps 0")
    # digits:train has some 145 examples of each class; of 0 to 2 the model knows all, and 2 is present.
    assert told.fact("preflight") == "300 new examples · 2 new classes (3, 4) · 1 of 3 old classes present"
    assert told.fact("method") == "replay(size=40, per_batch=16)"
    first = done("update raw --data digits:train@rows=0:1000 --steps 0")
    assert first.fact("preflight") == "1,000 new examples · 10 new classes (0, 1, 2, 3, 4 and 5 more)"
    assert first.fact("method") == "warm_start"
    known = done("update prod --data digits:train@classes=2@rows=0:1 --steps 0")
    assert known.fact("preflight") == "1 new example · no new class · 1 of 3 old classes present"


def test_preflight_says_what_the_parent_kept_and_this_method_does_not_carry_on():
    # 40 images of 64 bytes, 40 targets of 8, and the count of what was seen: 2560 + 320 + 8 = 2888 bytes.
    line = "what replay kept (2.8 KiB) ends here: this method has no replay"
    assert line in done(f"update prod {ARRIVED} --method warm_start --steps 0").out
    assert line in done(f"update prod {ARRIVED} --method 'lwf | ewc' --steps 0").out
    assert done(f"update prod {ARRIVED} --method warm_start --steps 0 --json").json["dropped"] == {"replay": 2888}
    for carried in ("", "--method 'replay(size=9)'", "--method 'lwf | replay'"):
        assert "ends here" not in done(f"update prod {ARRIVED} {carried} --steps 0").out


def test_a_plan_shows_each_phase_with_its_batches_steps_terms_and_parameters():
    told = done(f"update prod {ARRIVED} --method 'lwf | replay(per_batch=16)' --steps 0 --set batch_size=40")
    head, row, end = told.out.splitlines()[-3:]
    assert head.split() == ["phase", "examples", "a", "step", "steps", "parameters", "terms"]
    # 5 epochs of 300 / 40 = 7.5 batches; 64 * 24 + 24 weights and biases, and 5 rows of 24 + 1 in the head.
    assert row.split() == ["train", "300", "40", "+", "16", "mixed", "in", "40", "1,685", "cross_entropy", "+", "lwf"]
    assert end == "a dry run: nothing was trained and nothing was written"


def test_what_came_of_an_update_is_told_test_by_test_and_rule_by_rule():
    ended = typed(f"update prod {ARRIVED} --test digits:test@classes=3,4 --method warm_start --epochs 8")
    card = done(f"show {ended.fact('version')[:8]} --json").json
    old, new = card["measures"]
    before, after, flips = (f"{100 * old[key]:.1f}" for key in ("parent_accuracy", "accuracy", "negative_flips"))
    first, second = (line for line in ended.out.splitlines() if line.startswith("  evaluate"))
    wide = len("digits:test@classes=0,1,2@rows=0:60")
    told = f"{before:>5} -> {after:>5} %  negative flips {flips} %"
    assert first == f"  evaluate    old  digits:test@classes=0,1,2@rows=0:60  {told}"
    assert second == f"  evaluate    new  {'digits:test@classes=3,4':<{wide}}    0.0 -> {100 * new['accuracy']:>5.1f} %"
    cost = card["record"]["cost"]
    # 8 epochs of 300 examples in batches of 64, the last one of 44.
    assert ended.fact("bill").startswith("2,400 examples, 40 steps, ")
    assert cost["samples"] == 2400 and ended.fact("bill").endswith(" in memory, 0 B kept")
    # Of all data so far, 200 at first and 300 now, as many passes are 8 * 500 = 4000 examples; 2400 is 60 %.
    of = "projected: 8 passes over all 500 examples so far"
    assert f"              60.0 % of training from scratch ({of})\n" in ended.out
    assert (ended.code, ended.fact("gate")) == (3, "FAIL (0 of 2 rules hold, 2 broken)")
    assert f"fail: accuracy on {old['test']}: {before} -> {after} %, fall " in ended.out
    assert ended.fact("version").endswith("is kept and no head names it")
    assert ended.out.endswith(f"to use it all the same: onward promote {ended.fact('version')[:8]} prod\n")


def test_the_way_to_promote_names_a_lineage_that_is_elsewhere():
    Path(".onward").rename("elsewhere")
    ended = typed(f"update prod {ARRIVED} --method warm_start --epochs 8 --lineage elsewhere")
    assert ended.code == 3
    way = ended.out.splitlines()[-1].partition("onward ")[2]
    assert way.endswith(" prod --lineage elsewhere")
    assert done(way).code == 0


def test_a_rule_that_could_not_be_checked_is_told(lineage):
    ended = done("update raw --data digits:train@classes=0,1@rows=0:60 --epochs 1")
    assert ended.fact("gate") == "UNCHECKED (0 of 1 rules hold, 1 could not be checked)"
    told = "there is no old test set, so nothing can be seen to fall; give one with --test"
    assert f"              unchecked: accuracy on old data: {told}\n" in ended.out


def test_quiet_leaves_out_preflight_and_progress():
    (Path(".onward") / "lineage.toml").write_text(LOOSE)
    words = [line.split()[0] for line in done(f"update prod {ARRIVED} --epochs 1 --quiet").out.splitlines()]
    assert words[0] == "evaluate" and "preflight" not in words and "train" not in words


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(
    "command",
    [
        f"update prod {ARRIVED} --method 'lwf | ewc' --epochs 1 --no-promote",
        f"update prod {ARRIVED} --steps 0",
        "log prod",
        "show prod",
        "diff prod~1 prod",
        "evaluate prod digits:test",
        "predict prod digits:test@rows=0:5",
        "methods",
    ],
)
def test_everything_fits_a_terminal_of_80_columns(command):
    lines = ANSI.sub("", done(command).out).replace("\r", "\n").splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert len(lines) > 2
