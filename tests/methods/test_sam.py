"""SAM goes down the slope it finds uphill, from where it stands: steps, bill, statistics and flatness."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.engine.problems import bits, seeing
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
from tests.reference.sam import sam

from onward.engine.curvature import top_eigenvalues
from onward.engine.log import silent
from onward.engine.loop import Surroundings, run
from onward.engine.slope import Slope
from onward.engine.update import update
from onward.errors import InputError
from onward.methods.lwf import LwF
from onward.methods.sam import SAM
from onward.methods.subspace_ensemble import SubspaceEnsemble
from onward.methods.warm_start import WarmStart
from onward.nets.resting import recording
from onward.phase import Phase
from onward.rng import generator
from onward.step import Outputs, Step
from onward.types import Batch, Examples

SOME = Examples(torch.randn(9, 2, generator=generator(0, "x")), torch.arange(9) % 2, ("0", "1"))
STEEP = torch.tensor([[3.0, 0.5], [1.0, 2.0]])


def one_step(method, **settings):
    """A regression of ones, and what one step down 1/2 sum a w^2 makes of it, with what an edit saw."""
    model, seen = regression(2, 2, bias=False), []
    weight = model.head.blocks[0].weight
    torch.nn.init.ones_(weight)

    def parabola(step):
        return 0.5 * (STEEP * step.model.head.blocks[0].weight.square()).sum()

    plain = replace(SETTINGS, epochs=1, batch_size=9, momentum=0.0, lr=0.1, **settings)
    (phase,) = method.plan([Phase("train", SOME, plain, terms={"p": parabola})], model, context(SOME))
    phase = phase.edited(lambda step: seen.append((weight.detach().clone(), weight.grad.clone())))
    record = run(phase, model, Surroundings(0, None, None, silent), 0)
    return weight.detach(), seen, record


def test_one_step_on_a_parabola_by_hand():
    """At w = 1 the slope is a; at 1 + rho a / |a| it is a (1 + rho a / |a|); the step begins at 1."""
    weight, ((where, slope),), record = one_step(SAM(rho=0.4))
    above = STEEP * (1 + 0.4 * STEEP / STEEP.norm())
    torch.testing.assert_close(weight, 1 - 0.1 * above)
    torch.testing.assert_close(slope, above)
    assert torch.equal(where, torch.ones(2, 2))  # edits see the weights where the step begins, to the bit
    assert record.curve["p"] == (pytest.approx(STEEP.sum().item() / 2),)  # what is told is the loss there


def test_clipping_is_of_the_slope_above():
    weight, _, _ = one_step(SAM(rho=0.4), clip=0.01)
    assert (1 - weight).norm().item() == pytest.approx(0.1 * 0.01, rel=1e-3)


@pytest.mark.parametrize(("method", "eta"), [(SAM(rho=0.3), None), (SAM(rho=0.5, adaptive=True), 0.01)])
def test_fifty_steps_are_those_of_the_reference(method, eta):
    parent = begun(WarmStart())
    child, record = update(parent, SECOND, SETTINGS, SEED, method=method)
    model = grown(parent)
    sam(model, batches(seen_by(model)), method.rho, **RATE, eta=eta)
    assert record.cost.steps == 50
    assert_same_parameters(child.model, model, grown(parent))


def test_the_bill_counts_both_passes():
    parent = begun(WarmStart())
    _, once = update(parent, SECOND, SETTINGS, SEED)
    _, twice = update(parent, SECOND, SETTINGS, SEED, method=SAM())
    assert twice.cost.steps == once.cost.steps
    for count in ("samples", "forward_flops", "backward_flops"):
        assert getattr(twice.cost, count) == 2 * getattr(once.cost, count) > 0
    assert [phase.climbs for phase in (*once.phases, *twice.phases)] == [False, True]


def test_statistics_of_batch_norm_are_moved_once_by_the_first_pass():
    """Of one slope, with and without a climb, from the same weights on the same batch: the buffers end alike."""
    buffers = []
    for climb in (None, lambda parameters, slopes: [100 * slope for slope in slopes]):
        model = seeing("ab").model.train()
        phase = replace(Phase("train", SOME, SETTINGS), climb=climb)
        inputs = torch.rand(6, *model.backbone.shape, generator=generator(0, "images"))
        step = Step(model, Batch(inputs, torch.arange(6) % 2), torch.Generator())
        before = bits(dict(model.named_buffers()))
        slope = Slope(phase, list(model.parameters()))
        slope(step)
        assert bits(dict(model.named_buffers())) != before
        assert slope.samples == (6 if climb is None else 12)
        assert recording(model)  # and goes on to record
        buffers.append(bits(dict(model.named_buffers())))
    assert buffers[0] == buffers[1]


def test_the_parent_is_asked_once_for_both_passes():
    """The batch is the same, and so is what the parent says of it."""
    parent, asked = begun(WarmStart()), []
    model, inputs = grown(parent), SECOND.inputs[:5]

    def teacher():
        asked.append(inputs)
        with torch.no_grad():
            return Outputs(parent.model.features(inputs), parent.model(inputs))

    (phase,) = LwF().plan([Phase("train", SECOND, SETTINGS)], model, context(SECOND, old=parent.model))
    phase = replace(phase, climb=lambda parameters, slopes: slopes)
    Slope(phase, list(model.parameters()))(
        Step(model, Batch(inputs, torch.tensor([3, 3, 4, 4, 3])), torch.Generator(), teacher)
    )
    assert len(asked) == 1


def test_what_is_not_reached_by_the_loss_neither_moves_nor_counts():
    """A parameter without a gradient has no part in the climb."""
    model = regression(2, 2)
    bias = model.head.blocks[0].bias

    def slope_by_weight(step):
        return step.model.head.blocks[0].weight.sum()

    (phase,) = SAM().plan([Phase("train", SOME, SETTINGS, terms={"w": slope_by_weight})], model, context(SOME))
    before = bias.detach().clone()
    run(phase, model, Surroundings(0, None, None, silent), 0)
    assert torch.equal(bias.detach(), before)


@pytest.mark.parametrize("seed", [0, 1])
def test_it_ends_where_the_loss_bends_less(seed):
    """What it is for; plain descent beside it ends just as low."""
    plain, flat = (update(begun(WarmStart()), SECOND, SETTINGS, seed, method=m)[0] for m in (WarmStart(), SAM(rho=0.5)))
    sharpness = [top_eigenvalues(each.model, SECOND, k=1)[0] for each in (plain, flat)]
    assert sharpness[1] < 0.8 * sharpness[0]


@pytest.mark.parametrize("method", [SAM() | SubspaceEnsemble(), SubspaceEnsemble() | SAM()], ids=repr)
def test_in_a_subspace_each_look_climbs(method):
    parent = begun(WarmStart())
    _, once = update(parent, SECOND, SETTINGS, SEED, method=SubspaceEnsemble())
    child, twice = update(parent, SECOND, SETTINGS, SEED, method=method)
    assert twice.cost.samples == 2 * once.cost.samples
    assert all(bool(each.isfinite().all()) for each in child.model.parameters())


def test_two_of_them_are_refused_with_a_way_out():
    with pytest.raises(InputError, match=r"climbs already .* Leave the others out"):
        update(begun(WarmStart()), FIRST, SETTINGS, method=SAM() | SAM(rho=1.0))


def test_a_negative_radius_is_refused():
    with pytest.raises(InputError, match=r"rho must be >= 0, got -0.1"):
        SAM(rho=-0.1)
