"""Two-step training learns the clearest examples of each class first, and all of them then."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import Elsewhere, clouds
from tests.conformance.specimens import differing
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    begun,
    context,
    grown,
    regression,
    seen_by,
)
from tests.reference.two_step import lowest_loss, nearest_to_mean, two_step

from onward.engine.batches import epoch
from onward.engine.update import update
from onward.errors import InputError
from onward.method import Method
from onward.methods.joint import Joint
from onward.methods.least_squares import LeastSquares
from onward.methods.lwf import LwF
from onward.methods.refit_head import RefitHead
from onward.methods.replay import Replay
from onward.methods.subspace_connectivity import SubspaceConnectivity
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.methods.two_step import TwoStep
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.phase import Phase, in_head
from onward.rng import generator
from onward.types import Examples, aligned

LINE = Examples(
    torch.tensor([[0.0], [10.0], [2.0], [11.0], [7.0], [30.0]]), torch.tensor([0, 1, 0, 1, 0, 1]), ("low", "high")
)
"""The mean of ``low`` is 3, from which its 0, 2 and 7 are 3, 1 and 4 away; that of ``high`` is 17, from which its 10,
11 and 30 are 7, 6 and 13 away."""


def phases_of(method, data=LINE, settings=SETTINGS, old=None, model=None):
    """What becomes of one phase on ``data``."""
    model = model or regression(1, len(data.classes))
    return list(method.plan([Phase("train", data, settings)], model, context(data, old)))


def basics_of(method, data=LINE, old=None, model=None):
    """The inputs of the basics that a method finds, in order."""
    first, _ = phases_of(method, data, old=old, model=model)
    return first.data.take(torch.arange(len(first.data))).inputs


@pytest.mark.parametrize(
    ("each", "found"),
    [(1, [2.0, 11.0]), (2, [0.0, 10.0, 2.0, 11.0]), (3, LINE.inputs[:, 0].tolist()), (9, LINE.inputs[:, 0].tolist())],
)
@pytest.mark.parametrize("data", [LINE, Elsewhere(LINE)], ids=["in memory", "on disk"])
def test_basics_are_what_lies_nearest_the_mean_of_its_class_in_the_order_of_the_data(each, found, data):
    assert basics_of(TwoStep(per_class=each, basics_by="inputs"), data)[:, 0].tolist() == found


def test_of_two_that_lie_as_near_the_earlier_is_basic():
    data = replace(LINE, inputs=torch.tensor([[1.0], [5.0], [3.0], [5.0], [2.0], [5.0]]))
    first, _ = phases_of(TwoStep(per_class=1, basics_by="inputs"), replace(data, inputs=data.inputs.byte()))
    assert first.data.inputs[:, 0].tolist() == [5, 2] and first.data.inputs.dtype == torch.uint8


def doubled():
    """A parent whose features are the numbers modulo 10 of the inputs, and whose logits are minus and plus those."""

    class LastDigit(torch.nn.Module):
        def forward(self, inputs):
            return inputs.flatten(1) % 10

    head = Head(1, [2], bias=False)
    with torch.no_grad():
        head.blocks[0].weight.copy_(torch.tensor([[-1.0], [1.0]]))
    return Classifier(LastDigit(), head, ("low", "high")).eval()


def test_features_are_the_parents():
    """Those of ``high`` are 0, 1 and 0, their mean 1/3: 10 and 30 are nearest; those of ``low`` are the inputs."""
    assert basics_of(TwoStep(per_class=2), old=doubled())[:, 0].tolist() == [0.0, 10.0, 2.0, 30.0]


def test_by_loss_the_surest_are_basic():
    """On ``low`` the parent's loss is log(1 + e^(2h)), least at 0 and 2; on ``high`` log(1 + e^(-2h)), least at 11."""
    found = basics_of(TwoStep(per_class=2, basics_by="loss"), old=doubled())[:, 0].tolist()
    assert found == [0.0, 10.0, 2.0, 11.0]


def test_of_a_class_that_is_new_to_the_parent_the_loss_is_the_distance_of_features():
    """It knows ``low`` and ``high`` alone: of ``new``, with features 4, 9 and 3 of mean 5 1/3, 4 is nearest."""
    data = Examples(
        torch.tensor([[7.0], [1.0], [14.0], [9.0], [23.0]]), torch.tensor([0, 0, 2, 2, 2]), ("low", "high", "new")
    )
    assert basics_of(TwoStep(per_class=1, basics_by="loss"), data, doubled())[:, 0].tolist() == [1.0, 14.0]


def test_without_a_parent_basics_are_found_by_inputs():
    by_inputs = basics_of(TwoStep(per_class=2, basics_by="inputs"), FIRST)
    for rule in ("features", "loss"):
        assert torch.equal(basics_of(TwoStep(per_class=2, basics_by=rule), FIRST), by_inputs)


def test_a_merged_class_counts_as_what_it_means():
    """With ``high`` merged into ``low`` there is one class, of mean 10: 10 and 11 are nearest."""
    head = regression(1, 2).head
    merged = Classifier(doubled().backbone, head, ("low", "high"), aliases={"high": "low"})
    assert basics_of(TwoStep(per_class=2, basics_by="inputs"), model=merged)[:, 0].tolist() == [10.0, 11.0]


@pytest.mark.parametrize("rule", ["features", "loss", "inputs"])
def test_basics_are_those_of_the_reference(rule):
    parent, data = begun(WarmStart()).model, clouds("cba", 5)
    data = aligned(data, parent.classes)
    with torch.no_grad():
        features, logits = parent.features(data.inputs), parent(data.inputs)
    expected = {
        "features": lambda: nearest_to_mean(features, data.targets, 4),
        "inputs": lambda: nearest_to_mean(data.inputs, data.targets, 4),
        "loss": lambda: lowest_loss(logits, data.targets, 4),
    }[rule]()
    first, _ = phases_of(TwoStep(per_class=4, basics_by=rule), data, old=parent, model=parent)
    assert torch.equal(first.data.inputs, data.inputs[expected])


def test_the_first_step_goes_without_augmentation_and_weight_decay_and_the_second_is_as_it_was():
    settings = replace(SETTINGS, augment=("flip",), weight_decay=0.1, lr=0.2)
    method = TwoStep(per_class=2, basics_epochs=7, basics_rate=5.0, rate=0.5)
    first, second = phases_of(method, settings=settings)
    assert (first.name, second.name) == ("basics", "train")
    assert first.settings == replace(settings, augment=(), weight_decay=0.0, epochs=7, lr=1.0)
    assert second.settings == replace(settings, lr=0.1)
    assert second.data is LINE and len(first.data) == 4


def test_weight_is_how_often_a_basic_counts_in_the_second_step():
    _, second = phases_of(TwoStep(per_class=1, basics_by="inputs", weight=3))
    assert second.data.inputs[:, 0].tolist() == [*LINE.inputs[:, 0].tolist(), 2.0, 11.0, 2.0, 11.0]
    assert second.data.targets.tolist() == [*LINE.targets.tolist(), 0, 1, 0, 1]


@pytest.mark.parametrize("chain", [WarmStart(), Replay(size=20), LwF(), SubspaceEnsemble()], ids=repr)
def test_without_basics_it_is_the_update_without_it_bit_for_bit(chain):
    none = TwoStep(per_class=0, basics_epochs=50, basics_rate=9.0, rate=0.1, weight=4)
    parent = begun(chain)
    plain, _ = update(parent, SECOND, SETTINGS, SEED)
    for method in (none | chain, chain | none):
        child, record = update(parent, SECOND, SETTINGS, SEED, method=method)
        assert differing(child.model.state_dict(), plain.model.state_dict()) == []
        assert differing(child.kept, plain.kept) == []
        assert [phase.name for phase in record.phases] == ["train"]


def batches(phase, index):
    """The (x, y) of each step of a phase, by its place in the plan."""
    streams = [generator(SEED, "phase", index, phase.name, k, "batches") for k in range(phase.settings.epochs)]
    return [
        (phase.data.inputs[piece.rows], phase.data.targets[piece.rows])
        for draws in streams
        for (piece,) in epoch(phase, [phase.data], draws)
    ]


def test_all_steps_are_those_of_the_reference():
    """10 epochs over 2 x 6 basics in batches of 12, and 10 over 60 + 12: 10 x 1 and 10 x 6 steps."""
    method = TwoStep(per_class=6, basics_rate=2.0, rate=0.5, weight=2)
    parent = begun(method)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    model = grown(parent)
    new = seen_by(model)
    with torch.no_grad():
        rows = nearest_to_mean(parent.model.features(new.inputs), new.targets, 6)
    everything = torch.cat([torch.arange(60), torch.tensor(rows)])
    first, second = (
        Phase(name, Examples(new.inputs[each], new.targets[each], model.classes), SETTINGS)
        for name, each in (("basics", rows), ("train", everything))
    )
    two_step(model, batches(first, 0), batches(second, 1), 2 * RATE["lr"], 0.5 * RATE["lr"], RATE["momentum"])
    assert [phase.steps for phase in record.phases] == [10, 60]
    assert_same_parameters(child.model, model, grown(parent))


@pytest.mark.parametrize(
    ("other", "names"),
    [
        (Replay(size=20, per_batch=5), ["basics", "train"]),
        (LwF(), ["basics", "train"]),
        (SubspaceEnsemble(), ["basics", "train"]),
        (LeastSquares(), ["basics", "train"]),
        (SubspaceConnectivity(), ["basics", "train", "connect"]),
        (RefitHead(), []),
    ],
    ids=repr,
)
def test_in_a_chain_both_steps_are_the_other_methods_as_well_on_either_side(other, names):
    parent = begun(other)
    for method in (TwoStep(per_class=3) | other, other | TwoStep(per_class=3)):
        child, record = update(parent, SECOND, SETTINGS, SEED, method=method)
        assert [phase.name for phase in record.phases] == names
        assert all(bool(parameter.isfinite().all()) for parameter in child.model.parameters())
        if isinstance(other, Replay):
            assert [phase.mixed for phase in record.phases] == [5, 5]
        if isinstance(other, LwF):
            assert all("lwf" in phase.terms for phase in record.phases)


def test_after_joint_basics_are_chosen_among_all_data():
    parent = begun(Joint())
    _, record = update(parent, SECOND, SETTINGS, SEED, method=Joint() | TwoStep(per_class=3))
    assert [phase.examples for phase in record.phases] == [15, 150]


class Later(Method):
    """Puts a phase on features before the given one, and another after it."""

    def plan(self, phases, model, context):
        (phase,) = phases
        yield replace(phase, name="head", on_features=True).only(in_head)
        yield phase
        yield replace(phase, name="later")


def test_only_the_first_phase_on_examples_has_basics():
    model = regression(1, 2)
    given = Later().plan([Phase("train", LINE, SETTINGS)], model, context(LINE))
    names = [phase.name for phase in TwoStep(per_class=1).plan(given, model, context(LINE))]
    assert names == ["head", "basics", "train", "later"]


def test_tokens_have_no_mean_and_are_refused_by_inputs_with_a_way_out():
    tokens = replace(LINE, inputs=LINE.inputs.long())
    with pytest.raises(InputError, match=r"mean of the inputs, and these are of torch.int64, .* set per_class to 0"):
        phases_of(TwoStep(), tokens)
    assert len(basics_of(TwoStep(per_class=1), tokens, old=doubled())) == 2


@pytest.mark.parametrize(
    "values",
    [
        {"per_class": -1},
        {"basics_by": "hand"},
        {"basics_epochs": 0},
        {"basics_rate": 0.0},
        {"rate": 0.0},
        {"weight": 0},
    ],
)
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        TwoStep(**values)
