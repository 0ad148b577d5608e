"""What nothing needs goes, and nothing else does."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

import pytest
from tests.store.worlds import contents, saved, tensors, two_versions

from onward.errors import InputError, StoreError
from onward.journal import Entry
from onward.record import Blend
from onward.store.diff import diff
from onward.store.garbage import DAY, Garbage, Wanted, collect
from onward.store.journal import JOURNALS, DiskJournal
from onward.store.lineage import Lineage
from onward.store.verify import Health, verify
from onward.store.version import Version

ALL = Wanted(days=0)


@pytest.fixture
def two(tmp_path):
    return two_versions(tmp_path / "lineage")


def aged(version: Version, days: float) -> Version:
    """Let a version have come so many days ago."""
    then = time.time() - days * DAY
    os.utime(version.path, (then, then))
    return version


def removed(lineage: Lineage, wanted: Wanted = ALL) -> set[str]:
    """The names of what was removed."""
    return {each.path.name for each in collect(lineage, wanted, remove=True)}


def line(lineage: Lineage, length: int) -> list[Version]:
    """Versions each from the one before it, promoted in turn."""
    made: list[Version] = []
    for seed in range(1, length + 1):
        made.append(saved(lineage, seed, made[-1] if made else None))
        lineage.promote(made[-1].id, "prod")
    return made


def test_what_a_head_names_or_named_and_what_that_came_from_stays(two):
    lineage, _, second = two
    lineage.promote(saved(lineage, 4, saved(lineage, 3, second)).id, "spare")
    lineage.promote(saved(lineage, 5).id, "spare")
    before = contents(lineage.path)
    assert collect(lineage, ALL, remove=True) == () and contents(lineage.path) == before
    assert len(lineage.ids()) == 5


def test_a_version_that_no_head_has_named_goes_and_what_was_only_its_own_with_it(two):
    lineage, _, second = two
    orphan = saved(lineage, 3, second)
    child = saved(lineage, 4, orphan)
    before = contents(lineage.path)
    found = collect(lineage, ALL)
    assert [each.path.name for each in found] == [child.id, orphan.id] and contents(lineage.path) == before
    assert found[0] == Garbage(
        child.path,
        "version",
        "no head names it or has named it, and nothing in use comes of it",
        sum(map(len, contents(child.path).values())),
    )
    assert collect(lineage, ALL, remove=True) == found
    assert verify(lineage) == Health(2, 1, ()) and len(list(lineage.versions.iterdir())) == 2


def test_a_version_that_was_taken_back_goes_when_its_time_has_come(two):
    lineage, first, second = two
    lineage.roll_back("prod")
    assert removed(lineage, Wanted()) == set()
    aged(second, 15)
    assert removed(lineage, Wanted()) == {second.id} and lineage.ids() == [first.id]


def test_the_parts_of_a_blend_in_use_stay(two):
    lineage, _, second = two
    part, other = saved(lineage, 3, second), saved(lineage, 4, second)
    blend = Blend(frame=part.id, weights={part.id: 1.0, second.id: 0.0})
    lineage.promote(saved(lineage, 5, second, blend=blend).id, "prod")
    assert removed(lineage) == {other.id}


def test_what_came_lately_stays_with_all_that_it_came_from(two):
    lineage, _, second = two
    old = aged(saved(lineage, 3, second), 30)
    young = aged(saved(lineage, 4, old), 13.9)
    gone = aged(saved(lineage, 5, old), 14.1)
    assert removed(lineage, Wanted()) == {gone.id}
    aged(young, 14.1)
    assert removed(lineage, Wanted(days=15)) == set()
    assert removed(lineage, Wanted()) == {old.id, young.id}


def test_what_dead_processes_left_goes_at_once(two):
    lineage = two[0]
    before = contents(lineage.path)
    for name in ("versions/.new-12", "versions/.gone-34"):
        (lineage.path / name).mkdir()
        (lineage.path / name / "model.safetensors").write_bytes(bytes(10))
    for name in ("heads/.prod.17.tmp", ".lineage.toml.17.tmp"):
        (lineage.path / name).write_bytes(bytes(3))
    found = collect(lineage, remove=True)
    assert sorted((each.path.name, each.kind, each.bytes) for each in found) == [
        (".gone-34", "left over", 10),
        (".lineage.toml.17.tmp", "left over", 3),
        (".new-12", "left over", 10),
        (".prod.17.tmp", "left over", 3),
    ]
    assert contents(lineage.path) == before


def test_keep_leaves_so_many_whole_and_the_cards_of_all(tmp_path):
    lineage = Lineage.create(tmp_path)
    made = line(lineage, 5)
    bits = tensors(lineage.load("prod~1"))
    assert removed(lineage, Wanted(days=0, keep=2)) == {version.id for version in made[:3]}
    assert verify(lineage) == Health(5, 1, (), stripped=3)
    assert [version.id for version in lineage.history("prod")] == [version.id for version in made[::-1]]
    assert [version.stripped for version in lineage.history("prod")] == [False, False, True, True, True]
    assert lineage.resolve("prod~4") == made[0].id and lineage.version("prod~4").card == made[0].card
    assert tensors(lineage.load("prod~1")).keys() == bits.keys() and diff(lineage, "prod~1", "prod").moved
    assert removed(lineage, Wanted(days=0, keep=2)) == set()


def test_what_lies_far_back_is_left_alone_unless_asked(tmp_path):
    lineage = Lineage.create(tmp_path)
    line(lineage, 5)
    assert removed(lineage) == set()
    assert removed(lineage, Wanted(keep=1)) == set(), "all of it came today"


def test_a_stripped_version_cannot_be_used_and_says_why(tmp_path):
    lineage = Lineage.create(tmp_path)
    first, second, third = line(lineage, 3)
    collect(lineage, Wanted(days=0, keep=2), remove=True)
    said = rf"of version {first.short} only the card is left: `onward gc --keep` took its tensors away.*from a copy"
    uses = (
        lambda: lineage.load("prod~2"),
        lambda: diff(lineage, "prod~2", "prod"),
        lambda: lineage.promote(first.id, "old"),
    )
    for use in uses:
        with pytest.raises(StoreError, match=said):
            use()
    assert lineage.roll_back("prod") == (third.id, second.id)
    with pytest.raises(StoreError, match=said):
        lineage.roll_back("prod")
    assert lineage.heads.all() == {"prod": second.id}


def test_a_stripped_version_is_whole_again_when_its_folder_is_restored(tmp_path):
    lineage = Lineage.create(tmp_path / "lineage")
    first, *_ = line(lineage, 2)
    shutil.copytree(first.path, tmp_path / "copy")
    collect(lineage, Wanted(days=0, keep=1), remove=True)
    shutil.rmtree(first.path)
    shutil.copytree(tmp_path / "copy", first.path)
    assert lineage.load(first.id).classes == ("a", "b") and verify(lineage) == Health(2, 1, ())


def test_a_stripped_version_that_is_saved_again_is_whole_again(tmp_path):
    lineage = Lineage.create(tmp_path)
    line(lineage, 2)
    collect(lineage, Wanted(days=0, keep=1), remove=True)
    lineage.load(saved(lineage, 1).id)
    assert verify(lineage) == Health(2, 1, ())


def test_each_head_keeps_its_own(tmp_path):
    lineage = Lineage.create(tmp_path)
    made = line(lineage, 5)
    lineage.promote(made[2].id, "stable")
    assert removed(lineage, Wanted(days=0, keep=2)) == {made[0].id}


def test_where_a_head_may_go_back_to_stays_whole(two):
    lineage, first, second = two
    other = saved(lineage, 3)
    lineage.promote(other.id, "prod")
    assert removed(lineage, Wanted(days=0, keep=2)) == {first.id}
    assert lineage.roll_back("prod") == (other.id, second.id)


def test_a_removal_that_was_broken_off_is_finished(tmp_path):
    lineage = Lineage.create(tmp_path)
    first, *_ = line(lineage, 2)
    (first.path / "stripped").touch()
    assert verify(lineage) == Health(2, 1, (), stripped=1)
    (found,) = collect(lineage, remove=True)
    assert (found.kind, found.why) == ("tensors", "their removal was broken off")
    assert sorted(path.name for path in first.path.iterdir()) == ["card.json", "stripped"]


def test_nothing_is_removed_while_a_version_is_being_made(two):
    lineage, _, second = two
    saved(lineage, 3, second)
    with lineage.in_use(), lineage.in_use(), pytest.raises(StoreError, match=r"another process is at work in .*again"):
        collect(lineage, ALL, remove=True)
    assert len(lineage.ids()) == 3
    assert len(removed(lineage)) == 1


def test_a_version_that_was_removed_is_not_promoted(two):
    lineage, _, second = two
    orphan = saved(lineage, 3, second)
    promote = lineage.heads.move
    collect(lineage, ALL, remove=True)
    with pytest.raises(StoreError, match=f"version {orphan.short} is gone"):
        promote("prod", orphan.id, second.id, lineage.usable)
    assert lineage.heads.all() == {"prod": second.id}


def test_of_a_damaged_lineage_nothing_is_removed(two):
    lineage, first, second = two
    orphan = saved(lineage, 3, second)
    whole = contents(lineage.path)

    def refused(said: str, path: Path, content: bytes) -> None:
        before = path.read_bytes()
        path.write_bytes(content)
        with pytest.raises(StoreError, match=said):
            collect(lineage, ALL, remove=True)
        path.write_bytes(before)
        assert contents(lineage.path) == whole

    refused("card.json has hash", first.path / "card.json", b"{}")
    refused("does not name a version", lineage.heads.folder / "prod", b"")
    first.path.rename(first.path.with_name("elsewhere"))
    with pytest.raises(StoreError, match=f"version {first.short} is gone"):
        collect(lineage, ALL, remove=True)
    assert orphan.path.is_dir()


def test_a_damaged_version_that_nothing_needs_goes(two):
    lineage, _, second = two
    orphan = saved(lineage, 3, second)
    (orphan.path / "card.json").write_bytes(b"{}")
    assert removed(lineage) == {orphan.id}


def test_what_is_wanted_is_checked():
    with pytest.raises(InputError, match=r"days must be >= 0, got -1; keep must be >= 1, got 0"):
        Wanted(days=-1, keep=0)


def test_the_journal_of_an_update_that_was_cut_off_goes_when_its_time_has_come(two):
    lineage, *_ = two
    place, of = lineage.path / JOURNALS, {"seed": 1}
    for name in ("cut", "lately", "live"):
        with DiskJournal(place / name, of) as journal:
            journal.write("now", Entry({}))
    then = time.time() - 15 * DAY
    for name in ("cut", "live"):
        for path in (*(place / name).iterdir(), place / name):
            os.utime(path, (then, then))
    with DiskJournal(place / "live", of):
        (found,) = collect(lineage, remove=True)
    assert (found.path.name, found.kind) == ("cut", "journal") and found.bytes > 0
    assert found.why == "its update was cut off and has not gone on"
    assert sorted(path.name for path in place.iterdir()) == ["lately", "live"]


def test_what_is_left_of_a_journal_whose_removal_was_broken_off_goes(two):
    lineage, *_ = two
    (lineage.path / JOURNALS / ".gone-1").mkdir(parents=True)
    (found,) = collect(lineage, remove=True)
    assert found.kind == "left over" and not any((lineage.path / JOURNALS).iterdir())
