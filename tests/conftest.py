"""What every test may count on: one thread, repeatable examples, and the real data where it lies."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest
import torch

ROOT = Path(__file__).parents[1]
CI = os.environ.get("CI", "").lower() not in ("", "0", "false")
DATA = Path(os.environ["ONWARD_DATA"]) if os.environ.get("ONWARD_DATA") else None

hypothesis.settings.register_profile("onward", deadline=None, derandomize=CI)


def pytest_addoption(parser):
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden numbers anew instead of comparing")


def pytest_configure(config):
    hypothesis.settings.load_profile("onward")
    torch.set_num_threads(1)  # workers share the cores, and the order of a sum depends on the count


@pytest.fixture(scope="session")
def rewrite_golden(request) -> bool:
    return request.config.getoption("--rewrite-golden")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real data sets, for tests marked ``data``."""
    if DATA is None:
        pytest.skip("ONWARD_DATA is not set: it names the folder of real data sets")
    if not DATA.is_dir():
        pytest.skip(f"ONWARD_DATA={DATA} is not a folder")
    return DATA


@pytest.fixture(autouse=True)
def same_draws():
    """Let what a test draws without a seed of its own be the same each time."""
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def own_surroundings():
    """Keep tests from finding data sets that happen to lie on this machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("ONWARD_DATA", raising=False)
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Fail a test marked ``data`` that skips in CI although the data is there: nobody reads skips there."""
    report = yield
    there = (DATA is not None and DATA.is_dir()) or (ROOT.parent / "shared" / "data").is_dir()
    if CI and there and report.skipped and item.get_closest_marker("data"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"skipped in CI although the data is there: {reason}"
    return report
