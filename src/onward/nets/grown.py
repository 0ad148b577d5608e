"""A network that has grown: it has more features than before, and what was there computes what it did."""

from __future__ import annotations

import math

from torch import Generator, Tensor, nn

from onward.errors import InputError, counted
from onward.nets.backbone import Backbone
from onward.nets.classifier import Classifier
from onward.nets.ensemble import Ensemble
from onward.nets.fast_weights import FastWeights
from onward.nets.random_features import RandomFeatures
from onward.transform import Transform

UNFIT = (Ensemble, FastWeights, RandomFeatures)
"""What stands around a network in such a way that what is added to it belongs to nobody."""


class Grown(Backbone):
    """A network with something new beside it or on it. forward: (b, *shape) -> (b, d + d'), its own d features first.

    What was there runs as it did, so its features are the same bits as before, whatever the new part learns. A network
    that grows again has all it has by then as its own.

    Args:
        inner: the network as it was.
    """

    added: nn.Module
    crossed: bool = False
    """Whether what is new goes into what was there, which then says nothing without it."""

    def __init__(self, inner: Backbone) -> None:
        """Take the network as it was; what is new goes into ``added``."""
        super().__init__()
        self.inner, self.shape = inner, inner.shape

    @property
    def transform(self) -> Transform | None:
        """How files become inputs: as for the network as it was."""
        return self.inner.transform

    def trains(self, name: str) -> bool:
        """Say whether an update moves a parameter: the new ones, and what it moves in the network as it was."""
        part, _, rest = name.partition(".")
        return part == "added" or self.inner.trains(rest)

    def put_beside(self, added: nn.Module) -> None:
        """Take the new part, in the type and on the device of the network as it was."""
        like = next(self.inner.parameters(), None)
        self.added = added if like is None else added.to(like)


def gone(method: str) -> str:
    """Return what to do with a method that holds layers by their names where these are gone, for a message."""
    return (
        "A method of the chain changed the model. Where that lets it grow beside what was there, this stands still "
        f"anyway: leave {method} out; else leave the other out, put {method} first, or start a new lineage."
    )


def beside_parent(model: Classifier, old: Classifier, method: str) -> dict[str, tuple[Tensor, Tensor]]:
    """Return each parameter that the parent has and an update moves, beside its value there, by name.

    Args:
        model: that was the parent's.
        old: the parent.
        method: by its name, which wants them near one another.

    Raises:
        InputError: when a name or a shape is no longer the parent's.
    """
    here, pairs = dict(model.named_parameters()), {}
    for name, there in old.named_parameters():
        if not old.trains(name):
            continue
        if name not in here or here[name].shape != there.shape:
            now = tuple(here[name].shape) if name in here else "gone"
            raise InputError(
                f"{method} holds '{name}' to the parent's, of shape {tuple(there.shape)}, but the model's is {now}. "
                f"{gone(method)}"
            )
        pairs[name] = (here[name], there)
    return pairs


def innermost(backbone: Backbone) -> Backbone:
    """Return a network as it was before it ever grew."""
    return innermost(backbone.inner) if isinstance(backbone, Grown) else backbone


def new_features(backbone: Backbone, ratio: float, width: int | None) -> int:
    """Return how many features a network gains: ``width``, or a share of those it had before it ever grew, rounded up.

    So it grows by as many each time, and never by more and more.
    """
    return math.ceil(ratio * innermost(backbone).features) if width is None else width


def refuse_unfit(backbone: Backbone, method: str, again: type[Grown] | tuple[()] = Grown) -> None:
    """Refuse a network in which another method put what the network cannot grow around.

    Args:
        backbone: the network.
        method: by its name, which wants the network to grow.
        again: what may have grown already: networks of this kind; () for none.

    Raises:
        InputError: naming what is in the way.
    """
    for each in backbone.modules():
        if isinstance(each, UNFIT) or (isinstance(each, Grown) and not isinstance(each, again)):
            raise InputError(
                f"{method} lets one network grow, and here is a {type(each).__name__} that another method put in "
                "place. Leave the other out"
            )


def refuse_narrow_rows(model: Classifier, method: str) -> None:
    """Refuse a head of which some rows read the features alone that there were before the network grew.

    Args:
        model: the network.
        method: by its name, which wants every row to read them all.

    Raises:
        InputError: naming how many rows read how much.
    """
    features = model.backbone.features
    for count, reads in zip(model.head.sizes, model.head.reads, strict=True):
        if reads < features:
            raise InputError(
                f"{method} wants all rows of the head to read all {features} features, and those of "
                f"{counted(count, 'class')} read the first {reads} alone, since the network grew. Go on with the "
                "method by which it grew, or with one that trains rows as they are"
            )


def let_new_rows_hear(model: Classifier, old: Classifier, targets: Tensor, draws: Generator | None = None) -> None:
    """Let rows of new classes read the new features too; old ones that arrive again get a correction from all.

    Rows of old classes themselves go on reading what they read. New columns and corrections begin at zero, so at first
    everything is said as without them.

    Args:
        model: whose backbone has grown, or has not; changed in place.
        old: its parent.
        targets: of the new data, (n,), counted as the model does.
        draws: of the columns of new rows at new features; the other columns then begin at zero. For features that say
            something from the beginning. None for others.
    """
    if isinstance(model.backbone, Grown):  # around a network without parameters, it could not tell where to be
        model.backbone.added.to(device=model.device, dtype=model.dtype)
    since, before = len(old.head.sizes), model.head.in_features
    model.head.widen(model.backbone.features, since, draws)
    if draws is not None and model.backbone.features > before:
        for rows in model.head.linears[since:]:
            rows.weight.detach()[:, :before] = 0
    model.head.correct([row for row in targets.unique().tolist() if row < len(old.classes)])


def names_of_old(model: Classifier, old: Classifier) -> set[str]:
    """Return the names, in a model that may have grown since, of all parameters that its parent has.

    Raises:
        InputError: when one of the backbone's is not there as it was, so that it cannot stand still.
    """
    since = sum(isinstance(each, Grown) for each in model.modules())
    since -= sum(isinstance(each, Grown) for each in old.modules())
    here = {name: parameter.shape for name, parameter in model.named_parameters()}
    names = {name: name.replace("backbone.", "backbone." + since * "inner.", 1) for name, _ in old.named_parameters()}
    for name, parameter in old.backbone.named_parameters(prefix="backbone"):
        if here.get(names[name]) != parameter.shape:
            raise InputError(
                f"'{name}' is to stand still, and a method of the chain made a larger network of what was there. One "
                "method lets a network grow: leave the other out"
            )
    return set(names.values())


def source(model: Classifier) -> Classifier:
    """Return a network as it was before it last grew, by the same modules: its classes, features and head.

    Where nothing old was trained it says, bit for bit, what the parent said.

    Raises:
        InputError: when it never grew, or what was there gets something from what is new.
    """
    if not isinstance(model.backbone, Grown):
        raise InputError("only a network that has grown has a source within it; this one never did")
    if model.backbone.crossed:
        raise InputError("what is new in this network goes into the old, which says nothing without it: no source")
    inner = model.backbone.inner
    head = model.head.within(inner.features)
    classes = model.classes[: head.out_features]
    tasks = None if model.tasks is None else model.tasks[: len(classes)]
    aliases = {name: meant for name, meant in model.aliases.items() if meant in classes}
    made = Classifier(inner, head, classes, tasks, model.mean, model.std, aliases)
    made.training = head.training = model.training
    return made
