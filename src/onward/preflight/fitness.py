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

NEW_CLASSES: Mapping[str, str] = {
    "warm_start": FORGETS,
    "shrink_and_perturb": FORGETS,
    "dash": FORGETS,
    "layer_decay": FORGETS,
    "ace": SETS_NOTHING_APART,
    "soft_targets": FORGETS,
    "stable_sgd": FORGETS,
    "sam": FORGETS,
    "subspace_ensemble": FORGETS,
    "two_step": FORGETS,
    "batch_ensemble": FORGETS,
    "vanilla_ensemble": FORGETS,
    "net2net": FORGETS,
    "freeze_old_rows": HOLDS_A_PART,
    "freeze_stem": HOLDS_A_PART,
    "least_squares": FORGETS,
    "align_head": DRAWS_THE_GONE,
    "a_gem": ONLY_HINDERS,
    "bic": BRINGS_LEVEL,
    "gem": RECALLS_LATE,
    "ewc": HOLDS_WEIGHTS,
    "l2_to_parent": HOLDS_WEIGHTS,
    "mas": HOLDS_WEIGHTS,
    "regmean": HOLDS_WEIGHTS,
    "weight_average": HOLDS_WEIGHTS,
    "si": HOLDS_WEIGHTS,
    "feature_distillation": HOLDS_FEATURES,
    "podnet": HOLDS_FEATURES,
    "lwf": HOLDS_ANSWERS,
    "ckca": HOLDS_ANSWERS,
    "expanse": HOLDS_WITHOUT_EXAMPLES,
    "progressive": HOLDS_EXACTLY,
    "side_network": HOLDS_EXACTLY,
    "scratch": STARTS_ANEW,
}
SHIFTED_DOMAIN: Mapping[str, str] = {
    "warm_start": DRIFTS,
    "shrink_and_perturb": DRIFTS,
    "dash": DRIFTS,
    "layer_decay": DRIFTS,
    "ace": DRIFTS,
    "soft_targets": DRIFTS,
    "stable_sgd": DRIFTS,
    "sam": DRIFTS,
    "subspace_ensemble": DRIFTS,
    "two_step": DRIFTS,
    "batch_ensemble": DRIFTS,
    "vanilla_ensemble": DRIFTS,
    "net2net": DRIFTS,
    "freeze_old_rows": DRIFTS,
    "freeze_stem": DRIFTS,
    "least_squares": DRIFTS,
    "bic": DRIFTS,
    "scratch": STARTS_ANEW,
}

FAILS: Mapping[tuple[Scenario, str], str] = {
    **{("new classes", name): known for name, known in NEW_CLASSES.items()},
    **{("mixed", name): known for name, known in NEW_CLASSES.items()},
    **{("shifted domain", name): known for name, known in SHIFTED_DOMAIN.items()},
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


def holding(method: Method) -> tuple[Scenario, ...]:
    """Return the scenarios, after the first data, in which a chain is not known to lose what it was.

    >>> from onward.catalogue import parsed
    >>> holding(parsed("ewc")), holding(parsed("ewc | replay"))
    (('same classes', 'shifted domain'), ('same classes', 'new classes', 'shifted domain', 'mixed'))
    """
    names = names_in(method)
    later = [scenario for scenario in FITS if scenario != "first data"]
    return tuple(scenario for scenario in later if not all((scenario, name) in FAILS for name in names))


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
