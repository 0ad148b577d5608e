"""A desk at which a user sits: a folder of their own, the same for all tests of a module."""

from __future__ import annotations

from pathlib import Path

import pytest

from onward.cli.show import console


@pytest.fixture(scope="module")
def desk(tmp_path_factory) -> Path:
    """An empty folder that is the current one, and a terminal that is none."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "COLUMNS", "ONWARD_LINEAGE"):
            patch.delenv(name, raising=False)
        patch.chdir(tmp_path_factory.mktemp("desk"))
        console.cache_clear()
        yield Path()
    console.cache_clear()
