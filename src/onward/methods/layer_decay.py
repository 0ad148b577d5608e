"""Lower learning rates for earlier layers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from onward.context import Context
from onward.errors import hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase


@dataclass(frozen=True)
class LayerDecay(Method):
    """Let later layers learn fast and earlier ones slowly.

    The rate of the k-th parameter, counted from 0 at the output backwards, is

        η_k = decayᵏ η                                                                    (program of [1])

    What early layers compute serves old classes and new ones; what late layers compute is what has to change. All rows
    of the head go at the full rate, however many times it has grown.

    Acts on:      the optimiser (learning rates)
    Keeps:        nothing
    Cost:         nothing
    Needs:        a parent; without one it is the warm start;  scenarios: all; holds nothing by itself
    Status:       not measured: a part of ``sgm``

    Fields:
        decay: in (0, 1]. 1 is the warm start, bit for bit. Papers: 0.9 a parameter [1], 0.65 to 0.95 a layer [2].

    Example:
        >>> from onward.methods.layer_decay import LayerDecay
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> slow, even = two_tilts(LayerDecay(decay=0.1), seed=0), two_tilts(WarmStart(), seed=0)
        >>> slow.old > even.old
        True

    Departures:
        1. Weight and bias of the head count as one place, and so does every block of it: [1] counts them apart.
        2. Rates are multiplied, not set: whatever schedule the run has, each parameter follows it at its pace.

    References:
        [1] Harun & Kanan 2024, "Overcoming the Stability Gap in Continual Learning", arXiv:2306.01904.
        [2] Howard & Ruder 2018, arXiv:1801.06146; Bao et al. 2022, arXiv:2106.08254.
    """

    decay: float = 0.9

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        hold({"decay must be in (0, 1]": 0 < self.decay <= 1}, vars(self))

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Give each parameter its pace."""
        if context.old is None or self.decay == 1:
            yield from phases
            return
        backbone = [name for name, _ in model.named_parameters() if not name.startswith("head.")]
        places = {name: k for k, name in enumerate(reversed(backbone), start=1)}
        for phase in phases:
            yield phase.paced(lambda name: self.decay ** places.get(name, 0))
