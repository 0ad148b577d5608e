"""An ensemble in one network: members share their weights but for a factor of rank one in each layer."""

from __future__ import annotations

from dataclasses import dataclass

from onward.context import Context
from onward.errors import InputError, hold
from onward.method import Method
from onward.nets.classifier import Classifier
from onward.nets.ensemble import Ensemble
from onward.nets.fast_weights import FastWeights


@dataclass(frozen=True)
class BatchEnsemble(Method):
    """Divide each batch among n members that share the weights W of a layer, but each with factors r_i and s_i.

    For the examples X of the i-th member, with R and S of rows r_i and s_i:

        W_i = W ∘ (s_i r_iᵀ),   φ(((X ∘ R) W) ∘ S)                                      (Alg. 5 of [1])

    In training each member sees 1/n of a batch; prediction is the mean over all. It is cheap in memory; in [1] it
    forgets more than other ensembles.

    Acts on:      structure (once: factors around the layers of the backbone)
    Keeps:        nothing; the model has n (k + l) more numbers for a layer from k to l
    Cost:         two products with vectors a layer in training; n forward passes in prediction
    Needs:        linear layers or convolutions that see an example of the batch as one row;  scenarios: all; holds
                  nothing by itself
    Status:       matches its paper: as printed of it or above in ``doan2023-table6``, two streams

    Fields:
        members: n >= 1. 1 is the warm start, bit for bit. Papers: 2, better than 4 [1].
        spread: r and s are drawn from N(1, spread²). 0 leaves the parent's answers as they are. 0.1 is ours: on
            held-back data of Permuted MNIST it forgets less than 0.5, or 1.

    Example:
        >>> from onward.methods.batch_ensemble import BatchEnsemble
        >>> from onward.toy import two_tilts
        >>> after = two_tilts(BatchEnsemble(members=2), seed=0)
        >>> after.new > 0.9
        True

    Departures:
        1. [1] does not say how r and s begin. Ours: around 1, that members differ and a parent's answers stay near.
        2. The rows of the head are shared. So the mean of logits is the head on the mean of features, and a class that
           comes later gets a row as in any network.
        3. The bias of a layer is multiplied by s_i with the rest.
        4. Examples go to the members in turn, so that of what replay puts beside a batch each has its part.

    References:
        [1] Doan, Mirzadeh & Farajtabar 2023, "Continual Learning Beyond a Single Model", CoLLAs, arXiv:2202.09826.
        [2] Wen, Tran & Ba 2020, "BatchEnsemble: An Alternative Approach to Efficient Ensemble and Lifelong Learning",
        ICLR, arXiv:2002.06715.
    """

    members: int = 2
    spread: float = 0.1

    def __post_init__(self) -> None:
        """Refuse values outside their ranges."""
        rules = {"members must be >= 1": self.members >= 1, "spread must be >= 0": self.spread >= 0}
        hold(rules, vars(self))

    def prepare(self, model: Classifier, context: Context) -> Classifier:
        """Put the factors in place, once.

        Raises:
            InputError: when the network is an ensemble of another kind, or of another number of members.
        """
        if self.members == 1:
            return model
        inside = list(model.backbone.modules())
        there = [part.members for part in inside if isinstance(part, FastWeights)]
        if any(isinstance(part, Ensemble) for part in inside):
            raise InputError(
                "the network is an ensemble already; of vanilla_ensemble and batch_ensemble a lineage has one. Leave "
                "the other out"
            )
        if there and there != [self.members]:
            raise InputError(
                f"the network is a batch ensemble of {there[0]} members, and batch_ensemble asks for {self.members}; "
                f"set members to {there[0]}, or train anew"
            )
        if not there:
            seed = context.generator("factors").initial_seed()
            model.backbone = FastWeights(model.backbone, self.members, self.spread, seed)
        return model
