"""What nothing needs is shown, and removed when that is said."""

from __future__ import annotations

from tests.cli.terminal import contents, done, typed

from onward.store.lineage import Lineage

ARRIVED = "--data digits:train@classes=0,1,2@rows=200:300 --epochs 1"


def test_what_nothing_needs_is_shown_first_and_removed_with_yes(lineage):
    done(f"update prod {ARRIVED} --no-promote")
    (lineage / "versions" / ".new-12").mkdir()
    before = contents(lineage)
    assert (
        done("gc").out.splitlines()[-1] == "1 thing, 0 B; nothing was removed: --yes does it, and it cannot be undone"
    )
    told = done("gc --older-than 0")
    assert "left by a process that died" in told.out and "no head names it or has named it" in told.out
    assert contents(lineage) == before
    values = done("gc --older-than 0 --json").json
    assert values["removed"] is False and [each["kind"] for each in values["garbage"]] == ["left over", "version"]
    assert values["bytes"] == sum(each["bytes"] for each in values["garbage"]) > 0
    assert done("gc --older-than 0 --yes").out.splitlines()[-1].startswith("removed 2 things, ")
    assert done("gc --older-than 0").out == "there is nothing to remove\n"
    assert done("verify").out == "3 versions, 2 heads: all is as it was written\n"


def test_a_version_far_back_is_stripped_and_says_so(lineage):
    done(f"update prod {ARRIVED}")
    log = done("log prod").out
    done("gc --older-than 0 --keep 2 --yes")
    assert done("verify").out == "4 versions (1 stripped), 2 heads: all is as it was written\n"
    told = "begun by init; its tensors were taken away by gc; it cannot be loaded"
    assert done("log prod").out == log.replace("begun by init", told)
    assert done("show prod~2").fact("stripped") == "its tensors were taken away by gc; it cannot be loaded"
    for command in ("predict prod~2 digits:test@rows=0:3", "diff prod~2 prod", "promote prod~2 prod"):
        refused = typed(command)
        assert refused.code == 1 and "only the card is left" in refused.err, command
    done("rollback prod")
    refused = typed("rollback prod")
    assert (refused.code, refused.out) == (1, "") and "only the card is left" in refused.err
    done(f"update prod {ARRIVED} --seed 1")
    done("forget prod digits:train@classes=0@rows=0:5")


def test_while_a_version_is_made_nothing_is_removed(lineage):
    with Lineage(lineage).in_use():
        refused = typed("gc --older-than 0 --yes")
    assert refused.code == 1 and refused.err.startswith("error: another process is at work in .onward;")
