"""Entries on disk: whole or not at all, of one update, held by one process, and found out when they were changed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from torch import Tensor

from onward.errors import StoreError
from onward.journal import Entry
from onward.store import journal as module
from onward.store.journal import DiskJournal

OF = {"seed": 3, "method": "lwf"}
TENSORS = {
    "whole": torch.arange(6).reshape(2, 3),
    "half": torch.tensor([0.1, -2.0], dtype=torch.bfloat16),
    "bytes": torch.arange(5, dtype=torch.uint8),
    "flags": torch.tensor([True, False]),
    "one": torch.tensor(2.5, dtype=torch.float64),
    "none": torch.zeros(0, 4),
    "a view": torch.arange(12.0).reshape(3, 4).t()[1:],
}
FACTS = {"step": 7, "losses": [0.1, 1 / 3], "curve": {"lwf": [1e-30]}}


@pytest.fixture
def folder(tmp_path) -> Path:
    with DiskJournal(tmp_path / "j", OF) as journal:
        journal.write("now", Entry(FACTS, TENSORS))
    return tmp_path / "j"


def same(one: Tensor, other: Tensor) -> bool:
    return one.dtype == other.dtype and one.shape == other.shape and torch.equal(one, other)


def test_an_entry_is_read_as_it_was_written(folder):
    with DiskJournal(folder, OF) as journal:
        entry = journal.read("now")
        assert entry is not None and {**entry.facts, "spent": 0} == {**FACTS, "spent": 0}
        assert entry.tensors.keys() == TENSORS.keys()
        assert all(same(entry.tensors[name], tensor) for name, tensor in TENSORS.items())
        assert journal.facts("now") == entry.facts
        assert journal.read("phase-000") is None and journal.facts("phase-000") is None


def test_a_newer_entry_takes_the_place_of_an_older_one(folder):
    with DiskJournal(folder, OF) as journal:
        journal.write("now", Entry({"step": 8}))
        entry = journal.read("now")
        assert entry is not None and entry.facts["step"] == 8 and not entry.tensors


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_changed_byte_is_found(folder, share):
    file = folder / "now.safetensors"
    raw = bytearray(file.read_bytes())
    raw[int(share * len(raw))] ^= 1
    file.write_bytes(raw)
    told = r"(now\.safetensors is not as it was written|not a whole safetensors file)"
    with pytest.raises(StoreError, match=told), DiskJournal(folder, OF) as journal:
        journal.read("now")


def test_every_flipped_bit_is_found(folder):
    file = folder / "now.safetensors"
    raw = file.read_bytes()
    for place in range(0, len(raw), 7):
        file.write_bytes(raw[:place] + bytes([raw[place] ^ (1 << place % 8)]) + raw[place + 1 :])
        with pytest.raises(StoreError), DiskJournal(folder, OF) as journal:
            journal.read("now")


def test_the_journal_of_another_update_is_refused_and_left(folder):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with (
        pytest.raises(
            StoreError, match=r"is the journal of another update: seed is not the same\. Give another folder"
        ),
        DiskJournal(folder, {**OF, "seed": 4}),
    ):
        pass
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "does not say of what it is a journal"),
        (b"[]", "does not say of what it is a journal"),
        (b'{"schema": 1}', "does not say of what it is a journal"),
        (b"[" * 100_000, "does not say of what it is a journal"),
        (json.dumps({"schema": 2, "of": OF}).encode(), "has schema 2, this onward reads schema 1"),
    ],
)
def test_what_is_no_journal_of_ours_is_refused(folder, content, told):
    (folder / "update.json").write_bytes(content)
    with pytest.raises(StoreError, match=told), DiskJournal(folder, OF):
        pass
    assert (folder / "now.safetensors").exists()


def test_one_process_at_a_time(folder):
    told = r"another process is at work in .*; try again when it has ended"
    with DiskJournal(folder, OF), pytest.raises(StoreError, match=told), DiskJournal(folder, OF):
        pass
    with DiskJournal(folder, OF):
        pass


def test_a_lock_that_a_dead_process_left_is_none(folder, tmp_path):
    told = f"""
        import os, signal
        from onward.store.journal import DiskJournal
        with DiskJournal({str(folder)!r}, {OF!r}):
            print("held", flush=True)
            signal.pause()
    """
    lines = "\n".join(line[8:] for line in told.splitlines())
    with subprocess.Popen([sys.executable, "-c", lines], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        with pytest.raises(StoreError, match="another process is at work in"), DiskJournal(folder, OF):
            pass
        process.kill()
    assert (folder / ".lock").exists()
    with DiskJournal(folder, OF) as journal:
        assert journal.facts("now")


def test_what_a_dying_process_was_writing_is_cleared_away(folder):
    (folder / ".now.safetensors.123.tmp").write_bytes(b"torn")
    with DiskJournal(folder, OF) as journal:
        assert journal.read("now") and not list(folder.glob(".*.tmp"))


def test_where_nothing_was_written_nothing_is_left(tmp_path):
    with DiskJournal(tmp_path / "j", OF):
        pass
    assert not (tmp_path / "j").exists()


def test_one_of_a_dead_process_stays_though_nothing_was_written(tmp_path):
    """The update may have made its version without a step, and have been killed before its head moved."""
    left = tmp_path / "j"
    left.mkdir()
    (left / "update.json").write_text(json.dumps({"schema": 1, "of": OF}))
    with DiskJournal(left, OF) as journal:
        assert journal.found
    assert left.exists()


def test_what_is_left_of_a_journal_that_was_being_removed_counts_no_more(folder):
    (folder / "update.json").unlink()
    with DiskJournal(folder, {"seed": 4}) as journal:
        assert journal.read("now") is None


def test_over_it_is_gone_when_it_is_left(folder):
    with DiskJournal(folder, OF) as journal:
        assert journal.found
        journal.over = True
        assert journal.read("now")
    assert not folder.exists()
    with DiskJournal(folder, OF) as journal:
        assert not journal.found


def test_at_most_a_fiftieth_of_the_time_goes_into_writing(tmp_path, monkeypatch):
    """Where an entry took a second, the next one is due 50 seconds later, however often they were asked for."""
    now = [100.0]
    monkeypatch.setattr(module.time, "perf_counter", lambda: now[0])
    write = module.files.replace

    def slowly(path, content):
        now[0] += 1.0
        write(path, content)

    with DiskJournal(tmp_path / "j", OF, every=2.0) as journal:
        assert not journal.due
        now[0] += 2.0
        assert journal.due
        monkeypatch.setattr(module.files, "replace", slowly)
        journal.write("now", Entry({}))
        now[0] += 49.9
        assert not journal.due
        now[0] += 0.2
        assert journal.due


def test_time_adds_up_over_processes(tmp_path):
    for _ in range(2):
        with DiskJournal(tmp_path / "j", OF) as journal:
            time.sleep(0.05)
            journal.write("now", Entry({}))
    with DiskJournal(tmp_path / "j", OF) as journal:
        assert 0.1 <= journal.spent < 10


def test_a_full_disk_is_told_and_the_entry_before_it_stays(folder, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", path)

    with DiskJournal(folder, OF) as journal:
        monkeypatch.setattr(module.files, "replace", full)
        with pytest.raises(StoreError, match=r"cannot write to .* \(No space left on device\)"):
            journal.write("now", Entry({"step": 8}))
        facts = journal.facts("now")
        assert facts is not None and facts["step"] == FACTS["step"]
