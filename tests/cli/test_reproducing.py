"""``onward reproduce`` on a tiny experiment."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from tests.cli.terminal import done, refused, typed

from onward.experiment.gains import Roles
from onward.experiment.published import Printed, Published
from onward.experiment.switches import Grid
from onward.reproduction import claim, registry
from onward.reproduction.claim import Claim, Reproduction
from onward.reproduction.registry import GROUPS, REPRODUCTIONS

FILE = """
seeds = 2
[stream]
train = "digits:train@rows=0:240"
test = "digits:test@rows=0:100"
scenario = "data-incremental"
parts = 3
[model]
net = "mlp"
width = 16
[methods]
"warm start" = "warm_start"
lwf = "lwf"
scratch = "scratch"
joint = "joint"
[settings]
epochs = 20
batch_size = 10
"""
TINY = Reproduction(
    name="tiny",
    title="a tiny one",
    claim=Claim("Some 2020, A Paper", "arXiv:0000.00000", "up to +5.00 points, somewhere", "somewhere", 5.0),
    caveat="on digits",
    roles=Roles("lwf", baseline="warm start", oracle="joint"),
    forms=("quick",),
)


@pytest.fixture
def tiny(folder, monkeypatch) -> Path:
    """A reproduction whose experiment is in a folder of the test."""
    Path("experiments").mkdir()
    Path("experiments/tiny-quick.toml").write_text(FILE)
    monkeypatch.setattr(claim, "EXPERIMENTS", folder / "experiments")
    monkeypatch.setattr(registry, "REPRODUCTIONS", {"tiny": TINY})
    return folder / "experiments/tiny-quick.toml"


def table(path: Path) -> list[dict[str, str]]:
    """The lines of a CSV file."""
    return list(csv.DictReader(path.read_text().splitlines()))


def test_a_reproduction_tells_tables_the_claim_and_where_its_files_are(tiny):
    told = done("reproduce tiny --quick --jobs 1").out
    assert "8/8  joint, seed 1: done" in told
    assert "accuracy after each update" in told
    assert "published: up to +5.00 on somewhere" in told and "points above warm start" in told.replace("below", "above")
    assert told.index("claim") < told.index("next best") < told.index("caveat      on digits")
    folder = Path("results/tiny-quick")
    names = {path.name for path in folder.iterdir()}
    files = {"results.json", "results.csv", "matrices.csv", "learning.csv", "comparison.csv", "learning.png"}
    assert names == {"cells", *files}
    lines = {line["label"]: line for line in table(folder / "comparison.csv")}
    lwf, warm = (float(lines[label]["final_mean"]) for label in ("lwf", "warm start"))
    assert float(lines["lwf"]["gain_mean"]) == pytest.approx(lwf - warm)
    # 80 examples a part, 20 times over: joint goes through two parts in the second update and three in the last.
    assert (lines["lwf"]["samples_second"], lines["lwf"]["samples_last"]) == ("1600.0", "1600.0")
    assert (lines["joint"]["samples_second"], lines["joint"]["samples_last"]) == ("3200.0", "4800.0")
    curves = [line for line in table(folder / "learning.csv") if line["method"] == "lwf"]
    assert len(curves) == 2 * 3 * 20  # of each seed, update and epoch


def test_a_reproduction_goes_on_from_what_is_finished(tiny):
    done("reproduce tiny --quick --jobs 1 --seeds 1 --out there")
    told = done("reproduce tiny --quick --jobs 1 --out there").out
    assert (told.count(", seed 0: found"), told.count(", seed 1: done")) == (4, 4)
    said = done("reproduce tiny --quick --jobs 1 --out there --json").json
    assert (said["reproduction"]["name"], said["form"], said["failed"]) == ("tiny", "quick", [])
    assert [each["label"] for each in said["comparison"]["standings"]] == ["warm start", "lwf", "scratch", "joint"]
    assert set(said["comparison"]["lead"]["by"]) == {"mean", "half_width"}
    assert len(said["curves"]["lwf"]) == 3
    assert not Path("results").exists()


def test_several_run_one_after_the_other_each_in_a_folder_of_its_own(tiny, monkeypatch):
    tiny.with_stem("twin-quick").write_text(FILE)
    monkeypatch.setitem(registry.REPRODUCTIONS, "twin", replace(TINY, name="twin"))
    told = done("reproduce tiny twin --quick --jobs 1 --seeds 1").out
    assert told.index("are in results/tiny-quick") < told.index("are in results/twin-quick")
    said = done("reproduce twin tiny --quick --jobs 1 --seeds 1 --json").json
    assert [each["reproduction"]["name"] for each in said] == ["twin", "tiny"]
    assert said[0]["curves"] == said[1]["curves"]
    assert "--out is the folder of one reproduction, and 2 are named" in refused("reproduce tiny twin --quick --out a")


def test_a_name_that_there_is_not_is_refused_before_anything_runs(tiny):
    assert "unknown reproduction 'tny'" in refused("reproduce tiny tny --quick")
    assert not Path("results").exists()


def test_runs_that_failed_are_told_and_end_with_1(tiny):
    tiny.write_text(FILE.replace("epochs = 20", "epochs = 1\nlr = 1e30"))
    ended = typed("reproduce tiny --quick --jobs 1 --seeds 1")
    assert ended.code == 1
    assert "4 of 4 runs failed" in ended.out and "here        not known" in ended.out
    assert "no picture: no run was finished" in ended.out


def test_without_a_name_every_reproduction_is_listed(folder):
    listing = done("reproduce").out.splitlines()
    assert [line.split()[0] for line in listing[1:]] == [*REPRODUCTIONS, *GROUPS]
    assert listing[-1].endswith(f"all of {', '.join(list(GROUPS.values())[-1])}")
    assert all(each.claim.reference in "".join(listing) for each in REPRODUCTIONS.values())
    assert [each["name"] for each in done("reproduce --json").json] == list(REPRODUCTIONS)


def test_names_and_forms_that_there_are_not_are_refused(tiny):
    assert "unknown reproduction 'tny'. Did you mean 'tiny'?" in refused("reproduce tny")
    assert "tiny has no full form; it has: quick" in refused("reproduce tiny")


STARTS = """
seeds = 2
watch = 50
[stream]
train = "digits:train@rows=0:400"
test = "digits:test"
scenario = "class-incremental"
parts = 3
first = 4
[model]
net = "mlp"
width = 16
[settings]
epochs = 4
batch_size = 10
read_every = 5
[starts.base]
method = "replay(size=50)"
epochs = 20
[methods]
all = {method = "warm_start", at_once = true}
"random, a" = {method = "least_squares(start='random') | replay(size=50)", start = "base"}
"solved, a" = {method = "least_squares(scale='temperature') | replay(size=50)", start = "base"}
"""


def test_a_comparison_of_starts_tells_what_happens_at_the_switches(tiny, monkeypatch):
    tiny.write_text(STARTS)
    grid = Grid("solved", baseline="random", others=(), cells=("a",), oracle="all")
    monkeypatch.setattr(registry, "REPRODUCTIONS", {"tiny": replace(TINY, roles=grid)})
    told = done("reproduce tiny --quick --jobs 1").out
    assert "at the switches" in told and "plasticity" in told
    said = told[told.index("  claim") :]
    assert said.index("  spike ") < said.index("  steps ") < said.index("  final ") < said.index("on digits")
    folder = Path("results/tiny-quick")
    assert (folder / "switches.png").exists() and len(list((folder / "starts").iterdir())) == 2
    lines = {line["start"]: line for line in table(folder / "comparison.csv")}
    solved, drawn = (float(lines[start]["at_once_mean"]) for start in ("solved", "random"))
    assert solved > 0.5 > drawn and float(lines["random"]["faster"]) == 1.0
    said = done("reproduce tiny --quick --jobs 1 --json").json
    assert [each["start"] for each in said["comparison"]["each"]] == ["random", "solved"]


def test_lines_of_a_published_table_are_told_beside_it(tiny, monkeypatch):
    """The digits in three parts, beside numbers that nobody published: one far above, one not run."""
    lines = {"lwf": Printed(0.1, 0.01, 0.2, "6"), "lost": Printed(0.5, 0.01, 0.2, "6")}
    published = replace(TINY, roles=Published(lines, contender="lwf", tasks=3, oracle="lost"))
    monkeypatch.setattr(registry, "REPRODUCTIONS", {"tiny": published})
    told = done("reproduce tiny --quick --jobs 1 --seeds 1").out
    assert "10.00 ± 1.00" in told and "above" in told
    assert "here        lwf" in told and "not run     lost" in told
    assert "table       1 of 1 method within 2 of the paper's standard deviations or above" in told
    written = {line["label"]: line for line in table(Path("results/tiny-quick/comparison.csv"))}
    assert list(written) == ["lwf", "lost", "warm start", "scratch", "joint"]
    assert written["lwf"]["printed_accuracy"] == "0.1" and written["scratch"]["printed_accuracy"] == ""
    assert written["lost"]["apart"] == ""
    said = done("reproduce tiny --quick --jobs 1 --seeds 1 --json").json
    assert [each["label"] for each in said["comparison"]["lines"]] == list(written)
