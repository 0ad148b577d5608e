"""What holds of chains: composition has an identity and is associative, and every pair of methods works."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest
import torch
from tests.conformance.cuts import in_pieces, untimed
from tests.conformance.scenarios import SCENARIOS, SETTINGS
from tests.conformance.specimens import SPECIMENS, bits, differing, life

from onward.context import part
from onward.errors import InputError
from onward.learner import Learner
from onward.method import Chain, Method
from onward.methods.warm_start import WarmStart

METHODS = {name: each.shown for name, each in SPECIMENS.items()}
GROWS = ("expanse", "net2net", "progressive", "side_network")
"""Methods that let the network grow."""

MOVES_AT_ONCE = ("dash", "gdumb", "joint", "scratch", "shrink_and_perturb", *GROWS)
"""Methods that leave the parent's features before the first step; what needs its past then has none, wherever it
stands: it looks when all have prepared."""

CHOOSES_THE_LOSS = ("ace", "icarl", "soft_targets", "vanilla_ensemble")
"""Methods that put a loss of their own in the place of the cross-entropy, for which there is one place; as
``align_head`` does in the phase that it adds, which those before it do not see, nor ``vanilla_ensemble``, for it is on
features."""

CHOOSES_THE_SUBSPACE = ("subspace_connectivity", "subspace_ensemble")
"""Methods whose steps move the corners of a subspace of their own; a phase can be in one."""

CLIMBS = ("sam",)
"""Methods that choose where a step's gradient is taken, of which a chain has one."""

PREDICTS = ("subspace_ensemble", "vanilla_ensemble")
"""Methods with a prediction of their own, of which a chain has one."""

ENSEMBLES = ("batch_ensemble", "vanilla_ensemble")
"""Methods that put members into the network."""

HOLDS_BY_NAME = ("ewc", "l2_to_parent", "mas", "regmean", "si", "weight_average")
"""Methods that hold parameters where the parent has them, which stand under other names once it has grown."""

NARROWS = ("expanse", "progressive", "side_network")
"""Methods that let the network grow beside rows that go on with the features that there were."""

NARROW_ROWS = r"^icarl wants all rows of the head to read all .* Go on with the method by which it grew, or .*$"
NO_PAST = r"^(refit_head|align_head) .*: bring .* this once, or take (least_squares|lwf, which needs none)$"
NO_PLACE = r"^the cross-entropy of phase .* has another loss in its place .*; leave one of them out$"
TWO_SUBSPACES = r"^phase .* moves within a subspace already; .* Leave the others out$"
TWO_CLIMBS = r"^each step of phase .* climbs already .* Leave the others out$"
TWO_ENSEMBLES = r"^the network is .* a lineage has one. Leave the other out$"
OTHER_NAMES = (
    r"^((ewc|mas|regmean|si) kept|(l2_to_parent|weight_average) holds) "
    r".* is gone. .*stands still anyway: leave \w+ out; .*$"
)
NOT_ONE_NETWORK = r"^(expanse|net2net|progressive|side_network) lets one network grow, .* Leave the other out$"
NOTHING_STANDS = r"^'.*' is to stand still, and .* a larger network of what was there\. .*: leave the other out$"
TWO_PREDICTIONS = r"^only one method of a chain may decide the prediction, got .*$"


def at_odds(m, n):
    """What a pair that cannot be is told, as a pattern; None for a pair that can."""
    if any(one in MOVES_AT_ONCE and SPECIMENS[other].needs_its_past for one, other in ((m, n), (n, m))):
        return NO_PAST
    if (m in NARROWS and n == "icarl") or (m == "icarl" and n in NARROWS):
        return NARROW_ROWS
    if m in PREDICTS and n in PREDICTS:
        return TWO_PREDICTIONS
    if m in ENSEMBLES and n in ENSEMBLES and m != n:
        return TWO_ENSEMBLES
    if (m in GROWS or n in GROWS) and not {m, n}.isdisjoint(ENSEMBLES):
        return NOT_ONE_NETWORK
    if m == "net2net" and n in GROWS and m != n:  # after which nothing stands still
        return NOTHING_STANDS
    if m in GROWS and n in ("expanse", "net2net") and m != n:  # which read a network as one graph
        return NOT_ONE_NETWORK
    if (m in GROWS or n in GROWS) and not {m, n}.isdisjoint(HOLDS_BY_NAME):
        return OTHER_NAMES
    if m in CLIMBS and n in CLIMBS:
        return TWO_CLIMBS
    if m in CHOOSES_THE_SUBSPACE and n in CHOOSES_THE_SUBSPACE:
        return TWO_SUBSPACES
    if m == "align_head" and n in ("ace", "icarl", "soft_targets"):
        return NO_PLACE
    return NO_PLACE if m in CHOOSES_THE_LOSS and n in CHOOSES_THE_LOSS else None


EVERY = {
    (m, n): pytest.param(METHODS[m] | METHODS[n], id=f"{m} | {n}") for m, n in itertools.product(METHODS, repeat=2)
}
PAIRS = [pair for names, pair in EVERY.items() if not at_odds(*names)]
AT_ODDS = [(pair, told) for names, pair in EVERY.items() if (told := at_odds(*names))]
each_method = pytest.mark.parametrize("name", METHODS)
each_pair = pytest.mark.parametrize("pair", PAIRS)
each_kind = pytest.mark.parametrize("scenario", ["new classes", "mixed, counted otherwise"])


@dataclass(frozen=True)
class Own(Method):
    """Has a prediction of its own: the opposite of the model's."""

    def predict(self, model, inputs, kept):
        return -model(inputs)


@each_method
@pytest.mark.parametrize("identity", [WarmStart(), Chain(), WarmStart() | Chain()], ids=repr)
def test_the_identity_changes_nothing_on_either_side(name, identity):
    method = METHODS[name]
    assert method | identity == identity | method == method | Chain()


def test_the_identity_is_the_empty_chain():
    assert WarmStart() | WarmStart() == Chain()


@each_method
@each_kind
def test_a_method_and_the_chain_of_it_are_the_same_update(name, scenario):
    method = METHODS[name]
    alone = life(method, scenario)
    for chain in (Chain((method,)), method | WarmStart()):
        assert differing(bits(life(chain, scenario).parent), bits(alone.parent)) == []
        assert differing(bits(life(chain, scenario).child), bits(alone.child)) == []


def test_composition_is_associative():
    for a, b, c in itertools.product(METHODS.values(), repeat=3):
        assert (a | b) | c == a | (b | c)


@each_pair
@each_kind
def test_every_pair_updates_to_the_same_finite_numbers_though_it_is_cut_and_leaves_its_parent(pair, scenario):
    parent, child, _, record = life(pair, scenario)
    before = bits(parent)
    again, in_all, _ = in_pieces(parent, SCENARIOS[scenario].second, SETTINGS, seed=4, every=3, lives=2)
    assert differing(bits(child), bits(again)) == []
    assert untimed(in_all) == untimed(record)
    assert differing(before, bits(parent)) == []
    assert all(bool(tensor.isfinite().all()) for tensor in bits(child).values())
    assert all(torch.tensor(values).isfinite().all() for p in record.phases for values in p.curve.values())
    inputs = SCENARIOS[scenario].second.take(torch.arange(8)).inputs
    assert child.predict(inputs).logits.shape == (8, len(child.classes))


@pytest.mark.parametrize(("pair", "told"), [pytest.param(p.values[0], told, id=p.id) for p, told in AT_ODDS])
@each_kind
def test_a_pair_at_odds_is_refused_with_a_way_out(pair, told, scenario):
    with pytest.raises(InputError, match=told):
        life(pair, scenario)


@each_pair
def test_what_each_of_a_pair_keeps_lies_under_its_own_name(pair):
    kept = life(pair, "new classes").child.kept
    keys = [key for key, _ in pair.named]
    alone = [life(method, "new classes").child.kept for _, method in pair.named]
    assert {name.partition("/")[0] for name in kept} <= set(keys)
    # Parameters may have other names then; of what is kept by these the kind is left.
    renamed = any(key in (*ENSEMBLES, *GROWS) for key in keys)
    for key, theirs in zip(keys, alone, strict=True):
        names = [part(kept, key).keys(), part(theirs, key.partition(".")[0]).keys()]
        ours, own = ({name.partition("/")[0] if renamed else name for name in each} for each in names)
        assert ours == own


@each_method
def test_the_memory_draws_the_same_whatever_stands_before_it(name):
    """A method's random streams bear its own name, so that another in the chain moves no draw."""
    replay = METHODS["replay"]
    alone, after = life(replay, "new classes").child, life(METHODS[name] | replay, "new classes").child
    assert differing(part(alone.kept, "replay"), part(after.kept, "replay")) == []


def test_one_owner_of_the_prediction_decides_it():
    parent = life(WarmStart(), "more data, dropout").parent
    inputs = SCENARIOS["more data, dropout"].second.take(torch.arange(8)).inputs
    for chain in (Own() | METHODS["ewc"], METHODS["replay"] | Own()):
        logits = Learner(parent.model, chain).predict(inputs).logits
        assert torch.equal(logits, -parent.predict(inputs).logits)


def test_two_owners_of_the_prediction_are_refused_by_name():
    parent = life(WarmStart(), "more data, dropout").parent
    inputs = SCENARIOS["more data, dropout"].second.take(torch.arange(8)).inputs
    with pytest.raises(InputError, match=r"only one method of a chain may decide the prediction.*test_chain_laws.*\.2"):
        Learner(parent.model, Own() | Own()).predict(inputs)
