"""The command itself: help, version, exit codes."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer
from tests.cli.terminal import done, refused, typed

import onward
from onward.cli.app import app
from onward.datasets.reading import Reading
from onward.settings import Settings

COMMANDS = typer.main.get_command(app).commands

pytestmark = pytest.mark.usefixtures("folder")


def test_typing_nothing_is_asking_for_help():
    assert done("").out == done("--help").out
    listing = done("").out
    assert all(f"\n  {name:<8}  " in listing for name in COMMANDS)
    assert "..." not in listing.partition("Commands:")[2]  # no first sentence is cut short


def test_version_is_told():
    assert done("--version").out == f"onward {onward.__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_explains_every_word_and_ends_with_an_example(name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    told = done(f"{name} --help").out
    assert max(map(len, told.splitlines())) <= 80
    for parameter in COMMANDS[name].params:
        assert parameter.help, parameter.name
        assert parameter.opts[-1] in told or parameter.metavar in told
    assert "<str>  " not in told.partition("Options:")[2]
    assert f"\n  Example:\n    onward {name}" in told


def test_help_of_update_lists_every_setting_with_its_default():
    told = " ".join(done("update --help").out.split())
    assert all(f"{name}={value}" in told for name, value in vars(Settings()).items())


def test_help_imports_nothing_heavy():
    program = (
        "import sys; from onward.cli.app import main\ntry: main()\nexcept SystemExit: print('torch' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("\nFalse\n")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, typer.Abort])
def test_a_stopped_command_says_so_and_ends_with_130(stop, monkeypatch):
    def stopped() -> None:
        raise stop

    monkeypatch.setattr("onward.catalogue.names", stopped)
    ended = typed("methods")
    assert (ended.code, ended.out, ended.err) == (130, "", "stopped; what was not finished was not written\n")


def test_what_the_system_refuses_is_said_in_a_line(monkeypatch):
    def refusing() -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr("onward.catalogue.names", refusing)
    assert refused("methods") == "error: Permission denied: /somewhere\n"


def test_the_help_tells_how_many_threads_decode():
    told = " ".join(done("update --help").out.split())
    assert f"Threads that decode files. [default: ({Reading.workers})]" in told
