"""What the docstring of a method tells, by headings."""

from __future__ import annotations

import inspect

import pytest

from onward import catalogue
from onward.docstring import FACTS, HEADINGS, STATUSES, parted, status_of
from onward.reproduction.registry import GROUPS, REPRODUCTIONS

TEXT = """Hold what matters.

Keeps:        omega/*: one number
              a parameter
Status:       not measured: yet

Fields:
    strength: λ >= 0.
"""


def test_what_stands_before_the_first_heading_is_the_idea_and_the_rest_goes_by_its_heading():
    idea, sections = parted(TEXT)
    assert idea == "Hold what matters."
    assert sections == {
        "Keeps": "omega/*: one number\na parameter",
        "Status": "not measured: yet",
        "Fields": "strength: λ >= 0.",
    }


@pytest.mark.parametrize("name", catalogue.names())
def test_every_method_tells_everything_and_its_status_names_reproductions_that_there_are(name):
    _, sections = parted(inspect.getdoc(catalogue.method_class(name)) or "")
    assert list(sections) == list(HEADINGS) and all(sections[fact] for fact in FACTS)
    status = " ".join(sections["Status"].split())
    assert status_of(status) in STATUSES
    named = set(status.split("``")[1::2])
    reproduced = {*REPRODUCTIONS, *GROUPS}
    assert named <= reproduced | {*catalogue.names(), *catalogue.CHAINS}
    if status.startswith(("matches", "differs")):
        assert named & reproduced, "it says by what it is known"


def test_another_status_is_refused():
    with pytest.raises(ValueError, match=r"a status begins with one of: matches its paper, .* got 'fine'"):
        status_of("fine")
