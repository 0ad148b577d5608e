"""The pages of the docs as what they show: sessions to be typed, files, commands, links, names of other files."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from onward.cli.app import main

ROOT = Path(__file__).parents[1]
BY_HAND = sorted([*(ROOT / "docs").glob("*.md"), *(ROOT / "docs/decisions").glob("*.md")])
"""The pages of the docs but for those of the methods, which are generated and have tests of their own."""

EVERY = [*BY_HAND, *sorted((ROOT / "docs/methods").glob("*.md")), *sorted(ROOT.glob("*.md"))]

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
FILE = re.compile(r"# ([\w-]+\.\w+)\n")
COMMAND = re.compile(r"^\$ (.*(?:\n> .*)*)", re.MULTILINE)
ID = r"\b[0-9a-f]{8}(?:[0-9a-f]{56})?\b"
NUMBER = r"\d[\d,]*(?:\.\d+)?(?:e[+-]\d+)?"
VOLATILE = re.compile(rf"{ID}|{NUMBER} (?:[KMG]i)?B\b|{NUMBER}(?: ± {NUMBER})?")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(text: str, *languages: str) -> list[str]:
    """What stands in the fenced blocks of these languages."""
    return [body for language, body in FENCE.findall(text) if language in languages]


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", text)


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of ours that a page shows, in a session or to be copied."""
    for body in blocks(text, "console", "bash"):
        for line in COMMAND.findall(body) or body.splitlines():
            words = shlex.split(continued(line), comments=True)
            if words[:1] == ["onward"]:
                yield words[1 : words.index("|")] if "|" in words else words[1:]


def continued(command: str) -> str:
    """A command on one line."""
    return command.replace("\\\n> ", "")


def masked(text: str) -> str:
    """A text in which all numbers and ids are the same, and a table is as wide whatever they are."""
    return "\n".join(re.sub(r"([ ─━])\1+", r"\1", VOLATILE.sub("#", line)).strip() for line in text.splitlines())


class Session:
    """What happens when a reader does what a page shows, from top to bottom, in the current folder.

    A block of the language ``console`` is typed, one that begins with ``>>>`` is run as a doctest, and one whose first
    line is ``# NAME.EXT`` is written to that file. A shell's words are ``onward``, ``echo $?`` and ``| head -N``.
    """

    def __init__(self) -> None:
        self.code = 0
        self.names: dict[str, object] = {}
        self.failures: list[str] = []

    def replayed(self, text: str) -> str:
        """The page with what its commands print now."""
        return FENCE.sub(lambda found: f"```{found[1]}\n{self.block(found[1], found[2])}```", text)

    def block(self, language: str, body: str) -> str:
        if language == "console":
            return "".join(f"$ {command}\n{self.typed(continued(command))}" for command in COMMAND.findall(body))
        if body.startswith(">>> "):
            self.tested(body)
        elif named := FILE.match(body):
            Path(named[1]).write_text(body, encoding="utf-8")
        return body

    def typed(self, command: str) -> str:
        """What a command prints."""
        words = shlex.split(command)
        if words == ["echo", "$?"]:
            return f"{self.code}\n"
        assert words[0] == "onward", f"a session on a page types onward alone, not {command!r}"
        most = None
        if words[-2:-1] == ["head"]:
            words, most = words[:-3], int(words[-1].removeprefix("-"))
        printed, given = io.StringIO(), sys.argv
        try:
            sys.argv = words
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                main()
        except SystemExit as end:
            self.code = end.code or 0
        finally:
            sys.argv = given
        return "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines()[:most])

    def tested(self, body: str) -> None:
        """Run a doctest in which the names of those before it are known."""
        test = doctest.DocTestParser().get_doctest(body, self.names, "the page", None, 0)
        runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
        runner.run(test, out=self.failures.append, clear_globs=False)
        self.names = test.globs
