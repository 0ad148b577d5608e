"""What a step of training in a subspace of three corners costs beside a step of one model.

    python benchmarks/subspace_step.py            three cells, on made-up bytes; some minutes
    python benchmarks/subspace_step.py --quick    a few seconds, to see that it runs

Both rivals train the same network on the same batches through ``onward.update``: once as a warm start, once as
``subspace_ensemble``. What is compared is the time of one more step, from runs of two lengths, so that neither set-up
nor the end of a phase counts. Prediction needs no comparison: the midpoint is one model of the same shape, which is
checked before anything is timed.
"""

from __future__ import annotations

from dataclasses import dataclass

from comparison import SEED, Cell, Layout, compare, made_up, options, untrained
from timing import Lengths, Rival

from onward.engine.update import update
from onward.learner import Learner
from onward.method import Method
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.methods.warm_start import WarmStart
from onward.settings import Settings

AIM = 1.10
"""The most that a step in the subspace may take, in steps of one model."""


@dataclass(frozen=True)
class Slope(Cell):
    """A cell with a momentum: with it each corner has a velocity, and a step goes over memory once more.

    Args:
        momentum: of SGD.
    """

    momentum: float

    @property
    def lines(self) -> tuple[str, str, str]:
        """What is told of it beside its rivals."""
        return self.title, f"batch {self.batch_size}, momentum {self.momentum}", f"{self.rounds} rounds"


MLP, RESNET = ("MLP 2x256", "mlp", 256, (1, 28, 28)), ("ResNet-18, width 20", "resnet18", 20, (3, 32, 32))
CELLS = (
    Slope(*MLP, examples=1000, batch_size=10, lengths=Lengths(20, 120), rounds=60, momentum=0.0),
    Slope(*MLP, examples=1000, batch_size=10, lengths=Lengths(20, 120), rounds=60, momentum=0.8),
    Slope(*RESNET, examples=40, batch_size=10, lengths=Lengths(1, 4), rounds=25, momentum=0.0),
)
QUICK = (
    Slope("MLP 2x16", "mlp", 16, (1, 8, 8), 60, 10, Lengths(2, 8), rounds=2, momentum=0.8),
    Slope("ResNet-18, width 2", "resnet18", 2, (3, 32, 32), 8, 4, Lengths(2, 4), rounds=2, momentum=0.0),
)
LAYOUT = Layout(
    "One step of training, in a subspace of three corners", "trained", ("ms/step", "ratio"), f"the aim is {AIM}"
)


def rivals(cell: Slope) -> dict[str, Rival]:
    """Return both ways to train, one model first.

    Raises:
        SystemExit: when the subspace does not end as one model of the same shape.
    """
    data, settings = made_up(cell), Settings(batch_size=cell.batch_size, lr=0.01, momentum=cell.momentum)
    parent = untrained(cell, data)

    def by(method: Method) -> Rival:
        def training(steps: int) -> Learner:
            epochs = -(-steps * cell.batch_size // len(data))
            run = Settings(**{**vars(settings), "epochs": epochs, "steps": steps})
            return update(Learner(parent, method), data, run, SEED)[0]

        return training

    ways = {"one model": by(WarmStart()), "subspace": by(SubspaceEnsemble(corners=3, times_corners=False))}
    if len({str(way(1).model.spec()) for way in ways.values()}) != 1:
        raise SystemExit(f"{cell.title}: the subspace does not predict as one model; no times")
    return ways


def main() -> None:
    """Compare them in every cell."""
    asked = options(__doc__).parse_args()
    compare(asked, QUICK if asked.quick else CELLS, rivals, LAYOUT)


if __name__ == "__main__":
    main()
