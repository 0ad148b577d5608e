"""An MkDocs hook: a navigation entry that ends in a slash becomes the pages of that folder, by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def on_config(config: Any) -> Any:  # noqa: ANN401 - MkDocs' own type, which the library does not need
    """Replace each ``title: folder/`` by ``title: [its pages]``, the folder's index first."""
    docs = Path(config.docs_dir)
    config.nav = [
        {title: pages(docs, where) if where.endswith("/") else where}
        for entry in config.nav
        for title, where in entry.items()
    ]
    return config


def pages(docs: Path, folder: str) -> list[str]:
    """Return the pages of a folder, as MkDocs names them."""
    found = sorted((docs / folder).glob("*.md"), key=lambda path: (path.stem != "index", path.stem))
    return [path.relative_to(docs).as_posix() for path in found]
