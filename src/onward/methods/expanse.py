"""The network grows beside what it was, which stays as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from onward.context import Context
from onward.errors import hold, listed
from onward.memory.exemplars import recalled
from onward.memory.reservoir import at_most, passed_by, passed_by_without
from onward.method import Method
from onward.nets.begun_as_copies import begin_as_copies
from onward.nets.classifier import Classifier
from onward.nets.expanded import Expanded
from onward.nets.grown import let_new_rows_hear, names_of_old, refuse_unfit
from onward.nets.new_units import by_budget, by_ratio, by_units, each_of
from onward.phase import Phase
from onward.types import Data, Kept

Mode = Literal["triangular", "authors", "unfreeze"]
"""What of the old moves: nothing; all, and it hears the new units; or nothing at first and then all."""

NewUnits = Literal["drawn", "copied"]
"""How new units begin: at random, or as copies of old ones."""


@dataclass(frozen=True)
class Expanse(Method):
    """Give every layer new units beside its old ones, at each update with a parent.

    With h the old units of a layer and g the new ones, rows of a product:

        h' = φ(h W_oo + b_o),   g' = φ(h W_on + g W_nn + b_n)                     (``triangular``)
        h' = φ(h W_oo + g W_no + b_o),   g' as above                              (``authors``)

    In ``triangular`` W_oo and b_o stand still, with norm statistics, and rows of old classes read h alone. So the
    source, which ``onward.nets.grown.source`` takes out, says bit for bit what the parent said. Rows of new classes
    read both. An old class that arrives again gets a correction from both, which begins at zero and which the source
    leaves out.

    Acts on:      structure (at each update: units in every layer of the backbone); which parameters move; batches
    Keeps:        nothing; with ``size``, inputs, targets: so many examples in the form they came in; seen: one number
    Cost:         that of the larger network; where the old stands still no backward pass goes through it
    Needs:        a network of layers that can be widened, and no other method that puts members, random features or
                  other layers into it; leave to keep raw examples where ``size`` > 0;  scenarios: all; ``triangular``
                  holds the answers among old classes, and needs examples to hold new rows below them
    Status:       reconstruction: of an abstract and of programs that do otherwise; ``expanse`` tells what came of it

    Fields:
        mode: ``triangular``, what the authors meant; ``authors``, what they ran; or ``unfreeze``, a phase of
            ``triangular`` and then one in which everything moves.
        ratio: new units of a layer for each that it has, rounded up, >= 0. 0 adds none. Papers: 0.5-0.71 [1].
        units: so many in each layer instead, where not None; or so many in one layer after another, from the input on.
        budget: instead, the largest ratio at which the backbone gains at most so many parameters, where not None.
        new_units: ``drawn``, or ``copied`` from old units of their layer, each once; what is more is drawn. Copies read
            copies, and new rows begin on them alone. So a target is learned as by fine-tuning, at the side. Papers:
            drawn.
        size: the most source examples kept, >= 0. Papers: two thirds of the source, or a tenth [1].
        share: of each batch that comes from these, in [0, 1). Papers: 0.4, or 0.09 with a tenth [1].

    Example:
        >>> from onward.methods.expanse import Expanse
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(Expanse(size=20), seed=0)
        >>> after.old > 0.9, after.new > 0.9
        (True, True)

    Departures:
        1. In the programs of [1] nothing is frozen: the old weights lie in a corner of a larger network, W_no is
           random, and the source is rehearsed. Remarks there say that freezing was meant. ``authors`` is the first,
           ``triangular`` the second, with its form inferred: [1] shows neither equations nor layers but dense ones.
        2. New weights are drawn as torch draws a layer of all inputs, old and new; [1] draws from N(0, 0.05²), or as
           He et al. do. Columns of the head at new features begin at zero, but in ``authors``, where they are drawn.
        3. [1] mixes source and new data and passes over both; here ``share`` of each batch is of the source, and an
           epoch passes over the new data.
        4. The two-step training of [1] is a matter of data, and no part of this method.
        5. Rows for old classes that arrive again, ``units``, ``budget``, ``copied`` and ``unfreeze`` are ours.

    References:
        [1] Iman et al. 2022, "EXPANSE: A Deep Continual / Progressive Learning System for Deep Transfer Learning",
        arXiv:2205.10356, and its programs.
    """

    mode: Mode = "triangular"
    ratio: float = 0.5
    units: int | tuple[int, ...] | None = None
    budget: int | None = None
    new_units: NewUnits = "drawn"
    size: int = 0
    share: float = 0.4

    @property
    def keeps_examples(self) -> bool:  # ty: ignore[incompatible-property-override] - it does where it is told to
        """Whether what it keeps holds examples: where ``size`` allows some."""
        return self.size > 0

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            f"mode must be one of {listed(get_args(Mode))}": self.mode in get_args(Mode),
            "ratio must be >= 0": self.ratio >= 0,
            "units must be >= 0": self.units is None or all(each >= 0 for each in each_of(self.units)),
            "budget must be >= 0, and None where units is given": self.budget is None
            or (self.budget >= 0 and self.units is None),
            f"new_units must be one of {listed(get_args(NewUnits))}": self.new_units in get_args(NewUnits),
            "size must be >= 0": self.size >= 0,
            "share must be in [0, 1)": 0 <= self.share < 1,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Put new units beside the old, once there is a parent.

        Raises:
            InputError: when the network cannot be widened.
        """
        if context.old is None:
            return model
        crossed = self.mode == "authors"
        if added := self.added(model, crossed):
            seed = context.generator("added").initial_seed()
            model.backbone = Expanded(model.backbone, added, crossed, seed).eval()
            if self.new_units == "copied":
                begin_as_copies(model.backbone)
        columns = context.generator("columns")
        if crossed:
            model.head.widen(model.backbone.features, 0, columns)
        else:
            copied = self.new_units == "copied"
            let_new_rows_hear(model, context.old, context.new.targets, columns if copied else None)
        return model

    def added(self, model: Classifier, crossed: bool) -> dict[str, int]:
        """Return how many units each layer gains; none at all is {}.

        Raises:
            InputError: when something is in the network that a widening would tear apart.
        """
        none = self.ratio == 0 and self.budget is None if self.units is None else not any(each_of(self.units))
        if none:
            return {}
        refuse_unfit(model.backbone, "expanse", Expanded)
        if self.budget is not None:
            return by_budget(model.backbone, self.budget, crossed)
        if self.units is not None:
            return by_units(model.backbone, self.units)
        return by_ratio(model.backbone, self.ratio)

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Hold what is old still, and put examples of the source beside every batch."""
        memory = recalled(context.kept, model.classes) if self.size and self.share else None
        memory = None if memory is None else at_most(memory, self.size, context.generator("fewer"))
        old = set() if context.old is None else names_of_old(model, context.old)
        for phase in phases:
            if memory is not None:
                beside = round(self.share / (1 - self.share) * phase.settings.batch_size)
                phase = phase.mixed(memory, beside)
            if context.old is None or self.mode == "authors":
                yield phase
                continue
            yield phase.only(lambda name: name not in old)
            if self.mode == "unfreeze" and not phase.on_features:
                yield replace(phase, name="unfreeze")

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Let the new data pass by the reservoir."""
        if not self.size:
            return {}
        return passed_by(context.kept, context.new, self.size, context.generator("reservoir"))

    def forget(self, kept: Kept, gone: Data, model: Classifier) -> Kept:
        """Take the examples out of the memory; fewer have then passed by."""
        return passed_by_without(kept, gone)
