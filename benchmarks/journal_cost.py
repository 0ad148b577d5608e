"""What it costs to write down how far an update is.

    python benchmarks/journal_cost.py            three cells, on made-up bytes; some minutes
    python benchmarks/journal_cost.py --quick    a few seconds, to see that it runs

Three rivals take the same steps: ``onward.update`` without a journal, with one that is due every 30 seconds, as
``onward update`` has it, and with one that is due at every step, which its own rule holds to a fiftieth of the time on
the wall: after an entry that took a second, none is due for fifty. Before they are timed, all must have made the same
weights, bit for bit. CPU time is what is compared; the wait for the disk is in the rule, and not in the times.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from comparison import SEED, Cell, Layout, Training, alike, compare, made_up, options, untrained
from timing import Lengths
from torch import Tensor

from onward.engine.update import update
from onward.learner import Learner
from onward.settings import Settings
from onward.store.journal import DiskJournal

AIM = 1.02
"""The most that a step with a journal may take, in steps without."""

MLP = ("MLP 2x256", "mlp", 256, (1, 28, 28))
CELLS = (
    Cell(*MLP, examples=1000, batch_size=10, lengths=Lengths(200, 1200), rounds=25),
    Cell(*MLP, examples=3200, batch_size=64, lengths=Lengths(100, 600), rounds=25),
    Cell("ResNet-18, width 20", "resnet18", 20, (3, 32, 32), 128, 64, Lengths(2, 6), rounds=9),
)
QUICK = (
    Cell(*MLP, examples=60, batch_size=10, lengths=Lengths(2, 8), rounds=3),
    Cell("ResNet-18, width 2", "resnet18", 2, (3, 32, 32), 8, 4, Lengths(2, 4), rounds=3),
)
LAYOUT = Layout(
    "One step of training, with a journal and without",
    "journal",
    ("ms/step", "ratio", "whole run"),
    f"the aim is {AIM}",
)


def rivals(cell: Cell) -> dict[str, Training]:
    """Return the three updates, the one without a journal first: the others are measured by it."""
    data = made_up(cell)
    settings, parent = Settings(batch_size=cell.batch_size, lr=0.01), untrained(cell, data)

    def updated(steps: int, every: float | None) -> list[Tensor]:
        epochs = -(-steps * cell.batch_size // len(data))
        chosen = replace(settings, epochs=epochs, steps=steps)
        if every is None:
            child, _ = update(Learner(parent), data, chosen, SEED)
        else:
            with tempfile.TemporaryDirectory() as folder, DiskJournal(Path(folder) / "j", {}, every) as journal:
                child, _ = update(Learner(parent), data, chosen, SEED, journal=journal)
        return list(child.model.state_dict().values())

    ways = {"none": None, "every 30 s": 30.0, "as often as it may": 0.0}
    return {name: partial(updated, every=every) for name, every in ways.items()}


def fair(cell: Cell) -> Mapping[str, Training]:
    """Return the three updates, refused where they do not do the same arithmetic.

    Raises:
        SystemExit: when they end with other weights.
    """
    updates = rivals(cell)
    alike(cell, updates)
    return updates


def main() -> None:
    """Compare the updates in every cell."""
    asked = options(__doc__).parse_args()
    compare(asked, QUICK if asked.quick else CELLS, fair, LAYOUT)


if __name__ == "__main__":
    main()
