"""The pages of the methods say what the docstrings say."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.method_pages import described, escaped, main, page, pages, read, stale, write

ROOT = Path(__file__).parents[1]

SOURCE = '''
class MAS(Method):
    """Hold what the outputs are sensitive to.

    The idea:

        L(θ) = L_new(θ) + λ Σ_i Ω_i (θ_i − θ*_i)²                                 (Eq. 3 of [1])

    Acts on:      loss (one term, "mas")
    Keeps:        omega/*: one number
                  a parameter
    Cost:         one pass
    Needs:        nothing
    Status:       not measured: yet

    Fields:
        strength: λ >= 0. 0 is
            the warm start.
        decay: γ in [0, 1].

    Example:
        >>> MAS().strength
        1.0

    Departures:
        1. None to speak of [1].

    References:
        [1] Aljundi et al. 2018, arXiv:1711.09601.  [2] Another [1] relative.
        [3] A third.
    """

    limit: ClassVar[int] = 3
    strength: float | None = 1.0
    decay: float = 0.5
'''


@pytest.fixture
def root(tmp_path):
    """A project of one method, its pages written."""
    folder = tmp_path / "src/onward/methods"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "mas.py").write_text(SOURCE)
    write(tmp_path)
    return tmp_path


def test_the_committed_pages_are_what_the_docstrings_say():
    assert len(pages(ROOT)) > 6
    assert stale(ROOT) == []


def test_a_page_has_every_part_of_the_docstring(root):
    text = page(read(root / "src/onward/methods/mas.py"))
    assert "# mas\n\nHold what the outputs are sensitive to.\n\nThe idea:\n\n    L(θ) = " in text
    assert "`from onward.methods.mas import MAS`" in text
    assert r"| Keeps | omega/\*: one number a parameter |" in text
    assert "- `strength: float | None = 1.0`: λ >= 0. 0 is the warm start.\n- `decay: float = 0.5`: γ" in text
    assert "```pycon\n>>> MAS().strength\n1.0\n```" in text
    assert "1. None to speak of [1]." in text
    assert "[1] Aljundi et al. 2018, arXiv:1711.09601.\n- [2] Another [1] relative.\n- [3] A third.\n" in text


def test_prose_is_shown_as_written_and_code_stays():
    assert escaped("fisher/* and θ*, ``a * b`` < `c*`") == r"fisher/\* and θ\*, ``a * b`` \< `c*`"
    assert escaped("    θ* = 1\nθ*") == "    θ* = 1\nθ\\*"


def test_fresh_pages_pass_the_check(root):
    assert stale(root) == []
    assert main(["--check", "--root", str(root)]) == 0


def test_a_changed_field_makes_its_page_stale(root, capsys):
    (root / "src/onward/methods/mas.py").write_text(SOURCE.replace("float = 0.5", "float = 0.9"))
    assert stale(root) == ["docs/methods/mas.md is stale"]
    assert main(["--check", "--root", str(root)]) == 1
    assert "make pages" in capsys.readouterr().err


def test_a_page_without_a_method_is_named_and_removed(root):
    (root / "docs/methods/gone.md").write_text("")
    assert stale(root) == ["docs/methods/gone.md has no method"]
    write(root)
    assert not (root / "docs/methods/gone.md").exists()


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ("Cost:  ", "Price: ", "lacks: Cost"),
        ("        decay: γ in [0, 1].\n", "", r"has the fields \['strength', 'decay'\]"),
        ("class MAS(Method)", "class MAS(Thing)", "0 classes derive from Method"),
    ],
)
def test_a_docstring_that_does_not_fit_is_refused(root, was, becomes, said):
    assert was in SOURCE
    (root / "src/onward/methods/mas.py").write_text(SOURCE.replace(was, becomes))
    with pytest.raises(ValueError, match=said):
        pages(root)


def test_fields_that_are_none_describe_nothing():
    assert described("none") == {}
