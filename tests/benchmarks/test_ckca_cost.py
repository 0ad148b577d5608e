"""The benchmark runs as a command, its rivals do what their names say, and its figures follow from its times."""

from __future__ import annotations

from statistics import median

import pytest

from onward.engine.teacher import Teacher


def test_the_table_has_a_line_for_each_method_of_each_cell_and_names_machine_and_aim(run):
    printed, facts = run
    for name in ("plain", "lwf", "ckca"):
        assert sum(f"│ {name} " in line for line in printed.splitlines()) == len(facts["cells"]) == 2
    assert facts["machine"]["processor"] in printed
    assert "the aim for ckca on ResNet-18 is 1.5" in " ".join(printed.split()) and "1.5" in facts["note"]


def test_a_ratio_is_that_of_the_slopes_of_each_round_and_of_whole_runs_that_of_the_long_ones(run):
    _, facts = run
    for result in facts["cells"]:
        loops = result["loops"]
        between = result["cell"]["lengths"]["long"] - result["cell"]["lengths"]["short"]
        seconds = {name: loop["seconds"] for name, loop in loops.items()}
        steps = {
            name: [(b - a) / between for a, b in zip(each["short"], each["long"], strict=True)]
            for name, each in seconds.items()
        }
        for name, loop in loops.items():
            whole = [a / b for a, b in zip(seconds[name]["long"], seconds["plain"]["long"], strict=True)]
            assert len(steps[name]) == 3 == result["cell"]["rounds"]
            assert loop["seconds_a_step"]["median"] == pytest.approx(median(steps[name]))
            ratio = median(a / b for a, b in zip(steps[name], steps["plain"], strict=True))
            assert loop["ratio"]["median"] == pytest.approx(ratio)
            assert loop["whole_ratio"]["median"] == pytest.approx(median(whole))


def test_every_rival_takes_the_steps_asked_for_and_ckca_has_both_its_terms(bench):
    for cell in bench.QUICK:
        made = {name: rival(cell.lengths.short) for name, rival in bench.rivals(cell).items()}
        assert {record.cost.steps for record in made.values()} == {cell.lengths.short}
        terms = {name: record.phases[0].terms for name, record in made.items()}
        assert terms["plain"] == ("cross_entropy",) and terms["lwf"] == ("cross_entropy", "lwf")
        assert terms["ckca"] == ("cross_entropy", "featreg", "adakd")


def test_the_parent_sees_every_batch_of_augmented_images_and_other_images_once(bench, monkeypatch):
    seen, forward = [], Teacher._asked

    def counting(self, batch):
        seen.append(len(batch.targets))
        return forward(self, batch)

    monkeypatch.setattr(Teacher, "_asked", counting)
    for cell in bench.QUICK:
        for steps in (cell.lengths.short, cell.lengths.long):
            seen.clear()
            bench.rivals(cell)["ckca"](steps)
            passes = cell.epochs(steps) if cell.augment else 1
            one = 0 if cell.augment else 1  # to learn how wide its outputs are, where they are to be held
            assert sum(seen) == passes * cell.examples + one


def test_runs_are_whole_epochs_more_than_one_in_every_cell(bench):
    for cell in (*bench.CELLS, *bench.QUICK):
        for steps in (cell.lengths.short, cell.lengths.long):
            assert cell.epochs(steps) * cell.examples == steps * cell.batch_size
            assert cell.epochs(steps) > 1, "of a single epoch the parent's outputs are not held"
