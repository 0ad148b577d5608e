"""What the engine's loop costs beside the plain PyTorch loop that does the same arithmetic.

    python benchmarks/loop_overhead.py                     the three cells, on made-up bytes; some minutes
    python benchmarks/loop_overhead.py --data-dir FOLDER   on MNIST and CIFAR-10
    python benchmarks/loop_overhead.py --quick             a few seconds, to see that it runs

Three rivals train the same network with the same optimiser: ``onward.update`` with a warm start, the plain loop over
tensors in memory, and the plain loop over a ``DataLoader``. Before they are timed, the first two must have made the
same weights, bit for bit. What is compared is the time of one more step, from runs of two lengths, so that neither
set-up nor the bill at the end counts; whole runs, in which both count, are in the JSON.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from comparison import SEED, Cell, Layout, Training, alike, compare, made_up, options, untrained
from plain_loop import Loading, indexed, loaded, trained
from timing import Lengths
from torch import Tensor, nn

from onward.datasets.published.named import load
from onward.engine.update import update
from onward.learner import Learner
from onward.settings import Settings
from onward.types import Examples

AIM = 1.05
"""The most that a step of the engine may take, in steps of the plain loop."""


@dataclass(frozen=True)
class Place(Cell):
    """A cell with real data. One epoch lies between its two lengths, so that the beginning of one counts too.

    Args:
        source: the data set that the network is trained on, where there is one.
    """

    source: str


MLP = ("MLP 2x256", "mlp", 256, (1, 28, 28))
MNIST, CIFAR = {"source": "mnist"}, {"source": "cifar10"}
CELLS = (
    Place(*MLP, examples=1000, batch_size=10, lengths=Lengths(20, 120), rounds=100, **MNIST),
    Place(*MLP, examples=3200, batch_size=64, lengths=Lengths(10, 60), rounds=100, **MNIST),
    Place("ResNet-18, width 20", "resnet18", 20, (3, 32, 32), 128, 64, Lengths(1, 3), rounds=25, **CIFAR),
)
QUICK = (
    Place(*MLP, examples=60, batch_size=10, lengths=Lengths(2, 8), rounds=2, **MNIST),
    Place("ResNet-18, width 2", "resnet18", 2, (3, 32, 32), 8, 4, Lengths(2, 4), rounds=2, **CIFAR),
)
LAYOUT = Layout(
    "One step of training, beside the plain loop", "loop", ("ms/step", "images/s", "ratio"), f"the aim is {AIM}"
)


def examples(cell: Place, data_dir: Path | None) -> Examples:
    """Return the first examples of the cell's data set, or bytes made up in its shape where no folder is given."""
    if data_dir is None:
        return made_up(cell)
    data = load(cell.source, "train", data_dir)
    return Examples(data.inputs[: cell.examples], data.targets[: cell.examples], data.classes)


def rivals(cell: Place, data: Examples) -> dict[str, Training]:
    """Return the three loops, the plain one first: the others are measured by it."""
    settings, parent = Settings(batch_size=cell.batch_size, lr=0.01), untrained(cell, data)

    def engine(steps: int) -> list[Tensor]:
        epochs = -(-steps * cell.batch_size // len(data))
        child, _ = update(Learner(parent), data, replace(settings, epochs=epochs, steps=steps), SEED)
        return list(child.model.state_dict().values())

    def plain(steps: int, batches: Loading) -> list[Tensor]:
        own = copy.deepcopy(parent)
        network = nn.Sequential(own.backbone, own.head.blocks[0])
        trained(network, batches(data, cell.batch_size, SEED), settings, steps)
        return list(network.state_dict().values())

    return {"plain": partial(plain, batches=indexed), "engine": engine, "DataLoader": partial(plain, batches=loaded)}


def fair(cell: Place, data_dir: Path | None) -> Mapping[str, Training]:
    """Return the three loops, refused where engine and plain loop do not do the same arithmetic.

    Raises:
        SystemExit: when they end with other weights.
    """
    loops = rivals(cell, examples(cell, data_dir))
    alike(cell, {name: loops[name] for name in ("engine", "plain")})
    return loops


def main() -> None:
    """Compare the loops in every cell."""
    command = options(__doc__)
    command.add_argument("--data-dir", type=Path, metavar="FOLDER", help="where MNIST and CIFAR-10 lie")
    asked = command.parse_args()
    compare(asked, QUICK if asked.quick else CELLS, partial(fair, data_dir=asked.data_dir), LAYOUT)


if __name__ == "__main__":
    main()
