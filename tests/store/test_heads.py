from __future__ import annotations

import pytest

from onward.errors import InputError, StoreError
from onward.store.heads import Heads

A, B, C = "a" * 64, "b" * 64, "c" * 64


@pytest.fixture
def heads(tmp_path):
    return Heads(tmp_path)


@pytest.mark.parametrize("name", ["prod", "P", "eu.prod-2_b", "fee", "bad1g", "A" * 64, "abc"])
def test_a_name_of_letters_can_be_a_head_s(heads, name):
    heads.move(name, A)
    assert heads.all() == {name: A} and heads.names() == [name]


LIKE_IDS = ["deadbeef", "cafe", "abcd1"]
ELSEWHERE = ["a/b", "../x", "/x", "..", "/"]
ODD = ["", ".", "-", "1x", "_x", ".x", "a b", "x~1", "x\n", "é", "A" * 65]


@pytest.mark.parametrize("name", [*LIKE_IDS, *ELSEWHERE, *ODD])
def test_another_name_is_refused_and_nothing_is_written(heads, tmp_path, name):
    with pytest.raises(InputError, match="a head's name is a letter"):
        heads.move(name, A)
    assert list(tmp_path.iterdir()) == [] and list(tmp_path.parent.glob("x")) == []


def test_a_head_s_file_has_a_line_for_each_move(heads, tmp_path):
    for id in (A, B, B, C):
        heads.move("prod", id)
    assert (tmp_path / "prod").read_text() == f"{A}\n{B}\n{C}\n"
    assert heads.moves("prod") == [A, B, C] and heads.all() == {"prod": C}


def test_back_takes_back_one_move_after_another(heads):
    for id in (A, B, C):
        heads.move("prod", id)
    assert heads.back("prod") == (C, B)
    assert heads.back("prod") == (B, A)
    with pytest.raises(StoreError, match=r"has named one version only \(aaaaaaaa\)"):
        heads.back("prod")
    assert heads.moves("prod") == [A]


def test_back_of_no_head_names_the_nearest(heads):
    heads.move("prod", A)
    with pytest.raises(InputError, match=r"unknown head 'prd'. Did you mean 'prod'\?"):
        heads.back("prd")


def test_a_head_that_moved_meanwhile_stays(heads):
    heads.move("prod", A)
    heads.move("prod", B, expected=A)
    with pytest.raises(
        StoreError, match=r"'prod' was aaaaaaaa and is now bbbbbbbb.*cccccccc is kept.*promote cccccccc"
    ):
        heads.move("prod", C, expected=A)
    with pytest.raises(StoreError, match="'new' was aaaaaaaa and is now gone"):
        heads.move("new", C, expected=A)
    assert heads.all() == {"prod": B}


@pytest.mark.parametrize("content", [b"", b"\n", b"main\n", A[:63].encode(), A.upper().encode(), b"\xff" * 64])
def test_a_damaged_head_is_said_with_the_way_out(heads, tmp_path, content):
    heads.move("whole", A)
    (tmp_path / "prod").write_bytes(content)
    for use in (heads.all, lambda: heads.moves("prod"), lambda: heads.move("prod", B), lambda: heads.back("prod")):
        with pytest.raises(StoreError, match=r"'prod' does not name a version; write the id of one into .*prod"):
            use()
    assert (tmp_path / "prod").read_bytes() == content
    heads.move("whole", B)
    assert heads.back("whole") == (B, A)


def test_a_head_written_by_hand_is_read(heads, tmp_path):
    (tmp_path / "prod").write_text(f"  {A}\r\n\n{B}")
    assert heads.moves("prod") == [A, B]


def test_other_files_are_no_heads(heads, tmp_path):
    for name in (".lock", ".prod.17.tmp", "7f3a", "prod~"):
        (tmp_path / name).write_text("x")
    assert heads.all() == {}


def test_a_folder_that_cannot_be_written_to_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write to .*Not a directory"):
        Heads(tmp_path / "file").move("prod", A)
