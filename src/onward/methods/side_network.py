"""A small network beside a large one that stands still."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from onward.context import Context
from onward.errors import InputError, hold, listed
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.grown import Grown, let_new_rows_hear, names_of_old, new_features, refuse_unfit
from onward.nets.ladder import Ladder, taps_of
from onward.nets.side_by_side import SideBySide
from onward.phase import Phase

Form = Literal["ladder", "inputs"]
"""What the side network sees: what goes on in the large network, or its inputs."""


@dataclass(frozen=True)
class SideNetwork(Method):
    """Freeze the network and train a small one beside it, at each update with a parent.

    With x an input, h the features that there are and g the side network's:

        z_new = [h, g] V + c
        g = S(x)                                                                  (``inputs``: side-tuning [1])
        g = n(s_{k+1}),   s_1 = r(h_1 D_1),   s_i = r(μ_i s_{i-1} + (1 - μ_i) h_i D_i)   (``ladder``: LST [2])
        r(s) = s + φ(n(s) W_i + b_i),   μ_i = sigmoid(a_i / 0.1),   a_i = 0 at first

    Here h_1 .. h_k is what comes into ``rungs`` layers of the network, h_{k+1} = h, and n divides by the root mean
    square. Only the side network, V and c move; the network stands still, with norm statistics, no gradient goes
    through it, and rows of old classes read h alone. So the source, which ``onward.nets.grown.source`` takes out, says
    bit for bit what the parent said. An old class that arrives again gets a correction from h and g, which begins at
    zero and which the source leaves out.

    The next update puts a side network of its own there, and the one before stands still in turn.

    Acts on:      structure (at each update: a network beside the backbone); which parameters move
    Keeps:        nothing
    Cost:         the network's forward pass, and both passes through the side network; none back through the network
    Needs:        no other method that puts members or random features into the network; for ``inputs`` numbers or
                  images, no tokens;  scenarios: all; holds the answers among old classes, and needs examples beside it,
                  as of ``replay``, to hold new rows below them
    Status:       not measured: ``expanse-distant`` has it beside ``expanse``

    Fields:
        form: ``ladder`` or ``inputs``, as above.
        ratio: features of the side network, for each that the network had before it first grew, rounded up, > 0; where
            it has convolutions, up to a multiple of 16. Papers: 1 [1]; 1/8 [2].
        width: so many instead, where not None, >= 1.
        rungs: how many layers a ladder listens to besides the last features, >= 0; evenly spaced, the last among them.
            Papers: every block of a transformer, or 3 of 4 [2].

    Example:
        >>> from onward.methods.replay import Replay
        >>> from onward.methods.side_network import SideNetwork
        >>> from onward.toy import two_blobs
        >>> after = two_blobs(SideNetwork() | Replay(size=20), seed=0)
        >>> after.old > 0.9, after.new > 0.9
        (True, True)

    Departures:
        1. [1] adds: its program makes σ(α) h + (1 - σ(α)) g of equal widths, α = 0 at first and learned, and puts the
           task's rows on that. Here they have columns of their own for h and g: whatever is said of the blend can be
           said of both, g may be narrower, and old rows find h as it was. The program has this too (``concat``).
        2. In its program for classes of CIFAR-100 the side network has 4 convolutions and begins with trained weights,
           by their name (``fcn4-from-resnet44``) a distillate of the network. Here it is one of ours, three
           convolutions or two dense layers, and drawn.
        3. A side network of [2] is the transformer itself with every width divided, hears what comes out of its blocks,
           whole sequences, and begins with weights pruned from it by Fisher information; the large network's own head,
           frozen, reads it through a layer that widens. Here, as serves any network, it is a dense layer a rung on what
           comes into layers, means over maps and sequences; it is drawn, and its state goes to new rows beside h.
           Gates, their temperature and norms are those of [2], but for weights of the norms, which the next layer has.
        4. Tasks of [1] each read h and a side network of their own, tasks of [2] come one at a time; here rows of a
           later update read the side networks of earlier ones too, as ``dense`` in the program of [1] does.
        5. Columns of new rows at g begin at zero. Rows for old classes that arrive again are ours.

    References:
        [1] Zhang, Sax, Zamir, Guibas & Malik 2020, "Side-Tuning: A Baseline for Network Adaptation via Additive Side
        Networks", ECCV, arXiv:1912.13503; abstract and program, jozhang97/side-tuning.
        [2] Sung, Cho & Bansal 2022, "LST: Ladder Side-Tuning for Parameter and Memory Efficient Transfer Learning",
        NeurIPS, arXiv:2206.06522; abstract and program, ylsung/Ladder-Side-Tuning.
    """

    form: Form = "ladder"
    ratio: float = 0.5
    width: int | None = None
    rungs: int = 4

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {
            f"form must be one of {listed(get_args(Form))}": self.form in get_args(Form),
            "ratio must be > 0": self.ratio > 0,
            "width must be >= 1": self.width is None or self.width >= 1,
            "rungs must be >= 0": self.rungs >= 0,
        }
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Put a side network there, once there is a parent.

        Raises:
            InputError: when another method put members or random features into the network, or inputs are tokens.
        """
        if context.old is None:
            return model
        refuse_unfit(model.backbone, "side_network")
        example = context.new.take(torch.zeros(1, dtype=torch.int64)).inputs.to(model.device)
        model.backbone = self.beside(model, example, context.generator("added").initial_seed()).eval()
        let_new_rows_hear(model, context.old, context.new.targets)
        return model

    def beside(self, model: Classifier, example: Tensor, seed: int) -> Grown:
        """Return the backbone with a side network.

        Args:
            model: whose it is.
            example: one input, (1, *shape).
            seed: of the new weights.

        Raises:
            InputError: when a network of the inputs is wanted and they are tokens.
        """
        width = new_features(model.backbone, self.ratio, self.width)
        if self.form == "ladder":
            return Ladder(model.backbone, taps_of(model, example, self.rungs), width, seed)
        if not example.is_floating_point() and example.dtype != torch.uint8:
            raise InputError(
                f"a side network of the inputs wants numbers or images, and these are {example.dtype}, as tokens are; "
                "set form to ladder, which hears what the network makes of them"
            )
        return SideBySide(model.backbone, example.shape[1:], width, seed)

    def plan(self, phases: Iterable[Phase], model: Classifier, context: Context) -> Iterator[Phase]:
        """Hold the network still."""
        old = set() if context.old is None else names_of_old(model, context.old)
        for phase in phases:
            yield phase.only(lambda name: name not in old) if old else phase
