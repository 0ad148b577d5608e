"""Nothing is left out: what the laws are held against is all there is."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest
from tests.conformance.specimens import SPECIMENS
from tools.method_pages import HEADINGS, read

from onward import catalogue

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "onward" / "methods"


def stems(folder: Path, pattern: str, prefix: str = "") -> set[str]:
    return {path.stem.removeprefix(prefix) for path in folder.glob(pattern)}


def test_all_found():
    tried = set(SPECIMENS)
    assert tried == stems(SOURCES, "*.py") - {"__init__"}
    assert tried == set(catalogue.names())
    assert tried == stems(ROOT / "tests" / "methods", "test_*.py", "test_")
    assert tried == stems(ROOT / "tests" / "reference", "*.py") - {"descent", "subspace"}
    assert tried == stems(ROOT / "docs" / "methods", "*.md") - {"index"}


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_specimen_is_of_the_method_that_its_name_says(name):
    assert type(SPECIMENS[name].shown) is catalogue.method_class(name)
    assert SPECIMENS[name].shown.name == name


@pytest.mark.parametrize("name", catalogue.names())
def test_a_docstring_says_something_under_every_heading(name):
    sections = read(SOURCES / f"{name}.py").sections
    assert [heading for heading in HEADINGS if not sections[heading].strip()] == []


@pytest.mark.parametrize("name", catalogue.names())
def test_the_example_of_a_docstring_runs(name):
    module = importlib.import_module(f"onward.methods.{name}")
    runner, told = doctest.DocTestRunner(verbose=False), []
    for example in doctest.DocTestFinder().find(catalogue.method_class(name), name, module):
        runner.run(example, out=told.append)
    assert runner.tries > 0
    assert "".join(told) == ""
