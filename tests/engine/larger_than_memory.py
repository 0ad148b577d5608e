"""One update of data that is larger than what it may take: FOLDER LIMIT HOW. Tells what it took, as JSON."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

LIMIT = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))  # before anything is imported, so that it holds for all

import numpy as np  # noqa: E402
import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

import onward  # noqa: E402
from onward.content import contents  # noqa: E402
from onward.engine.log import Progress  # noqa: E402
from onward.nets.backbone import Backbone  # noqa: E402
from onward.nets.classifier import Classifier  # noqa: E402
from onward.nets.head import Head  # noqa: E402


class Glance(Backbone):
    """Looks at a few pixels of an image, for nothing else of it matters here."""

    features = 12

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * 6 * 6, self.features)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x[:, :, ::32, ::32].float().flatten(1) / 255).relu()


def memory(kind: str) -> int:
    """Bytes of this process, as Linux tells them."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(told[kind].split()[0]) * 1024


def given(folder: Path, how: str) -> onward.Data:
    if how == "whole":
        return onward.data(np.load(folder / "x.npy"), targets=np.load(folder / "y.npy"))
    return onward.read(f"{folder}/")


def main() -> None:
    torch.set_num_threads(1)
    new, anonymous = given(Path(sys.argv[1]), sys.argv[3]), [memory("RssAnon")]

    def observe(progress: Progress) -> None:
        anonymous.append(memory("RssAnon"))

    told = contents(new)
    observe(Progress("", 0, 0, 0, 0, {}, 0.0))
    model = Classifier(Glance(), Head(Glance.features))
    settings = onward.Settings(epochs=1, batch_size=32, validation=0.05)
    learner = onward.Learner(model, onward.chain("replay(size=200) | ewc(examples=500)"))
    _, record = onward.update(learner, new, settings, observe=observe)
    held = {"anonymous": max(anonymous), "resident": memory("VmHWM")}
    found = {**held, "samples": record.cost.samples, "distinct": len(np.unique(told.digests))}
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
