"""What a step of training a convolutional network costs with the channels of a pixel side by side in memory.

    python benchmarks/channels_last.py            two sizes of images, on made-up bytes; some minutes
    python benchmarks/channels_last.py --quick    a few seconds, to see that it runs

Two networks of the same weights are trained in the plain loop on the same batches. One is ``cnn`` as it is, which lays
the images out channels last; the other leaves them as they come, channels first. The sums are the same in another
order, so the weights that are made agree up to rounding. What is compared is the time of one more step, from runs of
two lengths.
"""

from __future__ import annotations

import copy

from comparison import SEED, Cell, Layout, compare, made_up, options, untrained
from plain_loop import indexed, trained
from timing import Lengths, Rival
from torch import Tensor, nn

from onward.nets.cnn import CNN
from onward.rng import isolated
from onward.settings import Settings

LARGE, SMALL = ("CNN on 32x32", "cnn", 16, (3, 32, 32)), ("CNN on 16x16", "cnn", 16, (3, 16, 16))
CELLS = (
    Cell(*SMALL, examples=640, batch_size=64, lengths=Lengths(5, 25), rounds=50),
    Cell(*LARGE, examples=640, batch_size=64, lengths=Lengths(5, 15), rounds=30),
)
QUICK = (Cell("CNN on 8x8", "cnn", 4, (3, 8, 8), examples=16, batch_size=8, lengths=Lengths(2, 6), rounds=2),)
LAYOUT = Layout(
    "One step of training, by the order of images in memory",
    "memory",
    ("ms/step", "images/s", "ratio"),
    "both train the same network",
)


class ChannelsFirst(CNN):
    """The same network, which leaves images in the order in which they come."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d)."""
        return self.layers(inputs)


def rivals(cell: Cell) -> dict[str, Rival]:
    """Return the training of both networks; each gives the network that it trained."""
    data = made_up(cell)
    model, settings = untrained(cell, data), Settings(batch_size=cell.batch_size, lr=0.01)
    with isolated(SEED):  # torch draws weights for it that the next line replaces
        first = ChannelsFirst(cell.shape, cell.width)
    first.load_state_dict(model.backbone.state_dict())

    def training(backbone: nn.Module) -> Rival:
        def run(steps: int) -> nn.Module:
            network = nn.Sequential(copy.deepcopy(backbone), copy.deepcopy(model.head.blocks[0]))
            return trained(network, indexed(data, cell.batch_size, SEED), settings, steps)

        return run

    return {"channels first": training(first), "channels last": training(model.backbone)}


def main() -> None:
    """Compare both orders in every cell."""
    asked = options(__doc__).parse_args()
    compare(asked, QUICK if asked.quick else CELLS, rivals, LAYOUT)


if __name__ == "__main__":
    main()
