"""The energy counters of a machine, in a tree of files as Linux shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.engine.problems import learner, vectors

from onward.engine import energy
from onward.engine.energy import Counter, Meter
from onward.engine.log import Progress
from onward.engine.update import update
from onward.settings import Settings

JOULE = 1_000_000


def zone(folder: Path, place: str, name: str, joules: float, wraps: float = 1000) -> Path:
    """A counter as the kernel shows it, in microjoules; returns the file that counts."""
    (folder / place).mkdir(parents=True)
    for file, text in (("name", name), ("energy_uj", joules * JOULE), ("max_energy_range_uj", wraps * JOULE)):
        (folder / place / file).write_text(f"{text if isinstance(text, str) else int(text)}\n")
    return folder / place / "energy_uj"


def count(file: Path, joules: float) -> None:
    file.write_text(f"{int(joules * JOULE)}\n")


@pytest.fixture
def board(tmp_path):
    """Two packages, one with its cores and its memory; the same package seen another way; the whole board."""
    zones = {
        "first": zone(tmp_path, "intel-rapl:0", "package-0", 100),
        "cores": zone(tmp_path, "intel-rapl:0:0", "core", 50),
        "memory": zone(tmp_path, "intel-rapl:0:2", "dram", 10),
        "second": zone(tmp_path, "intel-rapl:1", "package-1", 990),
        "again": zone(tmp_path, "intel-rapl-mmio:0", "package-0", 100),
        "board": zone(tmp_path, "intel-rapl:2", "psys", 7),
    }
    (tmp_path / "intel-rapl").mkdir()
    return tmp_path, zones


def test_packages_and_memory_are_summed_and_what_is_in_them_or_around_them_is_not(board):
    folder, zones = board
    with Meter("cpu", folder) as meter:
        assert meter.joules == 0
        for name, joules in {
            "first": 130.5,
            "cores": 75,
            "memory": 12,
            "second": 994,
            "again": 131,
            "board": 90,
        }.items():
            count(zones[name], joules)
    assert meter.joules == pytest.approx(30.5 + 2 + 4)


def test_a_counter_that_wrapped_counts_on(board):
    folder, zones = board
    with Meter("cpu", folder) as meter:
        count(zones["second"], 3)  # 10 to the end of its range, and 3 more
    assert meter.joules == pytest.approx(13)
    assert Counter(float, wraps=1000).risen(990, 3) == 13 and Counter(float).risen(3, 10) == 7


def test_a_counter_that_is_read_along_may_wrap_again_and_again(board):
    folder, zones = board
    told = []
    progress = Progress("train", 0, 1, 1, 1, {}, 0.0)
    with Meter("cpu", folder) as meter:
        observe = meter.along(told.append)
        for joules in (600, 200, 800, 400):  # from 990: 610, 600, 600, 600
            count(zones["second"], joules)
            observe(progress)
    assert meter.joules == pytest.approx(610 + 3 * 600) and told == [progress] * 4


def test_a_machine_that_tells_nothing_is_not_said_to_spend_nothing(tmp_path):
    for folder in (tmp_path, tmp_path / "missing"):
        with Meter("cpu", folder) as meter:
            assert meter.along(print) is print
        assert meter.joules is None


def test_a_counter_that_may_not_be_read_is_left_out(board):
    folder, zones = board
    for name in ("first", "memory"):
        zones[name].unlink()
        zones[name].mkdir()  # it can be opened by no one, be they the administrator
    with Meter("cpu", folder) as meter:
        count(zones["second"], 995)
    assert meter.joules == pytest.approx(5)


def test_a_counter_that_goes_away_leaves_the_sum_unknown(board):
    folder, zones = board
    with Meter("cpu", folder) as meter:
        zones["second"].unlink()
    assert meter.joules is None


def test_the_processors_alone_are_not_the_energy_of_training_on_a_gpu(board, monkeypatch):
    folder, _ = board
    monkeypatch.setattr(energy, "gpu_counters", lambda _: ())
    with Meter("cuda:0", folder) as meter:
        pass
    assert meter.joules is None
    monkeypatch.setattr(energy, "gpu_counters", lambda _: (Counter(iter((5.0, 9.0)).__next__),))
    with Meter("cuda:0", folder) as meter:
        pass
    assert meter.joules == pytest.approx(4.0)


@pytest.mark.gpu
def test_a_gpu_tells_its_energy_where_its_driver_does():
    pytest.importorskip("pynvml")
    with Meter("cuda") as meter:
        update(learner(), vectors(), Settings(epochs=20, device="cuda"))
    assert meter.joules > 0


def test_an_update_bills_the_energy_that_was_spent_meanwhile(board, monkeypatch):
    folder, zones = board
    monkeypatch.setattr(energy, "POWERCAP", folder)
    spent = iter(range(100, 1000, 10))
    _, record = update(learner(), vectors(), Settings(epochs=2), observe=lambda _: count(zones["first"], next(spent)))
    last = next(spent) - 10
    assert record.cost.joules == pytest.approx(last - 100) and last > 100


def test_an_update_on_a_machine_that_does_not_tell_bills_none(tmp_path, monkeypatch):
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    _, record = update(learner(), vectors(), Settings(epochs=1))
    assert record.cost.joules is None
