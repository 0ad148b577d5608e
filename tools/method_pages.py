"""Write ``docs/methods/``: a page for each method, from its docstring and fields.

    python tools/method_pages.py             writes the pages
    python tools/method_pages.py --check     fails when a page is not what it would write

The sources of the methods are read, not imported.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from onward.docstring import FACTS, HEADINGS, parted, status_of

CODE = re.compile(r"(`+.+?`+)")
ITEM = re.compile(r"(?:^|\s{2,}|\n)(?=\[\d+\] )")


@dataclass(frozen=True)
class Field:
    """A hyper-parameter as its source writes it. default: its source text, "" when it has none."""

    name: str
    kind: str
    default: str

    def signature(self) -> str:
        """Return ``name: kind = default``."""
        return f"{self.name}: {self.kind}" + (f" = {self.default}" if self.default else "")


@dataclass(frozen=True)
class Method:
    """What a page is made of. sections: the text under each heading of the docstring."""

    name: str
    label: str
    idea: str
    sections: Mapping[str, str]
    fields: tuple[Field, ...]

    def summary(self) -> str:
        """Return the docstring's first line."""
        return self.idea.partition("\n")[0]


def read(path: Path) -> Method:
    """Read the method of a source file.

    Raises:
        ValueError: when its docstring lacks a heading, has an unknown status, or says other fields than it has.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and is_method(node)]
    if len(classes) != 1:
        raise ValueError(f"{path}: {len(classes)} classes derive from Method; a file holds one")
    node = classes[0]
    idea, sections = parted(ast.get_docstring(node) or "")
    if missing := [heading for heading in HEADINGS if heading not in sections]:
        raise ValueError(f"{path}: the docstring of {node.name} lacks: {', '.join(missing)}")
    method = Method(path.stem, node.name, idea, sections, tuple(fields(node)))
    status_of(sections["Status"])
    told, has = list(described(sections["Fields"])), [field.name for field in method.fields]
    if told != has:
        raise ValueError(f"{path}: {node.name} has the fields {has}, its docstring describes {told}")
    return method


def is_method(node: ast.ClassDef) -> bool:
    """Tell whether a class derives from ``Method``."""
    return any(ast.unparse(base).split(".")[-1] == "Method" for base in node.bases)


def fields(node: ast.ClassDef) -> Iterator[Field]:
    """Yield the dataclass fields of a class, in order."""
    for line in node.body:
        if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
            kind = ast.unparse(line.annotation)
            if not kind.startswith("ClassVar"):
                yield Field(line.target.id, kind, ast.unparse(line.value) if line.value else "")


def described(text: str) -> dict[str, str]:
    """Read a "Fields" section, ``name: meaning``, with indented lines going on; "none" has no field."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if start := re.match(r"(\w+): (.*)", line):
            name, found[start[1]] = start[1], start[2]
        elif name:
            found[name] += " " + line.strip()
    return found


def escaped(text: str) -> str:
    """Return prose as Markdown that shows it as written: ``θ*`` begins no emphasis. Code stays as it is."""
    return "\n".join(line if line.startswith("    ") else shown(line) for line in text.splitlines())


def shown(line: str) -> str:
    """Escape what Markdown would read as markup, outside of backticks."""
    parts = CODE.split(line)
    parts[::2] = [re.sub(r"[*<]", r"\\\g<0>", prose) for prose in parts[::2]]
    return "".join(parts)


def page(method: Method) -> str:
    """Return the page of a method, Markdown."""
    section = {name: text if name == "Example" else escaped(text) for name, text in method.sections.items()}
    facts = [f"| {fact} | {' '.join(section[fact].split())} |" for fact in FACTS]
    meanings = described(section["Fields"])
    told = [f"- `{field.signature()}`: {meanings[field.name]}" for field in method.fields]
    sources = [f"- {' '.join(item.split())}" for item in ITEM.split(section["References"]) if item.strip()]
    parts = [
        f"<!-- Written by tools/method_pages.py from src/onward/methods/{method.name}.py: change that. -->",
        f"# {method.name}",
        escaped(method.idea),
        f"In a command or a configuration it is `{method.name}`; in Python, "
        f"`from onward.methods.{method.name} import {method.label}`.",
        "\n".join(["| | |", "|---|---|", *facts]),
        "## Fields",
        "\n".join(told) or "It has none.",
        "## Example",
        f"```pycon\n{section['Example']}\n```",
        "## Departures from the papers",
        section["Departures"],
        "## References",
        "\n".join(sources),
    ]
    return "\n\n".join(parts) + "\n"


def index(methods: list[Method]) -> str:
    """Return the page that lists them all."""
    rows = [f"| [{m.name}]({m.name}.md) | {escaped(m.summary())} |" for m in methods]
    return "\n".join(
        [
            "<!-- Written by tools/method_pages.py. -->\n",
            "# Methods\n",
            "`onward methods` lists these, `onward methods NAME` shows one.\n",
            "| name | what it does |",
            "|---|---|",
            *rows,
            "",
        ]
    )


def pages(root: Path) -> dict[Path, str]:
    """Return what every file of ``docs/methods`` must hold, for the project in ``root``."""
    sources = sorted((root / "src/onward/methods").glob("[!_]*.py"))
    methods = [read(path) for path in sources]
    folder = root / "docs/methods"
    return {folder / "index.md": index(methods)} | {folder / f"{m.name}.md": page(m) for m in methods}


def stale(root: Path) -> list[str]:
    """Return one sentence for each page that is missing, differs, or has no method."""
    wanted = pages(root)
    there = {path: path.read_text(encoding="utf-8") for path in (root / "docs/methods").glob("*.md")}
    said = {path: "is stale" for path, text in wanted.items() if there.get(path) != text}
    said |= dict.fromkeys(there.keys() - wanted.keys(), "has no method")
    return [f"{path.relative_to(root)} {what}" for path, what in sorted(said.items())]


def write(root: Path) -> None:
    """Write every page, and remove those that have no method."""
    wanted = pages(root)
    (root / "docs/methods").mkdir(parents=True, exist_ok=True)
    for path in set((root / "docs/methods").glob("*.md")) - wanted.keys():
        path.unlink()
    for path, text in wanted.items():
        path.write_text(text, encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Write the pages, or check them. Returns the exit code."""
    parser = argparse.ArgumentParser(description="Write docs/methods from the docstrings of the methods.")
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is stale")
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[1], help="the project's folder")
    given = parser.parse_args(arguments)
    if not given.check:
        write(given.root)
        return 0
    for sentence in (found := stale(given.root)):
        print(f"{sentence}; write it with: make pages", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
