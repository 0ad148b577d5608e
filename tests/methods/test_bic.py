"""BiC trains on all but what it holds out, and by that brings new rows of the head level with old ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, clouds
from tests.conformance.specimens import Onlooker, differing
from tests.methods.walks import RATE, SECOND, SEED, SETTINGS, batches, begun, grown, seen_by
from tests.reference.bic import bic
from tests.reference.descent import cross_entropy, descend

from onward.content import digests
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.bic import BiC
from onward.methods.joint import Joint
from onward.methods.replay import Replay
from onward.methods.two_step import TwoStep
from onward.methods.warm_start import WarmStart
from onward.nets.classifier import Classifier
from onward.nets.head import Head
from onward.types import Examples, subset


def held(learner: Learner) -> Examples:
    """What a learner holds out."""
    (key,) = [key for key, each in learner.chain.named if isinstance(each, BiC)]
    return Examples(learner.kept[f"{key}/inputs"], learner.kept[f"{key}/targets"], learner.classes)


def among(data, others) -> np.ndarray:
    """Which examples are also among others."""
    return np.isin(digests(data), digests(others))


@pytest.mark.parametrize("bias", [True, False])
def test_it_is_fifty_plain_steps_on_the_rest_and_the_correction_of_the_reference_in_the_rows(bias):
    method = BiC(ridge=0.2)
    plain = begun(WarmStart()).model
    start = Learner(Classifier(plain.backbone, Head(plain.head.in_features, bias=bias)), method)
    parent, _ = update(start, clouds("abc", 1), SETTINGS, seed=3)
    child, record = update(parent, SECOND, SETTINGS, SEED)
    assert record.cost.steps == 50
    model = grown(parent)
    every = seen_by(model)
    rest = subset(every, torch.from_numpy(~among(every, held(child))).nonzero()[:, 0])
    assert len(rest) == 60 - 2 * 5
    descend(model, lambda x, y: cross_entropy(model(x), y), batches(rest), **RATE)
    inputs, targets = held(child).inputs, held(child).targets
    with torch.no_grad():
        before, after = model(inputs), child.model(inputs)
    torch.testing.assert_close(after[:, :3], before[:, :3], rtol=1e-3, atol=1e-4)
    if bias:
        scale, shift = bic(before, targets, 3, 0.2)
        assert abs(scale - 1) + abs(shift) > 0.05
        torch.testing.assert_close(after[:, 3:], scale * before[:, 3:] + shift, rtol=1e-3, atol=1e-3)
    else:
        ratio = after[:, 3:] / before[:, 3:]
        torch.testing.assert_close(ratio, ratio[:1, :1].expand_as(ratio), rtol=1e-3, atol=1e-3)
        assert abs(float(ratio[0, 0]) - 1) > 0.05


@pytest.mark.parametrize(
    "before", [Replay(size=200, per_batch=8), Joint(), TwoStep(per_class=20)], ids=["replay", "joint", "two_step"]
)
def test_no_phase_of_any_update_sees_what_is_held_out(before):
    learner = Learner(SCENARIOS["new classes"].net(), before | BiC(size=4))
    for seed, names in enumerate(("abc", "de", "ad")):
        onlooker = Onlooker()
        watched = Learner(learner.model, learner.chain | onlooker, learner.kept)
        learner, _ = update(watched, clouds(names, seed), SETTINGS, seed)
        assert onlooker.seen
        for phase, *_ in onlooker.seen:
            for data in (phase.data, *(mix.data for mix in phase.mixes)):
                assert len(data) and not among(data, held(learner)).any()
    assert held(learner).targets.bincount().tolist() == [8, 4, 4, 8, 4]


def test_at_most_half_of_a_class_is_held_out_and_never_its_only_example():
    data = clouds("abc", 1)
    few = subset(data, torch.tensor([0, 30, 31, 32, *range(60, 90)]))
    learner, _ = update(Learner(SCENARIOS["new classes"].net(), BiC()), few, SETTINGS, SEED)
    assert held(learner).targets.bincount(minlength=3).tolist() == [0, 1, 5]
    alone, _ = update(Learner(SCENARIOS["new classes"].net(), BiC()), subset(data, torch.tensor([0, 30])), SETTINGS)
    assert alone.kept == {}


@pytest.mark.parametrize("scenario", ["task heads", "shifted domain, on disk", "more data, dropout"])
def test_where_no_new_class_is_compared_with_an_old_one_nothing_is_corrected(scenario):
    """As what is corrected hangs on ρ, and nothing else does."""
    here = SCENARIOS[scenario]
    first, _ = update(Learner(here.net(), BiC()), here.first, SETTINGS, seed=3)
    one, other = (update(first, here.second, SETTINGS, SEED, method=BiC(ridge=ridge))[0] for ridge in (0.01, 1.0))
    assert differing(one.model.state_dict(), other.model.state_dict()) == []


def test_where_nothing_of_the_old_is_held_out_nothing_is_corrected_either():
    parent = begun(WarmStart())
    one, other = (update(parent, SECOND, SETTINGS, SEED, method=BiC(ridge=ridge))[0] for ridge in (0.01, 1.0))
    assert differing(one.model.state_dict(), other.model.state_dict()) == []
    corrected = [update(begun(BiC()), SECOND, SETTINGS, SEED, method=BiC(ridge=ridge))[0] for ridge in (0.01, 1.0)]
    assert differing(*(each.model.state_dict() for each in corrected)) == ["head.blocks.1.bias", "head.blocks.1.weight"]


def test_beside_a_small_memory_it_brings_back_old_classes_that_new_ones_outgrew():
    def right(method):
        child, _ = update(begun(method), SECOND, SETTINGS, SEED)
        said = child.predict(clouds("abc", 9).inputs).logits.argmax(dim=1)
        return (said == clouds("abc", 9).targets).float().mean().item()

    memory = Replay(size=6, per_batch=1)
    assert right(memory | BiC()) > right(memory) + 0.02


@pytest.mark.parametrize("values", [{"size": -1}, {"ridge": 0.0}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        BiC(**values)
