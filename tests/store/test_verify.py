"""Whatever happens to a lineage on disk is found."""

from __future__ import annotations

import shutil

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.store.worlds import saved, two_versions

from onward.errors import StoreError
from onward.gate.verdict import Finding, Verdict
from onward.store.lineage import Lineage
from onward.store.verify import Health, verify, wrong_with_head

NAMES = ["model.safetensors", "kept.safetensors", "gate.json", "card.json"]


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A version with every kind of file."""
    lineage = Lineage.create(tmp_path_factory.mktemp("judged"))
    version = saved(lineage, 1, verdict=Verdict((Finding("accuracy", "pass", "told"),)), note="ünd")
    lineage.promote(version.id, "prod")
    return lineage, version


@pytest.fixture
def two(tmp_path):
    return two_versions(tmp_path)


def test_a_whole_lineage_has_no_problems(two, judged):
    assert verify(two[0]) == Health(2, 1, ()) and verify(judged[0]) == Health(1, 1, ())


def test_an_empty_lineage_has_no_problems(tmp_path):
    assert verify(Lineage.create(tmp_path)) == Health(0, 0, ())


@given(st.sampled_from(NAMES), st.floats(0, 1, exclude_max=True), st.integers(1, 255))
@example("model.safetensors", 0.0, 1)
@example("card.json", 0.9999, 1)
def test_any_flipped_byte_of_any_file_is_found_and_refused(judged, name, place, flip):
    lineage, version = judged
    path = version.path / name
    whole = path.read_bytes()
    torn = bytearray(whole)
    torn[int(place * len(whole))] ^= flip
    try:
        path.write_bytes(torn)
        (problem,) = verify(lineage).problems
        assert version.short in problem and name in problem and "restore it" in problem
        with pytest.raises(StoreError, match=name):
            lineage.load("prod")
    finally:
        path.write_bytes(whole)
    assert lineage.load("prod").classes == ("a", "b")


@given(st.sampled_from(NAMES), st.floats(0, 1, exclude_max=True))
def test_a_file_cut_anywhere_is_found(judged, name, place):
    lineage, version = judged
    path = version.path / name
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: int(place * len(whole))])
        assert len(verify(lineage).problems) == 1
    finally:
        path.write_bytes(whole)


def test_any_flipped_bit_of_a_head_is_found_or_means_the_same(two):
    lineage, first, second = two
    path = lineage.heads.folder / "prod"
    whole = path.read_bytes()
    for place in range(len(whole)):
        for bit in range(8):
            torn = bytearray(whole)
            torn[place] ^= 1 << bit
            path.write_bytes(torn)
            if not list(wrong_with_head(lineage, "prod", {first.id, second.id})):
                assert whole[place : place + 1] == b"\n" and lineage.heads.moves("prod") == [first.id, second.id]


@pytest.mark.parametrize("name", ["model.safetensors", "kept.safetensors", "card.json"])
def test_a_missing_file_is_found(two, name):
    lineage, _, second = two
    (second.path / name).unlink()
    (problem,) = verify(lineage).problems
    assert second.short in problem and name in problem


def test_a_file_or_folder_too_many_is_found(two):
    lineage, first, _ = two
    (first.path / "notes.txt").touch()
    (first.path / "more").mkdir()
    assert verify(lineage).problems == (
        f"version {first.short}: more is not named by its card; remove it.",
        f"version {first.short}: notes.txt is not named by its card; remove it.",
    )


def test_a_missing_parent_and_where_heads_lead_are_found(two):
    lineage, first, second = two
    lineage.promote(first.id, "old")
    shutil.rmtree(first.path)
    assert verify(lineage) == Health(
        1,
        2,
        (
            f"version {second.short}: its parent {first.short} is gone; restore it from a copy.",
            f"head 'old' names {first.short}, which is gone; move it with `onward promote` or roll back.",
            f"head 'prod' may go back to {first.short}, which is gone; restore it from a copy.",
        ),
    )


def test_a_damaged_head_does_not_keep_the_rest_from_being_looked_at(two):
    lineage, first, _ = two
    (lineage.heads.folder / "a-head").write_text("nothing\n")
    (first.path / "extra").touch()
    found = verify(lineage)
    assert (found.versions, found.heads, len(found.problems)) == (2, 2, 2)
    assert "extra" in found.problems[0] and "head 'a-head' does not name a version" in found.problems[1]


def test_what_another_process_is_writing_is_no_problem(two):
    lineage = two[0]
    (lineage.versions / ".new-1234").mkdir()
    (lineage.heads.folder / ".prod.17.tmp").touch()
    assert verify(lineage) == Health(2, 1, ())


def test_a_head_at_a_version_without_tensors_is_found(two):
    lineage, _, second = two
    for name in ("model.safetensors", "kept.safetensors"):
        (second.path / name).unlink()
    (second.path / "stripped").touch()
    told = f"head 'prod' names {second.short}, whose tensors were taken away; move it with `onward promote`."
    assert verify(lineage) == Health(2, 1, (told,), stripped=1)


def test_the_folder_of_versions_is_listed_once_however_many_there_are(two, monkeypatch):
    lineage, _, second = two
    saved(lineage, 4, saved(lineage, 3, second))
    listed, ids = [], lineage.ids
    monkeypatch.setattr(lineage, "ids", lambda: listed.append("once") or ids())
    assert verify(lineage) == Health(4, 1, ()) and listed == ["once"]


def test_every_problem_is_told_at_once(two):
    lineage, first, second = two
    (first.path / "model.safetensors").write_bytes(b"")
    (first.path / "kept.safetensors").unlink()
    (second.path / "card.json").write_bytes(b"{}")
    assert len(verify(lineage).problems) == 3
