"""A test of real data that skips is seen where it matters."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

MARKED = """
import pytest

@pytest.mark.data
def test_marked(data_dir):
    assert (data_dir / "here").is_file()

def test_unmarked():
    pytest.skip("for a reason of its own")
"""


@pytest.fixture
def run(pytester, monkeypatch):
    """Run the marked test in a project under our conftest, with the environment given."""
    tests = pytester.mkdir("project") / "tests"
    tests.mkdir()
    (tests / "conftest.py").write_text((Path(__file__).parent / "conftest.py").read_text())
    (tests / "test_marked.py").write_text(MARKED)
    pytester.makeini("[pytest]\nmarkers = data")

    def run_with(**environment):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return pytester.runpytest_inprocess("-p", "no:cacheprovider", "-p", "no:xdist", "-rs", tests)

    return run_with


def test_data_that_is_there_is_used(run, tmp_path):
    (tmp_path / "here").touch()
    run(CI="true", ONWARD_DATA=str(tmp_path)).assert_outcomes(passed=1, skipped=1)


def test_absent_data_skips_with_the_reason(run, tmp_path):
    result = run(CI="true", ONWARD_DATA=str(tmp_path / "absent"))
    result.assert_outcomes(skipped=2)
    result.stdout.fnmatch_lines(["*ONWARD_DATA=*absent is not a folder*"])


def test_a_skip_in_ci_fails_when_the_data_is_there(run, pytester):
    (pytester.path / "shared/data").mkdir(parents=True)
    result = run(CI="true", ONWARD_DATA="")
    result.assert_outcomes(errors=1, skipped=1)
    result.stdout.fnmatch_lines(["skipped in CI although the data is there: *ONWARD_DATA is not set*"])


def test_a_skip_elsewhere_stays_a_skip(run, pytester):
    (pytester.path / "shared/data").mkdir(parents=True)
    run(CI="", ONWARD_DATA="").assert_outcomes(skipped=2)
