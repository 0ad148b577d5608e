"""Which methods fit which scenario, and what is known to go wrong. The only place where that stands.

A method of another package has no entry, and nothing is said of it.
"""

from __future__ import annotations

from collections.abc import Mapping

from onward.catalogue import parsed
from onward.method import Chain, Method, chained, is_identity
from onward.preflight.facts import Preflight, Scenario

# Measured on the digits, 0-6 and then 7-9 (tests/preflight/test_fitness.py measures it again): accuracy on the old
# classes after ten epochs was 0.00 for each of these, and 0.83 with replay.
FORGETS = "nothing in it recalls the classes that did not arrive, and they will be forgotten"
# Kirkpatrick et al. 2017 hold weights, and no weight says that a new class is not an old one; van de Ven, Tuytelaars &
# Tolias 2022 (Nature Machine Intelligence 4) find EWC at chance in class-incremental learning.
HOLDS_WEIGHTS = (
    "near chance on old classes when new ones come without them: it holds old weights, and nothing teaches the new "
    "classes apart from the old"
)
# Li & Hoiem 2016 meant tasks with heads of their own; under one head the new rows outgrow the old (same survey).
HOLDS_ANSWERS = (
    "near chance on old classes when new ones come without them: it holds the parent's answers on the new examples, "
    "and none of those is of an old class"
)
# On the digits, 0-6 and then 7-9, accuracy on the old classes was 0.00 for these, too.
HOLDS_A_PART = (
    "near chance on old classes when new ones come without them: it holds a part of the network, and the rest moves"
)
# On the digits, 0-6 and then 7-9, accuracy on the old classes was 0.00 with 10 or 20 of each class kept, too.
ONLY_HINDERS = (
    "near chance on old classes when new ones come without them: it takes out of each step what goes against the "
    "examples it keeps, and takes no step towards them"
)
# On the digits, 0-6 and then 7-9, accuracy on the old classes was 0.08 after 8 epochs and 0.84 after 30, where that of
# a_gem was 0.00 still.
RECALLS_LATE = (
    "near chance on old classes for the first epochs after new ones come without them: the examples it keeps are asked "
    "only in steps that go against them; train for longer, where it holds them"
)
# On the digits, 0-6 and then 7-9, accuracy on the old classes was 0.23, and 0.91 after replay.
BRINGS_LEVEL = (
    "much is lost of old classes when new ones come without them: it brings both level, and nothing in it holds the "
    "old; put a method that does before it, as in replay | bic"
)
# The features may stay as they are: the head is free to call everything new.
HOLDS_FEATURES = (
    "near chance on old classes when new ones come without them: it holds the features, and nothing holds the head"
)
# On the digits, 0-6 and then 7-9, accuracy on the old classes was 0.00, and 0.95 where the head alone was trained.
DRAWS_THE_GONE = (
    "near chance on old classes when the whole network is trained at a usual rate: it draws features that they had, "
    'and these have moved; train the head alone (trains = "head"), where it holds them'
)
# It follows from what they do: the rows of new classes never meet an old example.
HOLDS_EXACTLY = (
    "near chance on old classes when new ones come without them: old logits stay to the bit, and nothing holds the new "
    "ones below them"
)
HOLDS_WITHOUT_EXAMPLES = f"{HOLDS_EXACTLY}, where it keeps no examples (size = 0)"
# On the digits, 0-6 and then 7-9, accuracy was 0.77 on the old classes and 0.27 on the new, and 0.91 and 0.74 behind
# replay.
SETS_NOTHING_APART = (
    "without a memory beside it nothing tells the new classes from the old, and many new examples go by old names; "
    "chain it to one, as er_ace does"
)
# Ash & Adams 2020; it is what the method does.
STARTS_ANEW = "it throws the old weights away, and what did not arrive is lost"
# On the digits from another scanner: 0.95 -> 0.90 on the old pages, and 0.95 with each method that holds the old.
DRIFTS = "nothing in it holds the old domain, and accuracy there will fall"

FAILS: Mapping[tuple[Scenario, str], str] = {
    ("new classes", "warm_start"): FORGETS,
    ("new classes", "shrink_and_perturb"): FORGETS,
    ("new classes", "dash"): FORGETS,
    ("new classes", "layer_decay"): FORGETS,
    ("new classes", "ace"): SETS_NOTHING_APART,
    ("new classes", "soft_targets"): FORGETS,
    ("new classes", "stable_sgd"): FORGETS,
    ("new classes", "sam"): FORGETS,
    ("new classes", "subspace_ensemble"): FORGETS,
    ("new classes", "two_step"): FORGETS,
    ("new classes", "batch_ensemble"): FORGETS,
    ("new classes", "vanilla_ensemble"): FORGETS,
    ("new classes", "net2net"): FORGETS,
    ("new classes", "freeze_old_rows"): HOLDS_A_PART,
    ("new classes", "freeze_stem"): HOLDS_A_PART,
    ("new classes", "least_squares"): FORGETS,
    ("new classes", "align_head"): DRAWS_THE_GONE,
    ("new classes", "a_gem"): ONLY_HINDERS,
    ("new classes", "bic"): BRINGS_LEVEL,
    ("new classes", "gem"): RECALLS_LATE,
    ("new classes", "ewc"): HOLDS_WEIGHTS,
    ("new classes", "l2_to_parent"): HOLDS_WEIGHTS,
    ("new classes", "mas"): HOLDS_WEIGHTS,
    ("new classes", "regmean"): HOLDS_WEIGHTS,
    ("new classes", "weight_average"): HOLDS_WEIGHTS,
    ("new classes", "si"): HOLDS_WEIGHTS,
    ("new classes", "feature_distillation"): HOLDS_FEATURES,
    ("new classes", "podnet"): HOLDS_FEATURES,
    ("new classes", "lwf"): HOLDS_ANSWERS,
    ("new classes", "ckca"): HOLDS_ANSWERS,
    ("new classes", "expanse"): HOLDS_WITHOUT_EXAMPLES,
    ("new classes", "progressive"): HOLDS_EXACTLY,
    ("new classes", "side_network"): HOLDS_EXACTLY,
    ("new classes", "scratch"): STARTS_ANEW,
    ("mixed", "warm_start"): FORGETS,
    ("mixed", "shrink_and_perturb"): FORGETS,
    ("mixed", "dash"): FORGETS,
    ("mixed", "layer_decay"): FORGETS,
    ("mixed", "ace"): SETS_NOTHING_APART,
    ("mixed", "soft_targets"): FORGETS,
    ("mixed", "stable_sgd"): FORGETS,
    ("mixed", "sam"): FORGETS,
    ("mixed", "subspace_ensemble"): FORGETS,
    ("mixed", "two_step"): FORGETS,
    ("mixed", "batch_ensemble"): FORGETS,
    ("mixed", "vanilla_ensemble"): FORGETS,
    ("mixed", "net2net"): FORGETS,
    ("mixed", "freeze_old_rows"): HOLDS_A_PART,
    ("mixed", "freeze_stem"): HOLDS_A_PART,
    ("mixed", "least_squares"): FORGETS,
    ("mixed", "align_head"): DRAWS_THE_GONE,
    ("mixed", "a_gem"): ONLY_HINDERS,
    ("mixed", "bic"): BRINGS_LEVEL,
    ("mixed", "gem"): RECALLS_LATE,
    ("mixed", "ewc"): HOLDS_WEIGHTS,
    ("mixed", "l2_to_parent"): HOLDS_WEIGHTS,
    ("mixed", "mas"): HOLDS_WEIGHTS,
    ("mixed", "regmean"): HOLDS_WEIGHTS,
    ("mixed", "weight_average"): HOLDS_WEIGHTS,
    ("mixed", "si"): HOLDS_WEIGHTS,
    ("mixed", "feature_distillation"): HOLDS_FEATURES,
    ("mixed", "podnet"): HOLDS_FEATURES,
    ("mixed", "lwf"): HOLDS_ANSWERS,
    ("mixed", "ckca"): HOLDS_ANSWERS,
    ("mixed", "expanse"): HOLDS_WITHOUT_EXAMPLES,
    ("mixed", "progressive"): HOLDS_EXACTLY,
    ("mixed", "side_network"): HOLDS_EXACTLY,
    ("mixed", "scratch"): STARTS_ANEW,
    ("shifted domain", "warm_start"): DRIFTS,
    ("shifted domain", "shrink_and_perturb"): DRIFTS,
    ("shifted domain", "dash"): DRIFTS,
    ("shifted domain", "layer_decay"): DRIFTS,
    ("shifted domain", "ace"): DRIFTS,
    ("shifted domain", "soft_targets"): DRIFTS,
    ("shifted domain", "stable_sgd"): DRIFTS,
    ("shifted domain", "sam"): DRIFTS,
    ("shifted domain", "subspace_ensemble"): DRIFTS,
    ("shifted domain", "two_step"): DRIFTS,
    ("shifted domain", "batch_ensemble"): DRIFTS,
    ("shifted domain", "vanilla_ensemble"): DRIFTS,
    ("shifted domain", "net2net"): DRIFTS,
    ("shifted domain", "freeze_old_rows"): DRIFTS,
    ("shifted domain", "freeze_stem"): DRIFTS,
    ("shifted domain", "least_squares"): DRIFTS,
    ("shifted domain", "bic"): DRIFTS,
    ("shifted domain", "scratch"): STARTS_ANEW,
    ("same classes", "scratch"): STARTS_ANEW,
}
"""What a method is known for in a scenario when it is alone, or among others that are known for as much."""

FITS: Mapping[Scenario, tuple[str, ...]] = {
    "first data": ("replay", "warm_start", "joint"),
    "same classes": ("warm_start", "ckca", "ewc", "lwf", "replay", "joint"),
    "new classes": ("replay", "lwf | replay", "refit_head", "joint"),
    "shifted domain": ("replay", "ewc | replay", "ewc", "lwf", "joint"),
    "mixed": ("replay", "lwf | replay", "refit_head", "joint"),
}
"""Chains of our methods that kept old and new on the digits; the one to try first is first, the oracle last.

``refit_head`` did so best of all, where it stood from the first update on: of a past without its sums it can't begin.
``ckca`` held most of CIFAR-100 where the same classes kept coming and none was kept: ``onward reproduce ckca``.
"""

UNPROTECTING = frozenset(
    {
        "warm_start",
        "scratch",
        "shrink_and_perturb",
        "dash",
        "least_squares",
        "layer_decay",
        "ace",
        "soft_targets",
        "stable_sgd",
        "sam",
        "subspace_ensemble",
        "two_step",
        "batch_ensemble",
        "vanilla_ensemble",
        "net2net",
        "bic",
    }
)
"""Methods that hold on to nothing of the past."""

HOLDS_BY = {
    "ewc": "fisher",
    "mas": "importance",
    "si": "importance",
    "regmean": "gram",
    "replay": "inputs",
    "der": "inputs",
    "gdumb": "inputs",
    "icarl": "inputs",
    "a_gem": "inputs",
    "joint": "inputs",
    "mc_sgd": "inputs",
    "subspace_connectivity": "inputs",
}
"""What a method must have kept to have any effect on the past."""


def names_in(method: Method) -> tuple[str, ...]:
    """Return the names of a chain's methods; the empty chain is the warm start."""
    chain: Chain = chained(method)
    return tuple(each.name for each in chain.methods if not is_identity(each)) or ("warm_start",)


def fitting(scenario: Scenario, exemplar_free: bool = False) -> tuple[str, ...]:
    """Return the chains of our methods that fit a scenario, as they are written; the one to try first is first.

    There is one for every scenario, whether examples may be kept or not.

    Args:
        scenario: of the arrival.
        exemplar_free: leave out the chains that keep examples.

    >>> fitting("new classes")
    ('replay', 'lwf | replay', 'refit_head', 'joint')
    """
    free = [text for text in FITS[scenario] if not any(each.keeps_examples for each in parsed(text).methods)]
    return tuple(free) if exemplar_free else FITS[scenario]


def failing(facts: Preflight, method: Method) -> dict[str, str]:
    """Return what the methods of a chain are known for when such data arrives; {} when one is not known to fail.

    Where every old class arrived and the domain is the old one, none of them is known to.
    """
    if not facts.missing and facts.scenario != "shifted domain":
        return {}
    names = names_in(method)
    known = {name: FAILS[facts.scenario, name] for name in names if (facts.scenario, name) in FAILS}
    return known if len(known) == len(set(names)) else {}
