"""The refitted head is that of all examples at once, without any of them, and an example can be taken out again."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from sklearn.linear_model import Ridge
from tests.conformance.scenarios import SCENARIOS, clouds
from tests.methods.walks import FIRST, SECOND, SEED, SETTINGS, begun
from tests.reference.refit_head import refit_head as reference
from tests.reference.refit_head import slda

from onward.catalogue import parsed
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.refit_head import RefitHead
from onward.methods.scratch import Scratch
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.nets.random_features import RandomFeatures
from onward.nets.zoo import build, fresh
from onward.toy import two_blobs
from onward.types import Examples, subset

ALL = Examples(torch.cat([FIRST.inputs, SECOND.inputs]), torch.cat([FIRST.targets, SECOND.targets + 3]), tuple("abcde"))
HEAD = replace(SETTINGS, trains="head")


def head_of(learner):
    """Rows and biases, (c, d + 1)."""
    biases = torch.cat([block.bias for block in learner.model.head.linears])
    return torch.cat([learner.model.head.weight, biases[:, None]], dim=1).detach()


def frozen(method=None, seed=0):
    """A learner without classes, with a network as it was drawn."""
    return Learner(fresh("mlp", (4,), seed, width=12, depth=1), method or RefitHead())


def updated(learner, *portions):
    for new in portions:
        learner, record = update(learner, new, HEAD, SEED)
        assert record.cost.steps == 0
    return learner


@pytest.mark.parametrize("solve", ["least_squares", "discriminant", "nearest_mean"])
@pytest.mark.parametrize("mode", ["ridge", "paper"])
def test_portion_by_portion_it_is_the_head_of_all_data_at_once(mode, solve):
    method = RefitHead(solve=solve, mode=mode)
    apart, once = updated(frozen(method), FIRST, SECOND), updated(frozen(method), ALL)
    torch.testing.assert_close(head_of(apart), head_of(once), rtol=1e-6, atol=1e-7)
    for name in ("second", "sums", "counts"):
        torch.testing.assert_close(
            apart.kept[f"refit_head/{name}"], once.kept[f"refit_head/{name}"], rtol=1e-12, atol=0
        )


def test_the_order_of_arrival_makes_no_difference():
    one, other = updated(frozen(), FIRST, SECOND), updated(frozen(), SECOND, FIRST)
    places = [other.classes.index(name) for name in one.classes]
    torch.testing.assert_close(head_of(one), head_of(other)[places], rtol=1e-6, atol=1e-7)


def test_it_is_that_of_the_reference():
    learner = updated(frozen(), FIRST, SECOND)
    with torch.no_grad():
        expected = reference(learner.model.features(ALL.inputs), ALL.targets, 5, 0.01)
    torch.testing.assert_close(head_of(learner), expected.float(), rtol=1e-4, atol=1e-6)


def test_it_is_the_ridge_regression_of_scikit_learn():
    learner = updated(frozen(RefitHead(ridge=0.2, relative=False)), FIRST, SECOND)
    with torch.no_grad():
        features = learner.model.features(ALL.inputs).double().numpy()
    theirs = Ridge(alpha=0.2 * len(ALL)).fit(features, torch.eye(5)[ALL.targets].numpy())
    expected = torch.cat([torch.tensor(theirs.coef_), torch.tensor(theirs.intercept_)[:, None]], dim=1)
    torch.testing.assert_close(head_of(learner), expected.float(), rtol=1e-4, atol=1e-6)


def test_slda_is_that_of_a_stream_of_single_examples():
    """Its ε of (1 - ε) Σ + ε I is λ = ε / (1 - ε); of the logits what all classes share is left out, and 1 - ε."""
    learner = updated(frozen(parsed("slda")), FIRST, SECOND)
    order = torch.randperm(len(ALL), generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        features = learner.model.features(ALL.inputs)
        said = slda(features[order], ALL.targets[order], 5, 1e-4)(features)
        ours = learner.model.logits(features).double()
    torch.testing.assert_close(ours.log_softmax(1), said.log_softmax(1), rtol=2e-3, atol=2e-3)
    assert (ours.argmax(dim=1) == ALL.targets).double().mean() > 0.95


def test_the_nearest_mean_of_all_examples_is_the_class():
    learner = updated(frozen(parsed("nearest_mean")), FIRST, SECOND)
    with torch.no_grad():
        features = learner.model.features(ALL.inputs)
        means = torch.stack([features[ALL.targets == k].mean(dim=0) for k in range(5)])
        nearest = torch.cdist(features, means).argmin(dim=1)
        assert torch.equal(learner.model.logits(features).argmax(dim=1), nearest)
    assert (nearest == ALL.targets).double().mean() > 0.9


def test_what_is_summed_serves_either_solve_which_may_change_along_a_lineage():
    first = updated(frozen(RefitHead()), FIRST)
    other, _ = update(first, SECOND, HEAD, SEED, method=parsed("slda"))
    torch.testing.assert_close(head_of(other), head_of(updated(frozen(parsed("slda")), FIRST, SECOND)))


def test_a_head_without_biases_can_be_fitted_and_not_be_a_discriminant():
    backbone = frozen().model.backbone
    child, _ = update(Learner(Classifier(backbone, Head(12, bias=False)), RefitHead()), FIRST, HEAD, SEED)
    assert (child.predict(FIRST.inputs).logits.argmax(dim=1) == FIRST.targets).double().mean() > 0.9
    with pytest.raises(InputError, match=r"head was made without: take refit_head\(solve='least_squares'\), or"):
        update(Learner(child.model, parsed("slda"), child.kept), SECOND, HEAD, SEED)


def test_an_example_that_is_forgotten_might_never_have_been_there():
    gone = torch.arange(0, 90, 7)
    stays = torch.tensor([k for k in range(90) if k % 7])
    learner = updated(frozen(), FIRST)
    kept = learner.chain.forget(learner.kept, subset(FIRST, gone), learner.model)
    without = updated(frozen(), subset(FIRST, stays))
    for name, value in without.kept.items():
        torch.testing.assert_close(kept[name], value, rtol=1e-10, atol=1e-10)
    after = updated(Learner(learner.model, learner.method, kept), SECOND)
    torch.testing.assert_close(head_of(after), head_of(updated(without, SECOND)), rtol=1e-6, atol=1e-7)


def test_more_is_forgotten_than_was_seen_only_by_mistake():
    learner = updated(frozen(), subset(FIRST, torch.arange(0, 90, 18)))
    with pytest.raises(InputError, match="only examples that were added can be removed"):
        learner.chain.forget(learner.kept, FIRST, learner.model)


def test_the_first_update_trains_the_features_and_the_next_leaves_them():
    learner = begun(RefitHead())
    drawn = dict(begun(WarmStart()).model.named_parameters())
    child, record = update(learner, SECOND, SETTINGS, SEED)
    assert record.phases == () and child.classes == tuple("abcde")
    for name, parameter in child.model.named_parameters():
        if name.startswith("backbone"):
            assert torch.equal(parameter, learner.model.get_parameter(name))
            assert torch.equal(parameter, drawn[name])


def test_old_classes_are_known_as_well_after_new_ones_as_before():
    first, everything = updated(frozen(seed=1), FIRST), updated(frozen(seed=1), FIRST, SECOND)

    def right(learner):
        return (learner.predict(FIRST.inputs).logits[:, :3].argmax(dim=1) == FIRST.targets).float().mean().item()

    assert right(everything) >= right(first) - 0.05 and right(first) > 0.9


def test_a_parent_without_sums_is_refused_unless_all_its_classes_arrive():
    parent = begun(WarmStart())
    with pytest.raises(InputError, match=r"there are none of a, b, c: bring examples of these as well"):
        update(parent, SECOND, SETTINGS, SEED, method=RefitHead())
    child, _ = update(parent, clouds("abcde", 5), SETTINGS, SEED, method=RefitHead())
    assert child.classes == tuple("abcde")


def test_sums_of_features_that_are_gone_do_not_count():
    """A method before it that draws the network anew leaves none of what was summed."""
    learner = updated(frozen(), FIRST)
    with pytest.raises(InputError, match="there are none of a, b, c"):
        update(learner, SECOND, HEAD, SEED, method=Scratch() | RefitHead())


def test_random_features_take_the_place_of_the_backbones_own_and_travel():
    method = RefitHead(expansion=40)
    first = updated(frozen(method), FIRST)
    assert isinstance(first.model.backbone, RandomFeatures) and first.model.head.in_features == 40
    second = updated(first, SECOND)
    assert torch.equal(second.model.backbone.projection, first.model.backbone.projection)
    inner = first.model.backbone.inner(ALL.inputs)
    expected = (inner @ first.model.backbone.projection).clamp(min=0)
    assert torch.equal(first.model.features(ALL.inputs), expected)
    again = build(second.model.spec(), seed=9)
    again.load_state_dict(second.model.state_dict())
    assert torch.equal(again.eval()(ALL.inputs), second.model(ALL.inputs))


def test_random_features_separate_what_the_features_themselves_do_not():
    """Two classes, of which one lies around the other: no line parts them."""
    angles = torch.linspace(0, 6.28, 120)
    ring = torch.stack([angles.cos(), angles.sin()], dim=1)
    inputs = torch.cat([3 * ring, 0.5 * ring])
    data = Examples(inputs, (torch.arange(240) >= 120).long(), ("out", "in"))
    flat = Learner(fresh("mlp", (2,), seed=0, width=3, depth=1), RefitHead())
    plain, wide = (updated(Learner(flat.model, method), data) for method in (RefitHead(), RefitHead(expansion=300)))
    shares = [(each.model(inputs).argmax(dim=1) == data.targets).float().mean().item() for each in (plain, wide)]
    assert shares[1] > max(0.9, shares[0] + 0.1)


def test_random_features_want_a_backbone_that_stands_still():
    with pytest.raises(InputError, match='set trains = "head"'):
        begun(RefitHead(expansion=10))


@pytest.mark.parametrize("method", [RefitHead(), parsed("slda")], ids=["refit_head", "slda"])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_backbone_with_batch_norm_or_tasks_is_served(scenario, method):
    here = SCENARIOS[scenario]
    first, _ = update(Learner(here.net(), method), here.first, SETTINGS, SEED)
    child, _ = update(first, here.second, SETTINGS, SEED)
    assert all(bool(parameter.isfinite().all()) for parameter in child.model.parameters())


def test_slda_holds_what_is_old():
    for seed in (0, 1):
        after = two_blobs(parsed("slda"), seed)
        assert min(after.old, after.new) > 0.9


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"solve": "own"}, "solve must be one of .*, got 'own'"),
        ({"ridge": -1.0}, "ridge must be >= 0, got -1.0"),
        ({"mode": "own"}, "mode must be one of ridge, paper, got 'own'|mode must be one of paper, ridge, got 'own'"),
        ({"expansion": -1}, "expansion must be >= 0, got -1"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        RefitHead(**fields)
