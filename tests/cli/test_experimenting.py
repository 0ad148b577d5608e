"""``onward run`` on a tiny experiment."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.terminal import done, typed

import onward
from onward import demo, experiment
from onward.cli import story

FILE = """
seeds = 2
[stream]
train = "digits:train@rows=0:60"
test = "digits:test@rows=0:40"
scenario = "class-incremental"
parts = 2
[model]
net = "mlp"
width = 8
[methods]
plain = "warm_start"
memory = "replay(size=20)"
[settings]
epochs = 1
"""


@pytest.fixture
def file(folder) -> str:
    Path("tiny.toml").write_text(FILE)
    return "tiny.toml"


def test_a_run_tells_each_cell_a_table_and_where_the_results_are(file):
    told = done(f"run {file} --jobs 1").out
    cells = [line.strip() for line in told.splitlines() if "seed" in line and "/4" in line]
    assert sorted(cell.partition("  ")[2] for cell in cells) == [
        "memory, seed 0: done", "memory, seed 1: done", "plain, seed 0: done", "plain, seed 1: done",
    ]  # fmt: skip
    assert "learning" in told and "±" in told
    assert told.endswith("results.json, results.csv and matrices.csv are in results/tiny\n")
    again = done(f"run {file} --jobs 1").out
    assert again.count(": done") == 0
    assert done(f"run {file} --json").json["experiment"]["name"] == "tiny"


def test_seeds_and_folder_are_those_that_are_typed(file):
    told = done(f"run {file} --jobs 1 --seeds 1 --out there --json").json
    assert {cell["seed"] for cell in told["cells"]} == {0}
    assert (Path("there") / "results.csv").is_file() and not Path("results").exists()


def test_runs_that_failed_are_told_with_their_reason_and_end_with_1(file, monkeypatch):
    Path(file).write_text(FILE.replace("epochs = 1", "epochs = 1\nlr = 1e30"))
    ended = typed(f"run {file} --jobs 1")
    assert ended.code == 1
    assert "became" in ended.out and "4 of 4 runs failed" in ended.out


def test_a_run_goes_on_where_it_was_stopped(file, monkeypatch):
    def stopped(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(experiment, "conduct", stopped)
    assert typed(f"run {file}").code == 130


def test_the_demonstration_s_gate_lets_four_weeks_pass_and_stops_the_broken_export(tmp_path):
    weeks = (*demo.story(0), demo.poisoned(0))
    for week in weeks:
        story.arrives(week, tmp_path, tmp_path / "lineage", seed=0)
    versions = [onward.Lineage(tmp_path / "lineage").version(f"prod~{back}" if back else "prod") for back in range(4)]
    assert [version.card.verdict.word for version in versions] == ["PASS"] * 4
    assert versions[0].card.data.source.endswith("week-4.npz")  # the fifth was made and is not in use
    lineage = onward.Lineage(tmp_path / "lineage")
    (stopped,) = [v for v in map(lineage.read, lineage.ids()) if v.card.data and "week-5" in v.card.data.source]
    assert stopped.card.verdict.word == "FAIL"
