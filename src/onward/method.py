"""The central abstraction: a method transforms a plan. And chains of methods."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

from torch import Tensor

from onward.context import Context, part
from onward.errors import InputError, listed
from onward.nets.classifier import Classifier
from onward.phase import Phase, unused
from onward.types import Data, Kept


class Method:
    """A way of updating a model. Its fields are hyper-parameters; it holds nothing else.

    Left as they are, the four verbs of an update are the vanilla warm start. A subclass is a frozen dataclass and is
    final. ``forget`` is no part of an update: it takes examples out of what was kept, where that can be done.
    """

    __pydantic_config__: ClassVar = {"extra": "forbid"}

    keeps_examples: ClassVar[bool] = False
    """Whether what it keeps holds examples themselves: where none may be kept, such a method is refused."""

    @property
    def name(self) -> str:
        """The name of the file it stands in, which is the name it goes by."""
        return type(self).__module__.rpartition(".")[2]

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Return the model to train: another start, another structure. It may change and return the given one."""
        return model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Receive phases and yield phases. What stands after a ``yield`` happens when that phase has run."""
        yield from phases

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Return what the next update will need, after the last phase."""
        return {}

    def predict(self, model: Classifier, inputs: Tensor, kept: Kept) -> Tensor:
        """Return the logits of ``inputs``, (b, classes)."""
        return model(inputs)

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Return what is kept without the examples ``gone``, as if they had never been there.

        Args:
            kept: what this method kept.
            gone: examples under the model's names; those that were never seen change nothing.
            model: the version's, unchanged.

        Raises:
            InputError: when something is kept from which a single example cannot be taken out.
        """
        if kept:
            raise InputError(
                f"{self.name} keeps {listed(kept, most=3)}, a sum over all examples from which one cannot be taken "
                "out. Leave out all that it kept, or train anew without them."
            )
        return {}

    def __or__(self, other: Method) -> Chain:
        """Chain two methods, the left one first."""
        return chained(self, other)


@dataclass(frozen=True)
class Chain(Method):
    """Methods applied in order, ``a | b``. The empty chain is the vanilla warm start.

    What each keeps lies under its name, so that the next update may use another chain and still find it.
    """

    methods: tuple[Method, ...] = ()

    @cached_property
    def named(self) -> tuple[tuple[str, Method], ...]:
        """Each method under its own name; the second of one name is ``name.2``."""
        keys: dict[str, Method] = {}
        for method in self.methods:
            keys[unused(method.name, keys)] = method
        return tuple(keys.items())

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Let each method prepare what the one before it gave."""
        for key, method in self.named:
            model = method.prepare(model, context.under(key))
        return model

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Let each method transform the plan of the one before it."""
        for key, method in self.named:
            phases = method.plan(phases, model, context.under(key))
        yield from phases

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Keep what each keeps, under its name."""
        return {
            f"{key}/{name}": tensor
            for key, method in self.named
            for name, tensor in method.keep(model, context.under(key)).items()
        }

    def predict(self, model: Classifier, inputs: Tensor, kept: Kept) -> Tensor:
        """Predict as the one method does that has a prediction of its own; see ``predictor``."""
        if self.predictor is None:
            return model(inputs)
        key, method = self.predictor
        return method.predict(model, inputs, part(kept, key))

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Let each method forget in what it kept; what belongs to none of them stays."""
        names = dict(self.named)
        rest = {key: tensor for key, tensor in kept.items() if key.partition("/")[0] not in names}
        for key, method in self.named:
            rest |= {f"{key}/{name}": t for name, t in method.forget(part(kept, key), gone, model).items()}
        return rest

    @cached_property
    def predictor(self) -> tuple[str, Method] | None:
        """The one method that has a prediction of its own, under its name; None when the model's own counts.

        Raises:
            InputError: when two have.
        """
        own = [(key, method) for key, method in self.named if type(method).predict is not Method.predict]
        if len(own) > 1:
            raise InputError(f"only one method of a chain may decide the prediction, got {listed(k for k, _ in own)}")
        return own[0] if own else None

    def __repr__(self) -> str:
        """Show the chain as it is written."""
        return " | ".join(map(repr, self.methods)) or "Chain()"


def chained(*methods: Method) -> Chain:
    """Return the methods as one flat chain; a chain among them gives its members, the identity gives nothing."""
    flat: list[Method] = []
    for method in methods:
        members = method.methods if isinstance(method, Chain) else (method,)
        flat += [member for member in members if not is_identity(member)]
    return Chain(tuple(flat))


def is_identity(method: Method) -> bool:
    """Say whether a method leaves all four verbs of an update as they are."""
    verbs = ("prepare", "plan", "keep", "predict")
    return all(getattr(type(method), verb) is getattr(Method, verb) for verb in verbs)
