"""A folder that appears whole or not at all."""

from __future__ import annotations

import pytest
from tests.store.worlds import contents

from onward.errors import InputError, StoreError
from onward.export.placing import placed, vacant

PARTS = frozenset({"config.json", "model.onnx"})


def test_a_folder_appears_with_all_that_is_in_it(tmp_path):
    target = tmp_path / "a/b/served"
    with placed(target) as folder:
        (folder / "config.json").write_text("{}")
        assert not target.exists() and not (tmp_path / "a").exists()
    assert contents(tmp_path) == {"a/b/served/config.json": b"{}"}


def test_nothing_appears_when_something_goes_wrong(tmp_path):
    with pytest.raises(ZeroDivisionError), placed(tmp_path / "a/served") as folder:
        (folder / "config.json").write_text("{}")
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())


def test_what_was_there_stays_until_the_new_one_is_whole(tmp_path):
    target = tmp_path / "served"
    target.mkdir()
    (target / "config.json").write_text("old")
    with pytest.raises(ZeroDivisionError), placed(target) as folder:
        (folder / "model.onnx").write_text("new")
        raise ZeroDivisionError
    assert contents(tmp_path) == {"served/config.json": b"old"}
    with placed(target) as folder:
        (folder / "model.onnx").write_text("new")
        assert contents(target) == {"config.json": b"old"}
    assert contents(tmp_path) == {"served/model.onnx": b"new"}


def test_a_place_where_nothing_can_be_written_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write to"), placed(tmp_path / "file/served"):
        raise AssertionError("there is no such folder")


def test_what_is_there_is_replaced_only_when_asked_and_only_an_export(tmp_path):
    target = tmp_path / "served"
    assert vacant(target, PARTS, force=False) == target.resolve()
    target.mkdir()
    (target / "model.onnx").write_text("old")
    with pytest.raises(InputError, match=r"there is .*served already; .*--force"):
        vacant(target, PARTS, force=False)
    assert vacant(target, PARTS, force=True) == target.resolve()
    (target / "thesis.tex").write_text("ten years")
    with pytest.raises(InputError, match=r"no export, there is thesis.tex in it"):
        vacant(target, PARTS, force=True)
    with pytest.raises(InputError, match="an export is a folder"):
        vacant(tmp_path / "served.onnx", PARTS, force=True)


def test_the_current_folder_is_known_by_its_name(tmp_path, monkeypatch):
    (tmp_path / "mine").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="no export, there is mine in it"):
        vacant(tmp_path.relative_to(tmp_path), PARTS, force=True)
