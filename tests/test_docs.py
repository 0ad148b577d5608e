"""What the docs show is what happens; what they name is there."""

from __future__ import annotations

import json
import re
import sys
import tomllib
from dataclasses import fields
from importlib import import_module
from typing import get_args, get_type_hints

import pytest
import typer
from tests.architecture import FLOORS
from tests.metrics.test_matrix import R
from tests.pages import BY_HAND, EVERY, LINK, ROOT, SPAN, Session, blocks, commands, masked, name_of, prose

from onward import experiment
from onward.cli.app import app
from onward.cli.show import console
from onward.datasets.published.layouts import LAYOUTS
from onward.datasets.published.named import FOLDERS, NAMES
from onward.datasets.reading import Care
from onward.export.formats import FORMATS
from onward.gate.rules import Budget, Gate
from onward.preflight.facts import Scenario
from onward.release.rules import Rules
from onward.schema import checked
from onward.settings import Settings
from onward.streams.named import SCENARIOS

COMMANDS = typer.main.get_command(app).commands
SHOWN = [page for page in [*BY_HAND, ROOT / "README.md"] if "```" in page.read_text(encoding="utf-8")]


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    """An empty folder that is the current one, and a terminal that is none."""
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "ONWARD_LINEAGE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    console.cache_clear()
    yield tmp_path
    console.cache_clear()
    for module in tmp_path.glob("*.py"):
        sys.modules.pop(module.stem, None)


@pytest.mark.usefixtures("empty_folder")
def test_a_session_prints_what_the_commands_print():
    page = "```console\n$ onward methods lwff\nold news\n$ echo $?\n0\n```\n"
    told, code = "error: unknown method 'lwff'. Did you mean 'lwf'?", "$ echo $?\n1\n```\n"
    now = Session().replayed(page)
    assert now.startswith(f"```console\n$ onward methods lwff\n{told}")
    assert now.endswith(code)


@pytest.mark.usefixtures("empty_folder")
def test_a_session_knows_its_names_and_its_files():
    session = Session()
    session.replayed("```python\n# three.py\nTHREE = 3\n```\n```pycon\n>>> from three import THREE\n\n```\n")
    session.replayed("```pycon\n>>> THREE\n3\n```\n")
    assert not session.failures
    session.replayed("```pycon\n>>> THREE\n4\n```\n")
    assert session.failures


def test_numbers_and_ids_are_left_aside_and_words_are_not():
    assert masked("gate   PASS 1,012 of 0.5 ± 0.1 e8725002\n──") == masked("gate PASS 7 of 1.2e+09 5707fd36\n─")
    assert masked("gate PASS 1") != masked("gate FAIL 1")
    assert masked("1 of 2 hold") != masked("1 of 2 hold, 1 broken")


def text_of(page) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def table(page: str, heading: str) -> list[list[str]]:
    """The cells of all tables under a heading, without the head of the first, backquotes left out."""
    below = re.split(rf"\n##+ {heading}\n", text_of(page), maxsplit=1)[1].split("\n##")[0]
    rows = re.findall(r"^\|(.*)\|$", below, re.MULTILINE)[2:]
    return [[cell.strip().replace("`", "") for cell in row.split(" | ")] for row in rows]


@pytest.mark.usefixtures("empty_folder")
@pytest.mark.parametrize("page", SHOWN, ids=name_of)
def test_a_page_shows_what_happens(page, rewrite_golden):
    text, session = page.read_text(encoding="utf-8"), Session()
    now = session.replayed(text)
    assert not session.failures, "".join(session.failures)
    if rewrite_golden:
        page.write_text(now, encoding="utf-8")
    else:
        assert masked(now) == masked(text)


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_commands_on_a_page_can_be_parsed(page):
    for name, *words in commands(text_of(page)):
        assert name in COMMANDS, f"there is no command {name!r}"
        COMMANDS[name].make_context(name, words)


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_commands_in_prose_have_the_options_that_are_named(page):
    for span in SPAN.findall(prose(text_of(page))):
        if span.startswith("onward "):
            name, *words = span.split()[1:]
            assert name in COMMANDS, span
            taken = {option for parameter in COMMANDS[name].params for option in parameter.opts}
            assert {word for word in words if word.startswith("--")} <= taken, span


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_toml_on_a_page_is_what_the_library_takes(page, tmp_path):
    for body in blocks(text_of(page), "toml"):
        if body.startswith("# lineage.toml"):
            checked(Rules, tomllib.loads(body), "lineage.toml")
        else:
            (tmp_path / "example.toml").write_text(body, encoding="utf-8")
            experiment.read(tmp_path / "example.toml")


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_links_lead_to_files(page):
    for target in LINK.findall(prose(text_of(page))):
        if not re.match(r"\w+:|#", target):
            assert (page.parent / target.partition("#")[0]).is_file(), target


@pytest.mark.parametrize("page", EVERY, ids=name_of)
def test_files_and_tests_that_are_named_are_there(page):
    named = [
        span
        for span in SPAN.findall(prose(text_of(page)))
        if re.match(r"(src|tests|tools|docs|benchmarks|\.ci)/", span)
    ]
    for span in named:
        path, _, test = span.partition("::")
        if not re.search(r"[A-Z]{3}|\*", path):  # test_NAME.py stands for many
            assert (ROOT / path).exists(), span
            assert not test or f"def {test}(" in text_of(path), span


def test_every_command_has_a_section_and_an_example():
    assert re.findall(r"^## ([a-z]+)$", text_of("docs/cli.md"), re.MULTILINE) == list(COMMANDS)
    assert {name for name, *_ in commands(text_of("docs/cli.md"))} == set(COMMANDS)


def test_commands_that_print_json_are_those_that_are_listed():
    listed = text_of("docs/cli.md").split("\n## JSON\n", 1)[1].split("\n## ")[0]
    printing = [name for name, command in COMMANDS.items() if any("--json" in each.opts for each in command.params)]
    assert re.findall(r"`([a-z]+)`", listed) == printing


def test_every_decision_is_listed():
    listed = LINK.findall(text_of("docs/decisions/index.md"))
    pages = {page.name for page in (ROOT / "docs/decisions").glob("*.md")} - {"index.md"}
    assert sorted(listed) == sorted(pages)


def test_settings_and_their_defaults_are_those_of_the_class():
    shown = {name: default for name, default, *_ in table("docs/cli.md", "Settings")}
    written = {field.name: json.dumps(field.default).strip('"') for field in fields(Settings)}
    assert shown == {name: "none" if default == "null" else default for name, default in written.items()}


def test_scenarios_and_their_options_are_those_of_the_library():
    shown = {name: tuple(re.findall(r"(\w+) =", options)) for name, _, options in table("docs/data.md", "Scenarios")}
    assert shown == {name: scenario.options for name, scenario in SCENARIOS.items()}


def test_data_sets_and_their_folders_are_those_of_the_library():
    shown = {name: tuple(folders.split(", ")) for name, _, folders in table("docs/data.md", "Data sets by name")}
    assert shown == {name: FOLDERS.get(name, ("none",)) for name in NAMES}


def test_what_is_done_about_data_is_what_the_library_does():
    rows = table("docs/data.md", "What is not as it should be")
    shown = {option: [answer.split()[0] for answer in done.split(", ")] for _, option, done in rows}
    answers = get_type_hints(Care)
    assert {option: (done[0], set(done)) for option, done in shown.items()} == {
        f"--{field.name}": (field.default, set(get_args(answers[field.name]))) for field in fields(Care)
    }


def test_rules_of_the_gate_are_those_of_the_library():
    shown = [name for names, _ in table("docs/gate.md", "The rules") for name in names.split(", ")]
    asked = [field.name for field in fields(Gate) if field.name not in ("confidence", "unchecked", "budget")]
    assert sorted(shown) == sorted([*asked, *(f"budget.{field.name}" for field in fields(Budget))])


def test_kinds_of_update_are_those_of_the_library():
    assert tuple(name for name, _ in table("docs/preflight.md", "Scenario")) == get_args(Scenario)


def test_constants_are_those_of_the_library():
    rows = [row for row in table("docs/preflight.md", "Advice") if "." in row[0]]
    assert rows
    for names, told, _ in rows:
        for name, number in zip(names.split(", "), re.findall(r"[\d,]*\d(?:\.\d+)?", told), strict=True):
            module, constant = name.split(".")
            assert getattr(import_module(f"onward.preflight.{module}"), constant) == float(number.replace(",", "")), (
                name
            )


def test_formats_of_an_export_are_those_of_the_library():
    shown = {name: file for name, file, _ in table("docs/export.md", "Formats")}
    assert shown == {name: format.file for name, format in FORMATS.items()}


def test_layouts_are_those_of_the_library():
    assert [name for name, _ in table("docs/data.md", "Layouts of a folder")] == list(LAYOUTS)


def test_floors_are_those_of_the_rules():
    shown = [
        (part, int(floor))
        for floor, parts, _ in table("docs/decisions/floors.md", "The floors")
        for part in parts.split()
    ]
    assert shown == list(FLOORS.items())


def test_the_worked_example_is_that_of_the_metrics_tests():
    (example,) = [body for body in blocks(text_of("docs/concepts.md"), "pycon") if "forgetting" in body]
    session = Session()
    session.tested(example)
    assert not session.failures
    assert session.names["r"] == R.tolist()
