"""Early layers stand still."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onward.context import Context
from onward.errors import InputError, hold, listed
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase


@dataclass(frozen=True)
class FreezeStem(Method):
    """Leave the first layers of the backbone as the parent has them, bit for bit, normalisation statistics too.

    What they compute of an image, edges and textures, serves whatever classes there are; the gradients of new classes
    only spoil it. Steps are cheaper too, as the backward pass ends where the stem does.

    Acts on:      which parameters move
    Keeps:        nothing
    Cost:         nothing; the stem's part of the backward pass is saved
    Needs:        a parent; without one it is the warm start;  scenarios: all; holds only the stem
    Status:       not measured: a part of ``sgm``

    Fields:
        share: of the backbone's parameters, counted as tensors from the input on, in [0, 1]. 0 is the warm start, bit
            for bit; 1 freezes all but the head.
        upto: the name of the last part of the backbone that stands still, such as ``layers.3``; counts instead of
            ``share`` where it is given. Papers: the last downsampling but one of a ConvNeXt [1].

    Example:
        >>> from onward.methods.freeze_stem import FreezeStem
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(FreezeStem(share=1.0), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old > free.old
        True

    Departures:
        1. ``share`` is ours; the papers name a layer.

    References:
        [1] Harun & Kanan 2024, "Overcoming the Stability Gap in Continual Learning", arXiv:2306.01904.
        [2] Yosinski et al. 2014, arXiv:1411.1792.
    """

    share: float = 0.5
    upto: str = ""

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"share must be in [0, 1]": 0 <= self.share <= 1}, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Take the stem out of every phase."""
        stem = set() if context.old is None else self.stem(model)
        for phase in phases:
            yield phase.only(lambda name: name not in stem) if stem else phase

    def stem(self, model: Classifier) -> set[str]:
        """Return the names of the parameters that stand still.

        Raises:
            InputError: when the backbone has no part of the name; with the names that it has.
        """
        names = [f"backbone.{name}" for name, _ in model.backbone.named_parameters()]
        if not self.upto:
            return set(names[: round(self.share * len(names))])
        inside = [k for k, name in enumerate(names) if name.startswith(f"backbone.{self.upto}.")]
        if not inside:
            parts = [name for name, part in model.backbone.named_modules() if name and list(part.parameters())]
            raise InputError(f"the backbone has no part '{self.upto}' with parameters; it has: {listed(parts)}")
        return set(names[: inside[-1] + 1])
