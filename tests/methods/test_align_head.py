"""The head is aligned by features that are drawn for all classes alike, and nothing else of the model moves."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from sklearn.linear_model import LogisticRegression
from tests.conformance.scenarios import clouds
from tests.conformance.specimens import Onlooker
from tests.methods.walks import FIRST, RATE, SECOND, SEED, SETTINGS, assert_same_parameters, begun, grown
from tests.reference.align_head import align_head as reference
from tests.reference.align_head import covariances, drawn

from onward.engine.batches import epoch
from onward.engine.evaluate import judge
from onward.engine.update import planned, update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.align_head import AlignHead, normalised
from onward.methods.joint import Joint
from onward.methods.lwf import LwF
from onward.methods.replay import Replay
from onward.methods.scratch import Scratch
from onward.methods.soft_targets import SoftTargets
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.identity import Identity
from onward.phase import Phase
from onward.rng import generator
from onward.settings import Settings
from onward.step import Step
from onward.types import Batch, Examples, subset

HEAD = replace(SETTINGS, trains="head")
SPREADS = ("shared", "full", "diagonal")
KEPT = {"shared": "second", "full": "second_by_class", "diagonal": "squares"}
each_spread = pytest.mark.parametrize("spread", SPREADS)


def plain(method=None, d=4):
    """A learner without classes whose features are its inputs."""
    return Learner(Classifier(Identity((d,)), Head(d)).eval(), method or AlignHead())


def updated(learner, *portions, settings=HEAD):
    for new in portions:
        learner, _ = update(learner, new, settings, SEED)
    return learner


def features(model, data):
    with torch.no_grad():
        return {name: model.features(data.inputs[data.targets == k]) for k, name in enumerate(data.classes)}


def phase_seen(learner, new, settings=HEAD):
    """The last phase of an update, as it ran."""
    onlooker = Onlooker()
    update(replace(learner, method=learner.method | onlooker), new, settings, SEED)
    return onlooker.seen[-1][0]


@each_spread
@pytest.mark.parametrize("temperature", [None, 0.5])
def test_it_goes_the_way_of_the_reference_where_everything_moves(spread, temperature):
    method = AlignHead(samples=12, epochs=3, covariance=spread, temperature=temperature, ridge=0.01, shrinkage=2.0)
    parent = begun(method)
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    theirs = update(begun(WarmStart()), SECOND, SETTINGS, SEED)[0].model
    before = features(parent.model, FIRST) | features(theirs, SECOND)
    found, data = covariances(before, spread, 0.01, 2.0), []
    for name in "abcde":
        noise = torch.randn(12, 8, dtype=torch.float64, generator=generator(SEED, "align_head", "samples", name))
        data.append(drawn(*found[name], noise))
    everything = Examples(torch.cat(data), torch.arange(5).repeat_interleave(12), tuple("abcde"))
    phase = Phase("align", everything, replace(SETTINGS, epochs=3))
    streams = [generator(SEED, "phase", 1, "align", k, "batches") for k in range(3)]
    rows = [pieces[0].rows for draws in streams for pieces in epoch(phase, [everything], draws)]
    steps = [(everything.inputs[each], everything.targets[each]) for each in rows]
    reference(theirs.head, steps, (3, 2), temperature, **RATE)
    assert_same_parameters(child.model, theirs, grown(parent))


def test_its_minimum_is_that_of_logistic_regression_on_what_was_drawn():
    settings = Settings(trains="head", epochs=1, batch_size=900, lr=0.2, momentum=0.9)
    learner = plain(AlignHead(samples=300, epochs=400, temperature=None, ridge=0.0), d=2)
    data = spread_out("abc", 200)
    parent, _ = update(learner, subset(data, data.targets < 2), settings, SEED)
    new = subset(data, data.targets == 2)
    seen = phase_seen(parent, new, settings).data
    child, _ = update(parent, new, settings, SEED)
    best = LogisticRegression(C=torch.inf, tol=1e-8, max_iter=1000).fit(seen.inputs.numpy(), seen.targets.numpy())
    expected = differences(torch.tensor(best.coef_).float())
    torch.testing.assert_close(differences(child.model.head.weight), expected, rtol=0.02, atol=0.02)


def test_with_a_shared_covariance_and_many_draws_its_minimum_is_linear_discriminant_analysis():
    """Of Gaussians with one Σ the true log-odds are linear, with Σ⁻¹ (μ_j - μ_k) for rows' difference."""
    settings = Settings(trains="head", epochs=1, batch_size=15_000, lr=0.2, momentum=0.9)
    learner = plain(AlignHead(samples=5000, epochs=200, temperature=None, ridge=0.0), d=2)
    data = spread_out("abc", 200)
    child = updated(learner, subset(data, data.targets < 2), subset(data, data.targets == 2), settings=settings)
    parts = [data.inputs[data.targets == k].double() for k in range(3)]
    sigma = sum((len(part) - 1) * part.T.cov() for part in parts) / (600 - 3)
    expected = torch.linalg.solve(sigma, torch.stack([part.mean(dim=0) for part in parts]).T).T.float()
    # The draws' own spread: some 1 / sqrt(5,000) of a coefficient of about 1, few times over.
    torch.testing.assert_close(differences(child.model.head.weight), differences(expected), rtol=0.05, atol=0.08)


def spread_out(names, n):
    """Overlapping correlated clouds in the plane, so that a softmax regression has a finite minimum."""
    centres = torch.tensor([[1.0, 0.0], [-1.0, 0.5], [0.0, -1.0]])
    targets = torch.arange(len(names)).repeat_interleave(n)
    noise = torch.randn(len(targets), 2, generator=generator(5, "noise")) @ torch.tensor([[1.0, 0.4], [0.0, 0.8]])
    return Examples(centres[targets] + noise, targets, tuple(names))


def differences(rows):
    """Rows less the first, which a softmax does not tell apart from the rows."""
    return (rows - rows[0]).detach()


@each_spread
def test_portion_by_portion_the_sums_are_those_of_all_data_at_once(spread):
    method = AlignHead(samples=4, covariance=spread)
    targets = torch.cat([FIRST.targets, SECOND.targets + 3])
    together = Examples(torch.cat([FIRST.inputs, SECOND.inputs]), targets, tuple("abcde"))
    apart, once = (updated(plain(method), *portions) for portions in ((FIRST, SECOND), (together,)))
    assert set(apart.kept) == {f"align_head/{name}" for name in (KEPT[spread], "sums", "counts", "drifted")}
    for name, value in once.kept.items():
        torch.testing.assert_close(apart.kept[name], value, rtol=1e-12, atol=1e-10)


def test_new_examples_of_an_old_class_count_beside_the_old_ones():
    more = clouds("ca", 9)
    learner = updated(plain(), FIRST, more)
    first, again = features(learner.model, FIRST), features(learner.model, more)
    for k, name in enumerate("abc"):
        every = torch.cat([first[name], again[name]]) if name in again else first[name]
        torch.testing.assert_close(learner.kept["align_head/sums"][k], every.double().sum(dim=0))
    assert learner.kept["align_head/counts"].tolist() == [60, 30, 60]


def test_every_class_is_drawn_equally_often_however_many_examples_came():
    few = subset(SECOND, torch.tensor([0, *range(30, 60)]))  # one of d, thirty of e
    phase = phase_seen(updated(plain(AlignHead(samples=7)), FIRST), few)
    assert phase.on_features and torch.bincount(phase.data.targets).tolist() == [7] * 5
    assert bool(phase.data.inputs.isfinite().all())
    d = phase.data.inputs[phase.data.targets == 3]
    assert (d - few.inputs[0]).norm(dim=1).mean() < 4, "around the one example that there is"


def test_old_classes_are_known_again_and_the_features_are_as_training_left_them():
    parent = begun(AlignHead())
    aligned, free = (update(parent, SECOND, HEAD, SEED, method=each)[0] for each in (AlignHead(), WarmStart()))
    assert judge(free, FIRST).accuracy < 0.5 < 0.9 < judge(aligned, FIRST).accuracy
    assert judge(aligned, SECOND).accuracy > 0.9
    for name, value in aligned.model.backbone.state_dict().items():
        assert torch.equal(value, free.model.backbone.state_dict()[name])


def test_the_first_update_has_no_old_rows_to_align():
    _, record = update(plain(), FIRST, HEAD, SEED)
    assert [phase.name for phase in record.phases] == ["train"]


def test_the_phase_is_the_run_s_but_for_epochs_and_rate_and_never_stops_early():
    parent = updated(plain(AlignHead(samples=6, epochs=3, lr=0.007)), FIRST)
    phase = phase_seen(parent, SECOND, replace(HEAD, validation=0.2, patience=1))
    assert phase.settings == replace(HEAD, validation=0.2, epochs=3, lr=0.007)
    plan = planned(parent, SECOND, HEAD, SEED)
    assert [(each.name, each.examples, each.planned, each.steps) for each in plan][1:] == [("align", 30, 9, 0)]


def test_an_example_that_is_forgotten_might_never_have_been_there():
    gone = torch.arange(0, 90, 7)
    stays = torch.tensor([k for k in range(90) if k % 7])
    learner = updated(plain(), FIRST)
    kept = learner.chain.forget(learner.kept, subset(FIRST, gone), learner.model)
    for name, value in updated(plain(), subset(FIRST, stays)).kept.items():
        torch.testing.assert_close(kept[name], value, rtol=1e-10, atol=1e-10)


def test_of_features_that_are_gone_no_example_can_be_taken_out_and_it_is_said_of_which_class():
    child = update(begun(AlignHead()), SECOND, SETTINGS, SEED)[0]
    assert child.kept["align_head/drifted"].tolist() == [True] * 3 + [False] * 2
    with pytest.raises(InputError, match=r"^align_head keeps sums over a, c of features .* train anew without them\.$"):
        child.chain.forget(child.kept, subset(FIRST, FIRST.targets != 1), child.model)
    known = Examples(SECOND.inputs[:5], SECOND.targets[:5] + 3, child.classes)
    assert child.chain.forget(child.kept, known, child.model)["align_head/counts"].tolist() == [30, 30, 30, 25, 30]


def test_a_class_once_drifted_stays_so_where_the_backbone_then_stands_still():
    moved = update(begun(AlignHead()), SECOND, SETTINGS, SEED)[0]
    after = update(moved, clouds("ae", 7), HEAD, SEED)[0]
    assert after.kept["align_head/drifted"].tolist() == [True] * 3 + [False] * 2


def test_a_parent_without_sums_is_refused_before_training_unless_all_its_classes_arrive():
    parent = begun(WarmStart())
    with pytest.raises(InputError, match=r"there are none of a, b, c: bring examples of these as well this once"):
        update(parent, SECOND, SETTINGS, SEED, method=AlignHead())
    child, _ = update(parent, clouds("abcde", 5), SETTINGS, SEED, method=AlignHead())
    assert child.classes == tuple("abcde")


@pytest.mark.parametrize("chain", [Scratch() | AlignHead(), AlignHead() | Scratch()], ids=repr)
def test_sums_of_features_that_are_gone_before_training_do_not_count(chain):
    with pytest.raises(InputError, match="there are none of a, b, c"):
        update(begun(AlignHead()), SECOND, SETTINGS, SEED, method=chain)


def test_sums_of_another_form_are_refused():
    with pytest.raises(InputError, match="sums for a full covariance are wanted, and those of a shared one are kept"):
        update(begun(AlignHead()), SECOND, SETTINGS, SEED, method=AlignHead(covariance="full"))


def test_a_merged_class_is_drawn_with_the_one_that_it_means():
    learner = updated(plain(AlignHead(samples=5)), FIRST)
    said = learner.model
    merged = Classifier(said.backbone, said.head, said.classes, aliases={"b": "a"}).eval()
    child = updated(replace(learner, model=merged), SECOND)
    assert child.kept["align_head/counts"].tolist() == [60, 0, 30, 30, 30]
    assert phase_seen(replace(learner, model=merged), SECOND).data.targets.unique().tolist() == [0, 2, 3, 4]
    assert all(bool(parameter.isfinite().all()) for parameter in child.model.parameters())


def test_methods_after_it_act_on_its_phase_too():
    parent = updated(plain(AlignHead(samples=6)), FIRST)
    told = update(parent, SECOND, HEAD, SEED, method=AlignHead(samples=6) | LwF())[1].phases[1]
    assert (told.name, told.terms, told.on_features) == ("align", ("cross_entropy", "lwf"), True)
    remembering = updated(plain(AlignHead(samples=6) | Replay(20, 4)), FIRST)
    assert [phase.mixed for phase in update(remembering, SECOND, HEAD, SEED)[1].phases] == [4, 4]


def test_a_method_after_it_that_chooses_the_loss_finds_it_chosen_unless_logits_are_left_as_they_are():
    parent = updated(plain(AlignHead(samples=6)), FIRST)
    with pytest.raises(InputError, match="the cross-entropy of phase 'align' has another loss in its place already"):
        planned(parent, SECOND, HEAD, SEED, method=AlignHead(samples=6) | SoftTargets())
    phases = planned(parent, SECOND, HEAD, SEED, method=AlignHead(samples=6, temperature=None) | SoftTargets())
    assert [phase.terms for phase in phases] == [("cross_entropy",)] * 2


def test_all_data_goes_beside_features_and_not_in_their_place():
    parent = updated(plain(AlignHead(samples=6) | Joint(start="parent")), FIRST)
    _, record = update(parent, SECOND, HEAD, SEED)
    assert [(phase.name, phase.examples) for phase in record.phases] == [("train", 150), ("align", 30)]


def test_off_it_still_counts_so_that_it_can_be_turned_on_later():
    learner = updated(plain(AlignHead(epochs=0)), FIRST, SECOND)
    child, record = update(learner, clouds("ab", 8), HEAD, SEED, method=AlignHead(samples=5))
    assert [phase.name for phase in record.phases] == ["train", "align"]
    assert child.kept["align_head/counts"].tolist() == [60, 60, 30, 30, 30]


def test_logits_are_normalised_by_the_mean_length_of_the_parts_that_came_together():
    """(3, 4 | 12): lengths 5 and 12, so the logits of the loss are z / (8.5 τ)."""
    model = Classifier(Identity((1,)), Head(1, (2, 1)), tuple("abc")).eval()
    with torch.no_grad():
        for block, rows in zip(model.head.linears, ([[3.0], [4.0]], [[12.0]]), strict=True):
            block.weight.copy_(torch.tensor(rows))
            block.bias.zero_()
    step = Step(model, Batch(torch.tensor([[1.0]]), torch.tensor([1])), torch.Generator())
    expected = -(torch.tensor([3.0, 4.0, 12.0]) / (0.1 * 8.5)).log_softmax(dim=0)[1]
    torch.testing.assert_close(normalised((2, 1), 0.1)(step), expected)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"samples": -1}, "samples must be >= 0, got -1"),
        ({"epochs": -1}, "epochs must be >= 0, got -1"),
        ({"covariance": "tied"}, "covariance must be one of shared, full, diagonal, got 'tied'"),
        ({"temperature": 0.0}, "temperature must be > 0 or left out, got 0.0"),
        ({"ridge": -1.0}, "ridge must be >= 0, got -1.0"),
        ({"shrinkage": -1.0}, "shrinkage must be >= 0, got -1.0"),
        ({"lr": 0.0}, "lr must be > 0 or left out, got 0.0"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        AlignHead(**fields)
