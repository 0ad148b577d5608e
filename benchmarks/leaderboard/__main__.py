"""Run what is missing of the leaderboard, and write the page.

    python -m benchmarks.leaderboard                      three seeds; hours from nothing
    python -m benchmarks.leaderboard --only digits        streams whose names begin so; the page is left alone
    python -m benchmarks.leaderboard --seeds 1

Finished runs lie in ``reproduced/leaderboard-STREAM/cells`` and are not run again.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from benchmarks.leaderboard.entries import entries
from benchmarks.leaderboard.page import draw, page, table
from benchmarks.leaderboard.streams import SETTINGS, STREAMS, TEXT, short, unpack

from onward.cli.experimenting import notice
from onward.experiment import Results, conduct
from onward.experiment.toml_file import made
from onward.store.card import software

PAGE = Path("docs/leaderboard.md")


def document(stream: str, seeds: int) -> dict[str, Any]:
    """Return the experiment of a stream as the values of a file."""
    return {
        "name": stream,
        **STREAMS[stream],
        "settings": SETTINGS,
        "methods": {entry: entry for entry in entries()},
        "seeds": seeds,
        "seen_only": True,
    }


def main() -> None:
    """Run, and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", metavar="WORD", help="streams whose names begin with it")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--jobs", type=int, default=None)
    parser.add_argument("--data-dir", type=Path, default=os.environ.get("ONWARD_DATA"), help="where data sets lie")
    asked = parser.parse_args()
    if not Path(TEXT).exists() and asked.data_dir is not None:
        unpack(Path(asked.data_dir), Path(TEXT))
    found: dict[str, Results] = {}
    for stream in (each for each in STREAMS if each.startswith(asked.only)):
        experiment = made(document(stream, asked.seeds), stream, asked.data_dir and Path(asked.data_dir))
        found[stream] = conduct(experiment, Path("reproduced") / f"leaderboard-{short(stream)}", asked.jobs, notice)
        print(table(found[stream]))
    if len(found) == len(STREAMS):
        setting = f"{asked.seeds} seeds, 5 passes over what arrives in batches of 32, SGD at 0.05 with momentum 0.9; "
        setting += f"torch {software()['torch']}, one thread a run, on a processor."
        draw(found, PAGE.with_suffix(".svg"))
        PAGE.write_text(page(found, "python -m benchmarks.leaderboard", setting, f"{PAGE.stem}.svg"), encoding="utf-8")


if __name__ == "__main__":
    main()
