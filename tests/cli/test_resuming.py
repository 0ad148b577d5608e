"""``onward update --resume``: what goes on, what begins anew, and what is refused."""

from __future__ import annotations

import os
import pty
import re
import shlex
import subprocess
import sys
from contextlib import suppress

import pytest
from tests.cli.terminal import contents, done, put, refused, typed

from onward.datasets.source import read
from onward.engine import journalled
from onward.errors import StoreError
from onward.release.cut import clear_done
from onward.store import files
from onward.store.lineage import Lineage

ARRIVED = "--data digits:train@classes=2,3,4@rows=0:200 --method 'lwf | replay(size=40)' --epochs 3 --set lr=0.02"

pytestmark = pytest.mark.usefixtures("loose")


@pytest.fixture
def loose(lineage) -> None:
    """Let the gate pass whatever such a small update does."""
    (lineage / "lineage.toml").write_text("[gate]\nmargin = 1.0\nnegative_flips = 1.0\n")


@pytest.fixture
def cut(lineage, monkeypatch):
    """Cut an update off when it has written its fourth entry."""

    def cut(options: str, head: str = "prod") -> None:
        count, write = [0], journalled.Journalled.before_step

        def dying(self, index, phase, model, position):
            write(self, index, phase, model, position)
            count[0] += 1
            if count[0] == 4:
                raise StoreError("the power went")

        with monkeypatch.context() as patch:
            patch.setattr(journalled.Journalled, "before_step", dying)
            ended = typed(f"update {head} {options} --journal 1e-9")
        assert (ended.code, ended.err) == (1, "error: the power went\n")
        assert list(lineage.glob("journals/*/now.safetensors"))

    return cut


def made(lineage) -> dict[str, str]:
    """The files of the version in use, by their hashes."""
    files = Lineage(lineage).version("prod").card.files
    return {name: files[name] for name in ("model.safetensors", "kept.safetensors")}


def test_with_resume_alone_all_is_as_it_was_begun(lineage, cut):
    done(f"update prod {ARRIVED} --seed 3 --note 'week 2' --journal 0")
    whole = made(lineage)
    done("rollback prod")
    cut(f"{ARRIVED} --seed 3 --note 'week 2'")
    told = done("update prod --resume")
    assert told.fact("resume") == "goes on where it was cut off; --anew begins anew"
    assert made(lineage) == whole
    card = Lineage(lineage).version("prod").card
    assert (card.seed, card.note, card.method[:4]) == (3, "week 2", "lwf(")
    assert not list(lineage.glob("journals/*"))


def test_the_same_command_goes_on_where_nobody_can_be_asked(lineage, cut):
    cut(ARRIVED)
    assert "goes on where it was cut off" in done(f"update prod {ARRIVED}").out
    assert not list(lineage.glob("journals/*"))


def test_anew_begins_anew(lineage, cut):
    cut(ARRIVED)
    assert "goes on" not in done(f"update prod {ARRIVED} --anew").out
    assert not list(lineage.glob("journals/*"))


def at_a_terminal(command: str, answer: str) -> str:
    """Type a command at a terminal, answer what it asks, and return what stands there in the end."""
    here, there = pty.openpty()
    words = [sys.executable, "-m", "onward", *shlex.split(command)]
    shown = b""
    with os.fdopen(here, "r+b", buffering=0) as terminal:
        with subprocess.Popen(words, stdin=there, stdout=there, stderr=there) as process:
            os.close(there)
            with suppress(OSError):  # the terminal is gone once nobody holds its other side
                while piece := terminal.read(4096):
                    shown += piece
                    if shown.rstrip().endswith(b"[Y/n]:") and answer:
                        terminal.write(answer.encode())
                        answer = ""
        assert process.returncode == 0, shown
    return shown.decode()


@pytest.mark.parametrize(("answer", "goes_on"), [("\n", True), ("n\n", False)])
def test_at_a_terminal_it_is_asked_whether_it_goes_on(lineage, cut, answer, goes_on):
    cut(ARRIVED)
    shown = at_a_terminal(f"update prod {ARRIVED}", answer)
    assert "This very update was cut off. Go on with it? [Y/n]:" in shown
    assert ("goes on where it was cut off" in shown) == goes_on
    assert not list(lineage.glob("journals/*"))


@pytest.mark.parametrize("left", ["nothing", "an entry"])
def test_where_a_process_died_before_its_journal_said_of_what_it_is_nothing_is_written_in_its_place(
    lineage, cut, monkeypatch, left
):
    cut(ARRIVED)
    (file,) = lineage.glob("journals/*/update.json")
    file.unlink()
    for entry in file.parent.glob("*.safetensors") if left == "nothing" else ():
        entry.unlink()
    wrote = []
    monkeypatch.setattr(files, "replace", lambda path, content: wrote.append(path))
    clear_done(Lineage(lineage))
    assert wrote == [] and not file.parent.exists()


def test_another_update_is_made_beside_one_that_was_cut(lineage, cut):
    cut(ARRIVED)
    assert "goes on" not in done(f"update prod {ARRIVED} --seed 9 --no-promote").out
    assert len(list(lineage.glob("journals/*"))) == 1
    assert "goes on where it was cut off" in done("update prod --resume").out


def test_what_cannot_go_on_is_refused_and_the_journal_stays(lineage, cut):
    assert refused("update prod --resume").endswith("was cut off; bring its --data to make one\n")
    assert refused("update prod") == (
        "error: an update needs --data, what arrived; or --resume, to go on with one that was cut off\n"
    )
    cut(ARRIVED)
    assert refused("update prod --resume --seed 4 --epochs 9") == (
        "error: --resume without --data does what was asked for before; leave out --epochs, --seed, or give all the "
        "options that it was begun with\n"
    )
    told = r"^error: no such update was cut off: its journal is gone, or another .* Leave out --resume to make it$"
    assert re.search(told, refused(f"update prod {ARRIVED} --seed 4 --resume"))
    cut(f"{ARRIVED} --seed 4")
    told = refused("update prod --resume")
    assert re.search(
        r"^error: 2 updates of version \w{8} were cut off: .*, seed [04], .*, seed [04]\. Say which by", told
    )
    assert "goes on where it was cut off" in done(f"update prod {ARRIVED} --seed 4 --resume").out


def test_data_that_changed_since_is_another_update(lineage, cut, tmp_path):
    put("new.npz", read("digits:train@classes=2,3@rows=0:200"))
    options = ARRIVED.replace("digits:train@classes=2,3,4@rows=0:200", "new.npz")
    cut(options)
    put("new.npz", read("digits:train@classes=2,3@rows=0:199"))
    assert "no such update was cut off" in refused("update prod --resume")
    assert "goes on" not in done(f"update prod {options}").out


def test_a_damaged_journal_is_told_with_the_way_out(lineage, cut):
    cut(ARRIVED)
    (entry,) = lineage.glob("journals/*/now.safetensors")
    raw = bytearray(entry.read_bytes())
    raw[-5] ^= 4
    entry.write_bytes(raw)
    before = contents(lineage)
    told = typed(f"update prod {ARRIVED} --resume")
    assert told.code == 1 and contents(lineage) == before
    assert re.search(
        r"^error: .*now\.safetensors is not as it was written\. Remove .* to start anew; no version", told.err
    )
    assert "goes on" not in done(f"update prod {ARRIVED} --anew").out


def test_an_update_that_diverges_leaves_no_journal(lineage):
    ended = typed("update prod --data digits:train --set lr=1e30 --epochs 30 --set batch_size=8")
    assert ended.code == 1 and "became" in ended.err
    assert not list(lineage.glob("journals/*"))


def test_every_zero_writes_none(lineage):
    done(f"update prod {ARRIVED} --journal 0")
    assert not (lineage / "journals").exists()
