"""What all commands print with."""

from __future__ import annotations

import json

import pytest

from onward.cli.show import console, fact, flops, percent, plain_console, print_json, print_table, say, size, table

pytestmark = pytest.mark.usefixtures("folder")


def test_names_are_printed_as_they_are_in_lines_and_in_tables(capsys):
    name = "[red]a:cat:b[/red]"  # markup and an emoji, to a terminal that read them
    out = table("class", "[bold]count")
    out.add_row(name, "[1]")
    print_table(out)
    fact("note", name)
    plain_console().print(name)
    printed = capsys.readouterr().out
    assert printed.count(name) == 3 and "[bold]count" in printed and "[1]" in printed


def test_a_name_cannot_tell_the_terminal_what_to_do_and_one_that_cannot_be_written_is_told(capsys):
    name = "a\x1b]0;owned\x07\x1b[2J\x9b\u202eb\udcffé"
    out = table(name)
    out.add_row(name)
    print_table(out)
    fact("note", name)
    print_json({name: name})
    *lines, held = capsys.readouterr().out.partition("{")
    assert lines[0].count(r"a\u001b]0;owned\u0007\u001b[2J\u009b\u202eb\udcffé") == 3
    assert json.loads(f"{{{held}") == {name: name} and not {"\x1b", "\x9b", "\udcff"} & set(held)


def test_json_is_valid_and_whole_however_long_its_lines(capsys):
    values = {"note": "[b]x[/b] :cat: " * 200, "name": "Zoë", "numbers": [0.1, None, True]}
    print_json(values)
    printed = capsys.readouterr().out
    assert json.loads(printed) == values and "Zoë" in printed


def test_nothing_that_is_printed_ends_in_blanks(capsys):
    out = table("a", "b", right=("a",))
    out.add_row("1", "a long text")
    out.add_row("10,000", "")
    print_table(out)
    say("before ", "")
    assert capsys.readouterr().out == "     a  b\n     1  a long text\n10,000\nbefore\n"


@pytest.mark.usefixtures("narrow")
def test_a_text_goes_on_below_its_beginning_and_words_stay_whole(capsys):
    source = "digits:train@classes=0,1,2,3,4,5,6,7@shuffle=3@rows=0:400"
    fact("data", f"1,000 examples of {source} and some more words behind it")
    # 80 columns less 14 for the word are 66: the source's 57 do not fit behind 17, and 9 more fit behind it.
    assert capsys.readouterr().out.splitlines() == [
        "  data        1,000 examples of",
        f"              {source} and some",
        "              more words behind it",
    ]


def test_without_a_terminal_a_line_is_as_long_as_it_is(capsys):
    assert not console().is_terminal
    fact("classes", "kite " * 70)
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1.5 * 1024**2, "1.5 MiB"), (2**50, "1048576.0 GiB")],
)
def test_bytes_are_told_in_the_first_unit_that_is_large_enough(count, told):
    assert size(count) == told


@pytest.mark.parametrize(("count", "told"), [(999, "999 FLOPs"), (1e3, "1.0 kFLOPs"), (2.5e13, "25.0 TFLOPs")])
def test_operations_are_told_in_the_first_unit_that_is_large_enough(count, told):
    assert flops(count) == told


def test_a_share_is_told_in_percent_and_none_as_a_dash():
    assert (percent(0.12345), percent(1), percent(None)) == ("12.3", "100.0", "-")
