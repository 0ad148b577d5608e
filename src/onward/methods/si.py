"""Synaptic intelligence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from onward.context import Context, Scratch, part
from onward.errors import hold
from onward.formulas.path_integral import add_contributions, consolidated
from onward.importance import ANCHOR, Penalty, moving
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.phase import Phase
from onward.step import Step
from onward.types import Kept

KIND = "importance"


@dataclass(frozen=True)
class SI(Method):
    """Hold each parameter near its old value, the more it did for the loss while it was learned.

    With θ* the parameters after the last update, g the gradient of the loss in a step that moves θ by δ, and Δ the way
    from an update's beginning to its end:

        L(θ) = L_new(θ) + c Σ_i Ω_i (θ_i − θ*_i)²                                         (Eq. 4 of [1])
        ω_i = −Σ_steps g_i δ_i,   Ω_i ← γ Ω_i + ω_i / (Δ_i² + ξ)                          (Eqs. 3 and 5 of [1])

    What a parameter is worth is read off the steps that training takes anyway: no pass over the data is added.

    Acts on:      loss (one term, "si"); it also reads each gradient and each step
    Keeps:        importance/*, anchor/*: two numbers a parameter
    Cost:         per step O(parameters), and memory for three more copies of them
    Needs:        parameters that keep their names, an update of its own to look on;  scenarios: all;
                  class-incremental stays near chance
    Status:       matches its paper: as printed of it or above in ``hsu2018-split-mnist`` and ``der2020-mnist``

    Fields:
        strength: c >= 0. 0 is the warm start, bit for bit. Papers: 0.1 and 1 [1].
        damping: ξ > 0. Papers: 0.1 and 0.001 [1].
        decay: γ in [0, 1]. 1 sums all past importances.
        stable: under SGD hold no parameter harder than one step can undo: 2 c Ω_i is at most 1 / lr. Off, a large c
            makes SGD overshoot and diverge. AdamW's steps do not grow with the gradient and are left alone.

    Example:
        >>> from onward.methods.si import SI
        >>> from onward.methods.warm_start import WarmStart
        >>> from onward.toy import two_tilts
        >>> held, free = two_tilts(SI(), seed=0), two_tilts(WarmStart(), seed=0)
        >>> held.old - free.old > 0.05
        True

    Departures:
        1. g leaves out the pull of this penalty, as in [1]; much other code takes the whole gradient. Other terms and
           edits before it in a chain are part of g, weight decay and clipping are not.
        2. Ω is never less than 0, as in the program of [1]; by Eq. 5 it can be, and then drives parameters away.
        3. 2 c Ω_i is capped under SGD, see ``stable``; below the cap nothing changes.
        4. ω and Δ follow the steps of all phases but those that connect; what moves weights otherwise counts for
           neither. With ``patience`` they follow them to the last epoch, not to the best.
        5. In a subspace, and beside ``sam``, g is taken where the step looks; δ in the former is how the midpoint
           moves.

    References:
        [1] Zenke, Poole & Ganguli 2017, "Continual Learning Through Synaptic Intelligence", ICML, arXiv:1703.04200;
        code: ganguli-lab/pathint.
    """

    strength: float = 1.0
    damping: float = 0.1
    decay: float = 1.0
    stable: bool = True

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            "strength must be >= 0": self.strength >= 0,
            "damping must be > 0": self.damping > 0,
            "decay must be in [0, 1]": 0 <= self.decay <= 1,
        }
        hold(rules, vars(self))

    @property
    def penalty(self) -> Penalty:
        """Eq. 4, of which the curvature is twice c Ω."""
        return Penalty(self.name, KIND, 2 * self.strength, self.stable)

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Add the penalty to every phase, and follow those that do not connect what others have found."""
        anchor, way = part(context.kept, ANCHOR), None
        for phase, weights in self.penalty.on(phases, model, context.kept):
            if way is not None and phase.within is not None:
                yield phase
                continue
            free = {name: each for name, each in moving(model).items() if phase.trains(name)}
            way = Way(free, anchor, weights, context.scratch)
            yield phase.edited(way.steepness).followed(way.follow)
            if bool(way.begun):
                way.leave()

    def keep(self, model: Classifier, context: Context) -> Kept:
        """Add what each parameter did, and note where the parameters are."""
        done, moved = part(context.scratch, "done"), part(context.scratch, "moved")
        new = {name: torch.zeros_like(parameter) for name, parameter in moving(model).items()}
        for name in done.keys() & new.keys():
            new[name] = consolidated(done[name], moved[name], self.damping)
        kept = self.penalty.kept(model, new, context.kept, self.decay)
        return {name: each.clamp(min=0) if name.startswith(KIND) else each for name, each in kept.items()}


class Way:
    """The steps of one phase: what each parameter has done for the loss, and how far it has come.

    Args:
        parameters: that move, by name.
        anchor: θ* of the penalty, by name.
        weights: of the penalty, by name; {} where nothing is held.
        scratch: where all of it is held meanwhile, so that a phase that was broken off goes on from there.
    """

    def __init__(
        self, parameters: Mapping[str, Tensor], anchor: Kept, weights: Mapping[str, Tensor], scratch: Scratch
    ) -> None:
        """Note no place yet: another method may still move the model before the phase begins."""
        self.names, self.parameters, self.scratch = list(parameters), list(parameters.values()), scratch
        held = [place for place, name in enumerate(self.names) if name in weights]
        self.pulls = [(place, anchor[(name := self.names[place])].to(weights[name]), weights[name]) for place in held]
        self.gradients: list[Tensor] = []
        self.done, self.start, self.here = (self.noted(kind) for kind in ("done", "start", "here"))
        self.begun = scratch["way/begun"] = torch.zeros((), dtype=torch.bool)  # on the host, where it is read

    def noted(self, kind: str) -> list[Tensor]:
        """Return zeros for each parameter, which stand in the scratch."""
        zeros = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.scratch.update({f"way/{kind}/{name}": each for name, each in zip(self.names, zeros, strict=True)})
        return zeros

    @torch.no_grad()
    def steepness(self, step: Step) -> None:
        """Hold the gradient of the loss, without the pull of the penalty."""
        found = [torch.zeros_like(each) if each.grad is None else each.grad.clone() for each in self.parameters]
        for place, centre, weight in self.pulls:
            found[place].addcmul_(weight, self.parameters[place] - centre, value=-1.0)
        self.gradients = found

    @torch.no_grad()
    def follow(self, model: Classifier) -> None:
        """Add what a step has done; where a phase begins, only see where it does."""
        if self.gradients:
            add_contributions(self.done, self.gradients, self.here, self.parameters)
            self.gradients = []
        elif not self.begun:
            torch._foreach_copy_(self.start, self.parameters)
            self.begun.fill_(True)
        torch._foreach_copy_(self.here, self.parameters)

    def leave(self) -> None:
        """Add all that was found to what the phases before have left."""
        scratch = self.scratch
        for name, done, start, here in zip(self.names, self.done, self.start, self.here, strict=True):
            for kind, value in (("done", done), ("moved", here - start)):
                scratch[f"{kind}/{name}"] = scratch.get(f"{kind}/{name}", 0) + value
        for name in [name for name in scratch if name.startswith("way/")]:
            del scratch[name]
