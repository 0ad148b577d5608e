"""The mean of a straight way is known; statistics are those of the mean, and the way itself stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import SCENARIOS, mlp
from tests.engine.problems import bits, images, seeing
from tests.methods.walks import (
    FIRST,
    RATE,
    SECOND,
    SEED,
    SETTINGS,
    assert_same_parameters,
    batches,
    begun,
    context,
    grown,
    regression,
    seen_by,
)
from tests.reference.weight_average import averaged

from onward.engine.log import silent
from onward.engine.loop import Surroundings, run
from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.net2net import Net2Net
from onward.methods.refit_head import RefitHead
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.methods.warm_start import WarmStart
from onward.methods.weight_average import WeightAverage
from onward.phase import Phase
from onward.rng import generator
from onward.types import Examples

SOME = Examples(torch.randn(9, 2, generator=generator(0, "x")), torch.arange(9) % 2, ("0", "1"))
SLOPE = torch.tensor([[3.0, 0.5], [-1.0, 2.0]])
STEPS = 20


def down_a_plane(method):
    """Where it ends, beside where it began: after t of 20 steps the way has led to -t lr a."""
    model = regression(2, 2, bias=False)
    weight = model.head.blocks[0].weight
    start = weight.detach().clone()

    def plane(step):
        return (SLOPE * step.model.head.blocks[0].weight).sum()

    settings = replace(SETTINGS, epochs=STEPS, batch_size=9, momentum=0.0, lr=0.1)
    for phase in method.plan([Phase("train", SOME, settings, terms={"plane": plane})], model, context(SOME)):
        run(phase, model, Surroundings(0, None, None, silent), 0)
    return weight.detach() - start


def test_with_decay_one_it_is_the_plain_mean_of_all_steps():
    """The mean of 1 ... 20 is 10.5."""
    torch.testing.assert_close(down_a_plane(WeightAverage(decay=1.0)), -10.5 * 0.1 * SLOPE)


def test_as_long_as_there_were_few_steps_all_of_them_count_alike():
    """With a decay of 0.95, 1 - 1/t is less for all t < 20 and equal at 20: it is the plain mean as well."""
    torch.testing.assert_close(down_a_plane(WeightAverage(decay=0.95)), -10.5 * 0.1 * SLOPE)


def test_after_that_it_is_the_exponential_mean():
    """With 0.5: m_1 = 1, m_2 = 1.5 and m_t = (m_{t-1} + t) / 2, which is t - 1 + 2^(1-t): 20 - 1 for t = 20."""
    expected = STEPS - 1 + 2.0 ** (1 - STEPS)
    torch.testing.assert_close(down_a_plane(WeightAverage(decay=0.5)), -expected * 0.1 * SLOPE)


MEAN, CORNERS = WeightAverage(decay=1.0), SubspaceEnsemble(spread=0.3)


@pytest.mark.parametrize("method", [MEAN | CORNERS, CORNERS | MEAN], ids=repr)
def test_in_a_subspace_it_is_the_mean_of_the_midpoints(method):
    """Down a plane the midpoint goes as one model would, wherever the steps look: the mean of 1 ... 20 again."""
    torch.testing.assert_close(down_a_plane(method), -10.5 * 0.1 * SLOPE)


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_the_share_is_the_parent_s_and_new_rows_stay(share):
    parent = begun(WarmStart())
    plain, _ = update(parent, SECOND, SETTINGS, SEED)
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=WeightAverage(decay=0.0, share=share))
    there, learned = dict(parent.model.named_parameters()), dict(plain.model.named_parameters())
    for name, parameter in child.model.named_parameters():
        expected = learned[name]
        if name in there:
            expected = (1 - share) * learned[name] + share * there[name]
        torch.testing.assert_close(parameter, expected)
    assert learned.keys() - there.keys() == {"head.blocks.1.weight", "head.blocks.1.bias"}


@pytest.mark.parametrize(("decay", "share"), [(0.9, 0.5), (1.0, 0.0)])
def test_fifty_steps_are_those_of_the_reference(decay, share):
    parent = begun(WarmStart())
    child, record = update(parent, SECOND, SETTINGS, SEED, method=WeightAverage(decay, share))
    model = grown(parent)
    averaged(model, parent.model, batches(seen_by(model)), decay, share, **RATE)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))


def test_training_goes_its_way_as_it_would():
    """What is minimised, and every value on the way, is the warm start's: the mean is beside it."""
    parent = begun(WarmStart())
    _, plain = update(parent, SECOND, SETTINGS, SEED)
    _, record = update(parent, SECOND, SETTINGS, SEED, method=WeightAverage())
    assert record.phases[0].curve == plain.phases[0].curve
    assert record.cost.samples == plain.cost.samples


@pytest.mark.parametrize("method", [WeightAverage(0.9, 0.0), WeightAverage(0.0, 0.5), WeightAverage(0.9, 0.5)])
def test_statistics_of_batch_norm_are_those_of_the_mean(method):
    """Of one batch, which all of the new data is here, they are the mean and variance of what comes to the norm."""
    here = SCENARIOS["byte images, batch norm"]
    parent, _ = update(Learner(here.net()), here.first, SETTINGS, seed=3)
    child, _ = update(parent, here.second, SETTINGS, SEED, method=method)
    norm = next(each for each in child.model.modules() if isinstance(each, torch.nn.BatchNorm2d))
    came = []
    norm.register_forward_pre_hook(lambda module, inputs: came.append(inputs[0]))
    with torch.no_grad():
        child.model(here.second.inputs)
    torch.testing.assert_close(norm.running_mean, came[0].mean(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(norm.running_var, came[0].var(dim=(0, 2, 3)), rtol=1e-4, atol=1e-5)


def test_statistics_that_did_not_move_stay():
    """Where the head alone is trained, nothing of the backbone is averaged or taken anew."""
    parent, head_alone = seeing("ab"), replace(SETTINGS, trains="head", epochs=2)
    child, _ = update(parent, images("ab"), head_alone, method=WeightAverage())
    before = bits(parent.model.backbone.state_dict())
    assert before and bits(child.model.backbone.state_dict()) == before


def test_each_phase_has_a_mean_of_its_own_and_the_next_begins_there():
    """Twice 20 steps down a plane: the plain mean is 10.5 after the first, and from there 10.5 on."""
    model, method = regression(2, 2, bias=False), WeightAverage(decay=1.0)
    weight = model.head.blocks[0].weight
    start = weight.detach().clone()
    settings = replace(SETTINGS, epochs=STEPS, batch_size=9, momentum=0.0, lr=0.1)
    phase = Phase("train", SOME, settings, terms={"plane": lambda step: (SLOPE * weight).sum()})
    for each in method.plan([phase, phase], model, context(SOME)):
        run(each, model, Surroundings(0, None, None, silent), 0)
    torch.testing.assert_close(weight.detach() - start, -21 * 0.1 * SLOPE)


def test_with_patience_the_mean_goes_on_to_the_last_epoch():
    """What is left is the mean of all steps, wherever the weights beside it were best."""
    parent, impatient = begun(WarmStart()), replace(SETTINGS, validation=0.2, patience=1, epochs=12, lr=1.0)
    one, record = update(parent, SECOND, impatient, SEED, method=WeightAverage(decay=1.0, share=0.0))
    losses = record.phases[0].validation
    assert losses.index(min(losses)) < len(losses) - 1  # the best epoch was not the last
    without = replace(impatient, patience=None, epochs=record.phases[0].epochs)
    other, _ = update(parent, SECOND, without, SEED, method=WeightAverage(decay=1.0, share=0.0))
    assert bits(dict(one.model.named_parameters())) == bits(dict(other.model.named_parameters()))


def test_without_a_step_nothing_is_averaged():
    parent = begun(RefitHead())
    plain, record = update(parent, SECOND, SETTINGS, SEED)
    child, _ = update(parent, SECOND, SETTINGS, SEED, method=RefitHead() | WeightAverage())
    assert record.phases == ()
    assert bits(child.model.state_dict()) == bits(plain.model.state_dict())


def test_the_first_update_has_no_parent_to_go_back_to():
    one, other = (update(Learner(mlp()), FIRST, SETTINGS, method=WeightAverage(share=s))[0] for s in (0.0, 1.0))
    assert bits(one.model.state_dict()) == bits(other.model.state_dict())


def test_a_network_that_has_grown_is_refused_before_training():
    with pytest.raises(InputError, match=r"^weight_average holds 'backbone.* is gone. .* leave weight_average out; "):
        update(begun(WarmStart()), SECOND, SETTINGS, method=Net2Net() | WeightAverage())
    grew, _ = update(begun(WarmStart()), SECOND, SETTINGS, method=Net2Net() | WeightAverage(share=0.0))
    assert all(bool(each.isfinite().all()) for each in grew.model.parameters())


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"decay": 1.5}, r"decay must be in \[0, 1\], got 1.5"),
        ({"share": -0.5}, r"share must be in \[0, 1\], got -0.5"),
    ],
)
def test_values_out_of_range_are_refused(fields, told):
    with pytest.raises(InputError, match=told):
        WeightAverage(**fields)
