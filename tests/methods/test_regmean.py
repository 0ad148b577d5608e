"""RegMean: two updates against least squares over the examples, layer by layer."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
import torch
from tests.conformance.scenarios import clouds, cnn, images
from tests.methods.walks import FIRST, SECOND, SEED, SETTINGS, begun
from tests.reference import regmean as reference
from torch import nn

from onward.engine.update import update
from onward.errors import InputError
from onward.learner import Learner
from onward.methods.expanse import Expanse
from onward.methods.regmean import RegMean
from onward.methods.warm_start import WarmStart

AGAIN = clouds("abc", 2, shift=1.0)
ALL = RegMean(examples=None)


def assert_met(child, wanted):
    """Hold the matrices of a model against others."""
    for ours, theirs in zip(reference.layers_of(child.model), wanted, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


def meeting(parent, learned, past, new, **how):
    """The matrices half way between two models; ``past`` is what went into each layer of the parent."""
    now = reference.inputs_of(learned.model, new.inputs)
    layers = zip(reference.layers_of(parent.model), reference.layers_of(learned.model), past, now, strict=True)
    return [reference.regression_mean(*each, **how) for each in layers]


@pytest.mark.parametrize("strength", [1.0, 0.3])
@pytest.mark.parametrize("correlation", [0.95, 0.5, 0.0])
def test_two_updates_meet_where_answers_change_least(strength, correlation):
    method = replace(ALL, strength=strength, correlation=correlation)
    parent = begun(method)
    child, _ = update(parent, AGAIN, SETTINGS, SEED)
    learned, _ = update(parent, AGAIN, SETTINGS, SEED, method=WarmStart())
    past = reference.inputs_of(parent.model, FIRST.inputs)
    assert_met(child, meeting(parent, learned, past, AGAIN, strength=strength, correlation=correlation))


def test_the_sums_run_along_a_lineage_each_at_the_weights_of_its_time():
    third = clouds("abc", 3, shift=-1.0)
    parent = begun(ALL)
    child, _ = update(parent, AGAIN, SETTINGS, SEED)
    grandchild, _ = update(child, third, SETTINGS, SEED)
    learned, _ = update(child, third, SETTINGS, SEED, method=WarmStart())
    each = (reference.inputs_of(parent.model, FIRST.inputs), reference.inputs_of(child.model, AGAIN.inputs))
    past = [torch.cat(both) for both in zip(*each, strict=True)]
    assert_met(grandchild, meeting(child, learned, past, third, correlation=0.9))
    assert grandchild.kept["regmean/examples"] == len(FIRST) + len(AGAIN) + len(third)


def test_what_has_decayed_counts_less():
    """With a decay of 0 what the parent keeps is the last update alone."""
    parent = begun(replace(ALL, decay=0.0))
    child, _ = update(parent, AGAIN, SETTINGS, SEED)
    alone, _ = update(Learner(child.model, ALL), AGAIN, replace(SETTINGS, steps=0), SEED)
    for name, values in child.kept.items():
        torch.testing.assert_close(values, alone.kept[name])


def test_a_sample_of_the_examples_stands_for_all_of_them():
    some, every = (begun(replace(ALL, examples=count)).kept for count in (89, None))
    assert some["regmean/examples"] == every["regmean/examples"] == len(FIRST) == 90
    for name, values in every.items():
        assert name == "regmean/examples" or not torch.equal(values, some[name])
        torch.testing.assert_close(values, some[name], rtol=0.1, atol=1.0)


def test_wide_layers_keep_diagonals_and_meet_by_them_whichever_side_has_them():
    narrow, wide = begun(ALL), begun(replace(ALL, widest=0))
    assert all(wide.kept[name].numel() < values.numel() for name, values in narrow.kept.items() if "gram" in name)
    ways = itertools.product({"narrow": narrow, "wide": wide}.items(), (ALL, replace(ALL, widest=0)))
    children = {
        (here, method.widest): update(parent, AGAIN, SETTINGS, SEED, method=method)[0]
        for (here, parent), method in ways
    }
    one, *others = (children[how] for how in (("wide", 0), ("wide", 2048), ("narrow", 0)))
    for other in others:
        for name, values in one.model.state_dict().items():
            torch.testing.assert_close(other.model.state_dict()[name], values)
        assert one.kept.keys() == other.kept.keys()
        assert all(values.shape == one.kept[name].shape for name, values in other.kept.items())


def test_rows_of_new_classes_stand_where_they_were_learned():
    parent = begun(ALL)
    child, _ = update(parent, SECOND, SETTINGS, SEED)
    learned, _ = update(parent, SECOND, SETTINGS, SEED, method=WarmStart())
    for kind in ("weight", "bias"):
        ours, theirs = (getattr(one.model.head.blocks[1], kind) for one in (child, learned))
        assert torch.equal(ours, theirs)
    assert not torch.equal(child.model.head.blocks[0].weight, learned.model.head.blocks[0].weight)


def test_norms_and_their_statistics_are_averaged_by_the_number_of_examples():
    first, second = images("abc", 1), images("de", 2)
    parent, _ = update(Learner(cnn(), RegMean()), first, SETTINGS, seed=3)
    child, _ = update(parent, second, SETTINGS, SEED)
    learned, _ = update(parent, second, SETTINGS, SEED, method=WarmStart())
    share = len(second) / (len(second) + len(first))
    there, before = learned.model.state_dict(), parent.model.state_dict()
    norms = [place for place, module in child.model.named_modules() if isinstance(module, nn.BatchNorm2d)]
    names = [f"{place}.{part}" for place in norms for part in ("weight", "bias", "running_mean", "running_var")]
    assert names
    for name in names:
        assert not torch.equal(there[name], before[name])
        torch.testing.assert_close(child.model.state_dict()[name], before[name] + share * (there[name] - before[name]))


def test_a_network_that_has_grown_is_refused():
    with pytest.raises(
        InputError, match=r"regmean kept 15 numbers of the inputs of 'backbone.layers.1', which is gone"
    ):
        update(begun(ALL), SECOND, SETTINGS, SEED, method=Expanse() | ALL)


@pytest.mark.parametrize(
    "wrong",
    [{"strength": -1}, {"correlation": 1.1}, {"correlation": -0.1}, {"decay": 2}, {"examples": 0}, {"widest": -1}],
)
def test_values_outside_their_ranges_are_refused(wrong):
    with pytest.raises(InputError, match=next(iter(wrong))):
        RegMean(**wrong)
