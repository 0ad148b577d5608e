"""What a network makes on the way to its features: the last outputs of its stages."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from functools import partial
from itertools import groupby
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from onward.errors import InputError
from onward.nets.classifier import Classifier
from onward.nets.grown import Grown
from onward.nets.resting import resting

EXAMPLES = 3
"""In the batch by which stages are found: few, and not one, which many a value has as its first dimension."""


class Stages(NamedTuple):
    """Stages that two networks have in common. places: the layers that end them; maps: whether they give maps.

    A map is (b, c, h, w), or a sequence (b, n, d); what is no map is (b, d).
    """

    places: tuple[str, ...] = ()
    maps: bool = False


class Listened:
    """The features of a model, and beside them what its stages gave. Called as the model's own ``features``.

    Nothing stays on the network between two calls, and what was heard is found again by the features it came with.

    Args:
        model: whose features.
        network: within it, or all of it: whose stages.
        places: of the stages, by their names in ``network``.
        of: what is held of an output.
    """

    def __init__(
        self, model: Classifier, network: nn.Module, places: Iterable[str], of: Callable[[Tensor], Tensor]
    ) -> None:
        """Nothing is heard yet."""
        self.model, self.network, self.places, self.of = model, network, tuple(places), of
        self._heard: list[tuple[Tensor, list[Tensor]]] = []

    def __call__(self, inputs: Tensor) -> Tensor:
        """Return the features, (b, d).

        Raises:
            InputError: when a stage gave nothing.
        """
        heard: dict[str, Tensor] = {}

        def note(place: str, layer: nn.Module, came: object, said: Tensor | tuple[Tensor, ...]) -> None:
            heard[place] = self.of(first(said))

        with told_by(self.network, self.places, note):
            features = self.model.features(inputs)
        if silent := [place for place in self.places if place not in heard]:
            raise InputError(
                f"'{silent[0]}' did not run on a batch, and what it gives is asked of each. A network that leaves "
                "layers out at random cannot be held by its stages: switch that off, or leave out the method that asks"
            )
        self._heard.append((features, [heard[place] for place in self.places]))
        return features

    def beside(self, features: Tensor, inputs: Tensor) -> list[Tensor]:
        """Return what the stages gave with some features, or where these came another way, what they give now."""
        for there, heard in self._heard:
            if there is features:
                return heard
        self(inputs)
        return self._heard[-1][1]

    def forget(self) -> None:
        """Let go of all that was heard."""
        self._heard.clear()


class Output(NamedTuple):
    """What a layer gives. shape: of one example; run: how many linear layers have run; last: whether it is all."""

    place: str
    shape: tuple[int, ...]
    run: int
    last: bool

    @property
    def size(self) -> tuple[int, ...]:
        """Where there is a map, how large it is; () where there is none."""
        if len(self.shape) == 3:
            return self.shape[1:] if max(self.shape[1:]) > 1 else ()
        return self.shape[:1] if len(self.shape) == 2 else ()

    @property
    def is_block(self) -> bool:
        """Whether it is a sequence from a layer in a row of layers, which itself is in none: so they are numbered."""
        *above, number = self.place.split(".")
        return len(self.shape) == 2 and number.isdigit() and not any(part.isdigit() for part in above)


def as_before(model: Classifier, old: Classifier) -> nn.Module:
    """Return the backbone of a model, or what it was before it grew since its parent."""
    within, since = model.backbone, times_grown(model) - times_grown(old)
    while since > 0 and isinstance(within, Grown):
        within, since = within.inner, since - 1
    return within


def times_grown(model: nn.Module) -> int:
    """Return how often a network has grown."""
    return sum(isinstance(each, Grown) for each in model.modules())


def common_stages(model: Classifier, old: Classifier, example: Tensor) -> Stages:
    """Return the stages that a model and its parent have in common, in the order of their runs.

    A stage is all that runs at one size of map; it ends with the last layer of that size. In a network of blocks in a
    row that give sequences, as a transformer, each block is one. In a network without either it is a linear layer with
    all that follows it up to the next. Layers count that run once, at which the examples of a batch lie side by side,
    whose output has one shape in both networks and is not overwritten later on. The features themselves are no stage.

    Args:
        model: as it will be trained; both are at rest meanwhile.
        old: its parent.
        example: one input, (1, *shape).
    """
    batch = example.expand(EXAMPLES, *example.shape[1:])
    before = {each.place: each for each in outputs(old, old.backbone, batch)}
    both = []
    for each in outputs(model, as_before(model, old), batch):
        there = before.get(each.place)
        if there is not None and there.shape == each.shape:
            both.append(each._replace(last=each.last or there.last))
    maps = [each for each in both if each.size]
    ends = [each for each in maps if each.is_block]
    if not ends:
        vectors = [each for each in both if len(each.shape) == 1 and each.run]
        runs = groupby(maps, lambda each: each.size) if maps else groupby(vectors, lambda each: each.run)
        ends = [list(run)[-1] for _, run in runs]
    return Stages(tuple(end.place for end in ends if not end.last), bool(maps))


def outputs(model: Classifier, network: nn.Module, batch: Tensor) -> list[Output]:
    """Return what the layers of a network within a model give, in the order in which they end."""
    seen: list[tuple[str, Tensor, int, int]] = []
    runs = 0

    def note(place: str, layer: nn.Module, came: object, said: object) -> None:
        nonlocal runs
        runs += isinstance(layer, nn.Linear)
        if isinstance(first(said), Tensor):
            seen.append((place, first(said), first(said)._version, runs))

    with resting(model), torch.no_grad(), told_by(network, [name for name, _ in network.named_modules()], note):
        model.features(batch.to(model.device))
    places = [place for place, *_ in seen]
    whole = next((said for place, said, *_ in seen if not place), None)
    return [
        Output(place, tuple(said.shape[1:]), run, whole is not None and same_numbers(said, whole))
        for place, said, version, run in seen
        if place and places.count(place) == 1 and said._version == version and said.ndim and len(said) == len(batch)
    ]


def first(said: Any) -> Any:  # noqa: ANN401 - whatever a layer of a user's network gives
    """Return what a layer gives, or of several things the first, as blocks of transformers have their sequence."""
    return said[0] if isinstance(said, tuple) and said else said


def same_numbers(one: Tensor, other: Tensor) -> bool:
    """Say whether two tensors are the same numbers in memory, in whatever shape."""
    return one.data_ptr() == other.data_ptr() and one.numel() == other.numel()


@contextmanager
def told_by(network: nn.Module, places: Iterable[str], note: Callable[..., None]) -> Generator[None]:
    """Let some layers tell what they give for a while, as they end: ``note(place, layer, inputs, output)``."""
    hooks = [network.get_submodule(place).register_forward_hook(partial(note, place)) for place in places]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
