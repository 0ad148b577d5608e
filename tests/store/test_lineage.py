"""Versions, their ids, and the ways to say which is meant."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import replace

import pytest
from tests.store.worlds import contents, learner, lying, same_bits, saved, tensors, two_versions

from onward.errors import InputError, StoreError
from onward.gate.verdict import Finding, Verdict
from onward.store.card import Card, KeptFacts
from onward.store.lineage import Lineage, load


@pytest.fixture
def two(tmp_path):
    return two_versions(tmp_path / "lineage")


def test_a_version_s_id_is_the_hash_of_its_card(two):
    for version in two[1:]:
        assert hashlib.sha256((version.path / "card.json").read_bytes()).hexdigest() == version.id
        assert version.path.name == version.id and version.short == version.id[:8]


def test_a_version_s_folder_holds_its_card_and_what_the_card_names(two):
    lineage, first, _ = two
    assert {path.name for path in first.path.iterdir()} == {"model.safetensors", "kept.safetensors", "card.json"}
    judged = saved(lineage, 3, verdict=Verdict((Finding("r", "pass", "t"),)))
    assert {path.name for path in judged.path.iterdir()} == {*contents(first.path), "gate.json"}
    assert judged.card.files.keys() == {"model.safetensors", "kept.safetensors", "gate.json"}
    for name, told in judged.card.files.items():
        assert hashlib.sha256((judged.path / name).read_bytes()).hexdigest() == told


def test_further_files_are_a_part_of_the_version(two):
    lineage, *_ = two
    version = lineage.save(learner(3), Card(net={}), {"README.md": b"a card\n"})
    assert (version.path / "README.md").read_bytes() == b"a card\n" and "README.md" in version.card.files
    (version.path / "README.md").write_bytes(b"another\n")
    with pytest.raises(StoreError, match=r"README.md has hash .*, the card says"):
        lineage.load(version.id)


def test_a_card_tells_every_tensor_that_is_kept(two):
    (told,) = two[1].card.kept
    assert told == KeptFacts("replay/seen", "int64", (), 8)


def test_what_save_returns_is_what_is_read(two):
    lineage, first, second = two
    assert lineage.version(first.id) == first and lineage.version(second.id) == second
    with_lists = lineage.save(learner(3), Card(net={}, settings={"augment": ("flip",)}))
    assert lineage.version(with_lists.id) == with_lists


def test_the_same_learner_under_the_same_card_is_one_version(two):
    lineage, first, _ = two
    before = contents(lineage.path)
    assert saved(lineage, 1) == first
    assert contents(lineage.path) == before and len(lineage.ids()) == 2


def test_a_version_says_when_it_was_made_unless_it_was_told(two):
    lineage, first, _ = two
    assert first.card.created == "2026-01-01T00:00:00+00:00"
    assert lineage.save(learner(1), replace(first.card, created="")).card.created.endswith("+00:00")


def test_versions_are_open_to_whom_the_folder_is(two):
    lineage, first, _ = two
    (lineage.path / "plain").touch()
    (lineage.path / "folder").mkdir()
    plain, folder = (stat.S_IMODE((lineage.path / name).stat().st_mode) for name in ("plain", "folder"))
    assert stat.S_IMODE(first.path.stat().st_mode) == folder
    assert {stat.S_IMODE(path.stat().st_mode) for path in first.path.iterdir()} == {plain}


def test_what_cannot_be_written_leaves_nothing(two):
    lineage = two[0]
    before = contents(lineage.path)
    with pytest.raises(StoreError, match="finite numbers"):
        lineage.save(learner(3), Card(net={}, settings={"clip": float("inf")}))
    assert contents(lineage.path) == before and len(list(lineage.versions.iterdir())) == 2


def test_half_written_versions_are_none(two):
    lineage = two[0]
    (lineage.versions / ".new-1234").mkdir()
    (lineage.versions / ".new-1234" / "card.json").write_text("{")
    assert len(lineage.ids()) == 2 and len(lineage.history("prod")) == 2


def test_a_lineage_is_made_once_and_found_again(tmp_path, two):
    before = contents(two[0].path)
    assert Lineage.create(two[0].path).ids() == two[0].ids()
    assert contents(two[0].path) == before
    with pytest.raises(StoreError, match=r"no lineage in .*none.*onward init.*--lineage"):
        Lineage(tmp_path / "none")
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot write to .*file \(Not a directory\)"):
        Lineage.create(tmp_path / "file")


def test_a_version_is_meant_by_its_id_its_beginning_or_a_head(two):
    lineage, first, second = two
    for reference in (first.id, first.id[:4], first.id[:8], "prod~1", "prod~", f"{second.id[:5]}~1"):
        assert lineage.resolve(reference) == first.id
    for reference in ("prod", second.id, second.id[:4]):
        assert lineage.resolve(reference) == second.id
    assert same_bits(tensors(load("prod~1", lineage.path)), tensors(learner(1)))


def test_a_reference_to_nothing_names_the_nearest(two):
    lineage, first, _ = two
    with pytest.raises(InputError, match=r"unknown head or version 'prdo'. Did you mean 'prod'\?"):
        lineage.resolve("prdo")
    other = first.id[:7] + ("0" if first.id[7] != "0" else "1")
    with pytest.raises(InputError, match=f"unknown head or version '{other}'. Did you mean '{first.short}'"):
        lineage.resolve(other)
    for reference in ("", "~1", first.id[:3], "../prod", "*", first.id + "0", str(first.path)):
        with pytest.raises(InputError, match="unknown head or version"):
            lineage.resolve(reference)


def test_a_reference_to_several_shows_them(two):
    lineage = two[0]
    for digit in "01":
        (lineage.versions / ("abcdef" + digit + "0" * 57)).mkdir()
    with pytest.raises(InputError, match="'abcd' begins 2 ids: abcdef000000, abcdef100000; give more digits"):
        lineage.resolve("abcd")
    assert lineage.resolve("abcdef1") == "abcdef1" + "0" * 57


def test_going_back_too_far_or_not_at_all_is_said(two):
    lineage = two[0]
    with pytest.raises(InputError, match="prod has 1 version before it, 'prod~2' asks for 2"):
        lineage.resolve("prod~2")
    for reference in ("prod~x", "prod~-1", "prod~1~1", "prod~²", "prod~0"):
        with pytest.raises(InputError, match="after ~ comes how many versions to go back"):
            lineage.resolve(reference)


def test_history_goes_from_the_youngest_to_the_first(two):
    lineage, first, second = two
    third = saved(lineage, 3, second)
    assert lineage.history(third.id) == [third, second, first] and lineage.history("prod~1") == [first]


def test_promote_moves_a_head_and_returns_the_id(two):
    lineage, first, second = two
    assert lineage.promote("prod~1", "stable") == first.id
    assert lineage.promote(second.short, "stable", expected=first.id) == second.id
    assert lineage.heads.all() == {"prod": second.id, "stable": second.id}
    with pytest.raises(InputError, match="unknown head or version 'nowhere'"):
        lineage.promote("nowhere", "prod")
    with pytest.raises(StoreError, match="another update was faster"):
        lineage.promote(first.id, "prod", expected=first.id)
    assert lineage.heads.moves("prod") == [first.id, second.id]


def test_a_version_that_cannot_be_read_is_not_promoted(two):
    lineage, first, second = two
    (first.path / "card.json").write_text("{}")
    with pytest.raises(StoreError, match=f"{first.short}: card.json has hash"):
        lineage.promote(first.id, "prod")
    assert lineage.resolve("prod") == second.id


def test_one_damaged_head_does_not_hide_the_versions(two):
    lineage, first, second = two
    (lineage.heads.folder / "broken").write_text("")
    assert lineage.resolve("prod") == second.id and lineage.load(first.short).classes == ("a", "b")


def test_an_ancestor_that_is_gone_is_said(two):
    lineage, first, second = two
    (first.path).rename(lineage.path / "elsewhere")
    assert lineage.load("prod").classes == ("a", "b")
    with pytest.raises(StoreError, match=f"version {first.short} is gone; restore it"):
        lineage.history("prod")
    with pytest.raises(StoreError, match=f"version {first.short} is gone; restore it"):
        lineage.version("prod~2")
    assert lineage.version(second.id) == second


@pytest.mark.parametrize("parent", ["../../outside", "{outside}", ".", ""])
def test_a_parent_that_is_no_id_is_not_followed(two, tmp_path, parent):
    lineage, first, _ = two
    outside = first.path.rename(tmp_path / "outside")
    liar = lying(lineage, saved(lineage, 3), parent=parent.format(outside=outside))
    with pytest.raises(StoreError, match="is gone"):
        lineage.history(liar)


def test_a_name_from_a_file_system_that_is_not_text_is_kept(two):
    lineage, name = two[0], os.fsdecode(b"\xff.npz")
    version = lineage.save(learner(3), Card(net={}, tests=(name,)))
    assert lineage.version(version.id).card.tests == (name,)
