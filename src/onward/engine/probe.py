"""Accuracy while an update trains."""

from __future__ import annotations

from collections.abc import Mapping

from onward.engine.evaluate import judge
from onward.engine.log import Observer, Progress, silent
from onward.learner import Learner
from onward.types import Data


class Probe:
    """An observer that takes the accuracy on test sets whenever the loss is read, before the first step too.

    How often that is, is the run's ``read_every``. Training goes on as if nobody had looked: the same bits come out.

    Args:
        tests: test sets by name; they may hold classes that the model does not know.
        then: another observer, told of the same.

    Attributes:
        steps: at each reading the steps taken by then, over all phases; rising. A later phase begins where the one
            before it ended and is not read once more.
        accuracy: by test set the accuracy at each reading.
        terms: by term of the loss its mean since the reading before; {} before the first step.
    """

    def __init__(self, tests: Mapping[str, Data], then: Observer = silent) -> None:
        """Have read nothing yet."""
        self.tests, self.then = dict(tests), then
        self.steps: list[int] = []
        self.accuracy: dict[str, list[float]] = {name: [] for name in tests}
        self.terms: list[dict[str, float]] = []
        self._before = 0

    def __call__(self, progress: Progress) -> None:
        """Read."""
        if progress.step == 0:
            self._before = self.steps[-1] if self.steps else 0
        if progress.model is not None and self._before + progress.step not in self.steps[-1:]:
            self.steps.append(self._before + progress.step)
            self.terms.append(progress.terms)
            for name, test in self.tests.items():
                self.accuracy[name].append(judge(Learner(progress.model), test).accuracy)
        self.then(progress)
