"""The docstring of a method, which is all that is told of it: an idea, and sections under headings."""

from __future__ import annotations

import re
import textwrap

FACTS = ("Acts on", "Keeps", "Cost", "Needs", "Status")
"""The headings of what fits in a line or two."""

HEADINGS = (*FACTS, "Fields", "Example", "Departures", "References")
"""Every heading, in the order in which they stand."""

HEADING = re.compile(rf"^({'|'.join(HEADINGS)}):[ \t]*(.*)$")

STATUSES = ("matches its paper", "differs from its paper", "reconstruction", "not measured", "no paper")
"""How a section "Status" may begin: what is known of a method beside the numbers of its paper.

It ``matches its paper`` where a reproduction is within what was printed or above, and ``differs from its paper`` where
one is not. It is a ``reconstruction`` of a paper that could not be read whole, ``not measured`` beside one, or has
``no paper`` with a number to meet. Behind a colon stands which reproduction, or why.
"""


def parted(docstring: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into what stands before the first heading, and the text under each heading."""
    idea: list[str] = []
    sections: dict[str, list[str]] = {}
    lines = idea
    for line in docstring.splitlines():
        if found := HEADING.match(line):
            lines = sections.setdefault(found[1], [])
            line = found[2]
        lines.append(line)
    return "\n".join(idea).strip(), {name: dedented(text) for name, text in sections.items()}


def dedented(lines: list[str]) -> str:
    """Join the lines of a section: the first stands beside the heading, the rest are indented below it."""
    return "\n".join([lines[0], textwrap.dedent("\n".join(lines[1:]))]).strip()


def status_of(section: str) -> str:
    """Return how a section "Status" begins.

    Raises:
        ValueError: when that is none of ``STATUSES``.
    """
    for status in STATUSES:
        if section.startswith(status):
            return status
    raise ValueError(f"a status begins with one of: {', '.join(STATUSES)}; got {section!r}")
