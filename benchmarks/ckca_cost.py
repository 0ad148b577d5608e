"""What a step of an update by CKCA costs beside a step of the plain warm start.

    python benchmarks/ckca_cost.py            ResNet-18 and a perceptron, on made-up bytes; ten minutes
    python benchmarks/ckca_cost.py --quick    a few seconds, to see that it runs

Three methods update the same parent on the same data: the warm start, LwF, which asks the parent for its answers, and
CKCA with both its terms, which asks for features too and weighs each example by the parent's trust. Where images are
augmented the parent sees every batch; where they are not, it sees each image once, before the first step. A step is
the slope between runs of two lengths, so that set-up, that one pass and the bill at the end do not count; whole runs,
in which they do, stand beside it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from comparison import SEED, Cell, Layout, compare, made_up, options, untrained
from timing import Lengths, Rival

from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.methods.ckca import CKCA
from onward.methods.lwf import LwF
from onward.methods.warm_start import WarmStart
from onward.record import Record
from onward.settings import Augmentation, Settings
from onward.types import Examples

AIM = 1.5
"""The most that a step of CKCA may take on ResNet-18, in steps of the warm start, where the parent sees every batch.

The parent's forward pass is a quarter to a third of a step whatever the network. What else CKCA does is some ninety
small operations, forward and backward, which weigh only on a network as small as the perceptron.
"""
METHODS: dict[str, Method] = {
    "plain": WarmStart(),
    "lwf": LwF(),
    "ckca": CKCA(features=1.0, answers=4.0, trust="true_class"),
}
"""The rivals by name; ``plain`` is what the others are measured by."""
AUGMENT: tuple[Augmentation, ...] = ("flip", "crop")


@dataclass(frozen=True)
class Task(Cell):
    """A cell, and what is done to its images.

    Args:
        augment: done to each batch; () leaves the images, and then the parent sees each once.
    """

    augment: tuple[Augmentation, ...]

    @property
    def lines(self) -> tuple[str, str, str]:
        """What is told of it beside its rivals."""
        return self.title, " and ".join(self.augment) or "not augmented", f"{self.epochs(self.lengths.long)} epochs"

    def epochs(self, steps: int) -> int:
        """Return the epochs of so many steps. The parent's outputs are held only where a run is told in epochs."""
        return steps * self.batch_size // self.examples


RESNET = ("ResNet-18, width 20", "resnet18", 20, (3, 32, 32), 128, 64, Lengths(4, 8), 9)
MLP = ("MLP 2x256", "mlp", 256, (1, 28, 28), 640, 64, Lengths(20, 100), 50)
CELLS = tuple(Task(*network, augment) for network in (RESNET, MLP) for augment in (AUGMENT, ()))
SMALL = ("MLP 2x16", "mlp", 16, (1, 28, 28), 20, 10, Lengths(4, 20), 2)
QUICK = tuple(Task(*SMALL, augment) for augment in (AUGMENT, ()))
LAYOUT = Layout(
    "An update by CKCA, beside the warm start",
    "method",
    ("ms/step", "ratio", "whole run"),
    f"the aim for ckca on ResNet-18 is {AIM}",
)


def rivals(cell: Task) -> dict[str, Rival]:
    """Return an update by each method, of one parent that knows all classes; each gives the update's record."""
    settings, data = Settings(batch_size=cell.batch_size, lr=0.01, augment=cell.augment), made_up(cell)
    parent = untrained(cell, data)
    return {name: updating(Learner(parent, method), cell, data, settings) for name, method in METHODS.items()}


def updating(learner: Learner, cell: Task, data: Examples, settings: Settings) -> Rival:
    """Return a run of so many steps from a learner."""

    def updated(steps: int) -> Record:
        return update(learner, data, replace(settings, epochs=cell.epochs(steps)), SEED)[1]

    return updated


def main() -> None:
    """Compare the methods in every cell."""
    asked = options(__doc__).parse_args()
    compare(asked, QUICK if asked.quick else CELLS, rivals, LAYOUT)


if __name__ == "__main__":
    main()
