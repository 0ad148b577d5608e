"""GEM follows a gradient only so far as it raises the loss of no earlier update."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from tests.conformance.scenarios import clouds
from tests.conformance.specimens import differing
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    begun,
    grown,
    orders,
    regression,
    seen_by,
)
from tests.reference.gem import gem

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.a_gem import AGEM
from onward.methods.gem import GEM
from onward.methods.warm_start import WarmStart
from onward.phase import Mix, Phase
from onward.types import Examples, aligned

THIRD = clouds("fg", 6)


@cache
def after_two(method: GEM) -> Learner:
    """A learner of the classes a to e, of two updates."""
    return update(begun(method), SECOND, SETTINGS, SEED)[0]


def memories(learner: Learner) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The (x, y) of what is kept of each update."""
    return [(learner.kept[f"gem/{k}/inputs"], learner.kept[f"gem/{k}/targets"]) for k in range(2)]


@pytest.mark.parametrize(("margin", "ridge"), [(0.0, 0.0), (0.5, 0.0), (0.5, 0.3)])
@pytest.mark.parametrize("per_batch", [5, 100])
def test_fifty_steps_are_those_of_the_reference(per_batch, margin, ridge):
    """Of memories of 3 x 4 and 2 x 4 examples 5 each are dealt in each of the 5 steps of an epoch, or all are taken."""
    parent = after_two(GEM(size=4, per_batch=per_batch, margin=margin, ridge=ridge))
    child, record = update(parent, THIRD, SETTINGS, SEED)
    model, kept = grown(parent, THIRD), memories(parent)
    assert [len(y) for _, y in kept] == [12, 8]
    sets = [seen_by(model, THIRD), *(Examples(x, y, model.classes) for x, y in kept)]
    phase = Phase("train", sets[0], SETTINGS).aside(*(Mix.of(memory, per_batch) for memory in sets[1:]))
    every = [[(x.inputs[a], x.targets[a]) for x, a in zip(sets, rows, strict=True)] for rows in orders(phase)]
    projected = gem(model, [(new, old) for new, *old in every], **RATE, margin=margin, ridge=ridge)
    assert record.cost.steps == 50 and projected >= 10
    assert record.cost.samples == 10 * 60 + 50 * (min(per_batch, 12) + min(per_batch, 8))
    assert_same_parameters(child.model, model, grown(parent, THIRD))


def test_with_one_earlier_update_and_no_margin_it_is_a_gem():
    parent = begun(AGEM(size=4))
    kept = {name.replace("a_gem", "gem/0"): value for name, value in parent.kept.items()}
    ours, _ = update(Learner(parent.model, GEM(size=4, margin=0.0, ridge=0.0), kept), SECOND, SETTINGS, SEED)
    theirs, _ = update(parent, SECOND, SETTINGS, SEED)
    assert_same_parameters(ours.model, theirs.model, grown(parent))


def test_each_update_keeps_as_many_of_each_of_its_classes():
    learner = after_two(GEM(size=4))
    assert sorted(learner.kept) == [f"gem/{k}/{name}" for k in (0, 1) for name in ("inputs", "targets")]
    assert [y.bincount().tolist() for _, y in memories(learner)] == [[4, 4, 4], [0, 0, 0, 4, 4]]


def test_an_update_of_which_all_is_forgotten_has_no_say_and_its_place_is_not_taken_again():
    learner = after_two(GEM(size=4))
    kept = learner.chain.forget(learner.kept, aligned(FIRST, learner.classes), learner.model)
    assert sorted(kept) == ["gem/1/inputs", "gem/1/targets"]
    after, _ = update(Learner(learner.model, learner.method, kept), THIRD, SETTINGS, SEED)
    assert sorted({name.split("/")[1] for name in after.kept}) == ["1", "2"]


def test_what_is_forgotten_leaves_the_others_of_its_update():
    method, model = GEM(), regression(2, 3)
    kept = {"0/inputs": torch.arange(12.0).view(6, 2), "0/targets": torch.tensor([0, 0, 1, 1, 2, 2])}
    gone = Examples(kept["0/inputs"][1:3], kept["0/targets"][1:3], model.classes)
    assert method.forget(kept, gone, model)["0/targets"].tolist() == [0, 1, 2, 2]


def test_a_first_update_is_the_warm_start():
    assert differing(begun(GEM()).model.state_dict(), begun(WarmStart()).model.state_dict()) == []


@pytest.mark.parametrize("values", [{"size": -1}, {"per_batch": 0}, {"margin": -0.1}, {"ridge": -0.1}])
def test_values_outside_their_ranges_are_refused(values):
    with pytest.raises(InputError, match=f"{next(iter(values))} must be"):
        GEM(**values)
