"""The head's old rows stand still while new classes are learned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onward.context import Context
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase


@dataclass(frozen=True)
class FreezeOldRows(Method):
    """Leave the rows of old classes as they are, bit for bit, while all else learns.

    The cross-entropy of an example of a new class pushes every old logit down. Where the old rows may not move, that
    push cannot undo them before the new rows are of any use.

    Acts on:      which parameters move
    Keeps:        nothing
    Cost:         nothing
    Needs:        a parent and new classes; without them it is the warm start;  scenarios: new classes, mixed; holds
                  only the head
    Status:       not measured: a part of ``sgm``

    Fields:
        none.

    Example:
        >>> from onward.engine.update import update
        >>> from onward.learner import Learner
        >>> from onward.methods.freeze_old_rows import FreezeOldRows
        >>> from onward.nets.zoo import fresh
        >>> from onward.toy import blobs
        >>> learner = Learner(fresh("mlp", (2,), seed=0), FreezeOldRows())
        >>> parent, _ = update(learner, blobs({"a": (0, 2), "b": (0, -2)}, seed=0))
        >>> child, _ = update(parent, blobs({"c": (2, 0), "d": (-2, 0)}, seed=1))
        >>> bool((child.model.head.blocks[0].weight == parent.model.head.blocks[0].weight).all())
        True

    Departures:
        1. [1] sets the gradient of old rows to zero, and its AdamW still shrinks them by weight decay. Here they are
           no part of what is optimised, and nothing moves them.

    References:
        [1] Harun & Kanan 2024, "Overcoming the Stability Gap in Continual Learning", arXiv:2306.01904: old output class
        freezing.
    """

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Take the old rows out of every phase."""
        if context.old is None or len(context.old.classes) == len(model.classes):
            yield from phases
            return
        old = {f"head.{name}" for name, _ in context.old.head.named_parameters()}
        for phase in phases:
            yield phase.only(lambda name: name not in old)
