"""Sums over features: by hand, as properties of any order and portion, and in what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from onward.errors import InputError
from onward.formulas import moments as module
from onward.formulas.moments import Moments, balancing, within_classes
from onward.rng import generator

D, C = 3, 4
few = settings(max_examples=25)
seeds, sizes = st.integers(0, 10_000), st.integers(0, 30)
FEATURES = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
TARGETS = torch.tensor([0, 1, 0])


def drawn(seed, n, c=C):
    """Features of d numbers, targets and weights, of which none is 0."""
    draws = generator(seed, "moments", str(n))
    features = 2 * torch.randn(n, D, generator=draws) + 1
    return features, torch.randint(c, (n,), generator=draws), torch.rand(n, generator=draws, dtype=torch.float64) + 0.1


def of(features, targets, weights=None, c=C):
    """The moments of examples that come at once."""
    moments = Moments.empty(features.shape[1], c)
    moments.add(features, targets, weights)
    return moments


def assert_same(one, two, atol=1e-11):
    for name, value in one.kept().items():
        torch.testing.assert_close(value, two.kept()[name], rtol=1e-12, atol=atol)


def test_by_hand():
    """Σ h hᵀ of (1, 2), (3, 4), (5, 6) is [[1 + 9 + 25, 2 + 12 + 30], [44, 4 + 16 + 36]]; class 0 has the outer two."""
    moments = of(FEATURES, TARGETS, c=3)
    assert moments.second.tolist() == [[35, 44], [44, 56]]
    assert moments.sums.tolist() == [[6, 8], [3, 4], [0, 0]]
    assert moments.counts.tolist() == [2, 1, 0] and moments.present.tolist() == [True, True, False]


def test_what_varies_within_classes_is_what_is_left_when_each_loses_its_mean():
    """Class 0 has (1, 2) and (5, 6) around (3, 4): 2 · 2² in every place; class 1 is one example."""
    moments = of(FEATURES, TARGETS, c=3)
    assert within_classes(*moments.kept().values()).flatten().tolist() == pytest.approx([8, 8, 8, 8])


def test_an_example_of_weight_3_counts_as_three():
    weights = torch.tensor([3.0, 1.0, 2.0])
    repeats = torch.tensor([0, 0, 0, 1, 2, 2])
    weighed, repeated = of(FEATURES, TARGETS, weights), of(FEATURES[repeats], TARGETS[repeats])
    assert all(torch.equal(weighed.kept()[name], value) for name, value in repeated.kept().items())


@few
@given(seeds, sizes, st.randoms(use_true_random=False), st.sampled_from([1, 2, 7, 1024]))
def test_neither_order_nor_portions_nor_blocks_matter(seed, n, random, block):
    features, targets, weights = drawn(seed, n)
    order = list(range(n))
    random.shuffle(order)
    cut = random.randint(0, n)
    portions = Moments.empty(D, C)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "BLOCK", block)
        for rows in (order[:cut], order[cut:]):
            portions.add(features[rows], targets[rows], weights[rows])
    assert_same(portions, of(features, targets, weights))


@few
@given(seeds, sizes, sizes, sizes)
def test_merging_is_as_if_all_examples_had_come_to_one_in_any_grouping(seed, first, second, third):
    portions = [drawn(seed + k, n) for k, n in enumerate((first, second, third))]
    a, b, c = (of(*portion) for portion in portions)
    together = of(*(torch.cat(parts) for parts in zip(*portions, strict=True)))
    assert_same(a.merged(b).merged(c), together)
    assert_same(a.merged(b.merged(c)), together)
    assert_same(b.merged(a), a.merged(b))


def test_merging_changes_neither_and_knows_the_classes_of_the_one_that_knows_more():
    few_classes, many = of(FEATURES, TARGETS, c=2), of(FEATURES, torch.tensor([4, 1, 4]), c=5)
    for both in (few_classes.merged(many), many.merged(few_classes)):
        assert both.counts.tolist() == [2, 2, 0, 0, 2]
        assert both.sums.tolist() == [[6, 8], [6, 8], [0, 0], [0, 0], [6, 8]]
        assert both.second.tolist() == [[70, 88], [88, 112]]
    assert few_classes.counts.tolist() == [2, 1] and few_classes.second.tolist() == [[35, 44], [44, 56]]
    assert many.counts.tolist() == [0, 1, 0, 0, 2]


@few
@given(seeds, sizes, sizes)
def test_what_is_removed_is_as_if_it_had_never_come(seed, stay, go):
    staying, going = drawn(seed, stay), drawn(seed + 1, go)
    moments = of(*going)
    moments.add(*staying)
    moments.remove(*going)
    assert_same(moments, of(*staying))
    assert torch.equal(moments.present, of(*staying).present)


@few
@given(seeds, sizes)
def test_nothing_is_left_of_a_class_all_of_which_is_removed_in_another_order(seed, n):
    """Sums of weights in two orders differ by rounding, which is no example."""
    features, targets, weights = drawn(seed, n)
    moments = of(features, targets, weights)
    for rows in torch.arange(n).flip(0).split(3):
        moments.remove(features[rows], targets[rows], weights[rows])
    assert all(not value.any() for value in moments.kept().values())


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_features_of_any_float_are_counted_as_exactly_as_float64(dtype):
    features, targets, _ = drawn(0, 40)
    narrow = of(features.to(dtype), targets)
    wide = of(features.to(dtype).double(), targets)
    assert all(torch.equal(value, wide.kept()[name]) for name, value in narrow.kept().items())
    assert narrow.second.dtype == torch.float64


def test_a_million_equal_examples_add_up_to_what_float64_can_tell():
    """A float is off by 2⁻⁵³ of itself at most, and so the sum of 2²⁰ by 2⁻³³; in float32 it would be by 2⁻⁴."""
    tenth = torch.tensor([[0.1]])
    moments = of(tenth.expand(2**20, 1), torch.zeros(2**20, dtype=torch.int64), c=1)
    assert moments.second.item() == pytest.approx(2**20 * tenth.item() ** 2, rel=2**-33)


def test_no_more_than_a_block_of_features_is_ever_held_in_float64(monkeypatch):
    largest = 0

    class Watch(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            nonlocal largest
            made = func(*args, **(kwargs or {}))
            for value in made if isinstance(made, tuple | list) else (made,):
                if isinstance(value, torch.Tensor) and value.dtype == torch.float64 and value.ndim == 2:
                    largest = max(largest, value.numel())
            return made

    monkeypatch.setattr(module, "BLOCK", 16)
    features, targets, weights = drawn(0, 500)
    moments = Moments.empty(D, C)
    with Watch():
        moments.add(features, targets, weights)
    assert largest == 16 * D


def test_features_in_training_leave_no_graph():
    moments = of(FEATURES.clone().requires_grad_(), TARGETS)
    assert not any(value.requires_grad for value in moments.kept().values())


def test_growing_copies_and_adds_classes_without_examples():
    before = of(FEATURES, TARGETS, c=2)
    after = before.grown(4)
    assert after.counts.tolist() == [2, 1, 0, 0] and after.sums[2:].tolist() == [[0, 0]] * 2
    after.add(FEATURES, torch.tensor([3, 3, 3]))
    assert before.second.tolist() == [[35, 44], [44, 56]] and after.second.tolist() == [[70, 88], [88, 112]]
    same = before.grown(2)
    same.add(FEATURES, TARGETS)
    assert before.counts.tolist() == [2, 1]


def test_what_was_kept_makes_the_same_moments_and_does_not_change_with_them():
    kept = of(FEATURES, TARGETS).kept()
    assert list(kept) == ["second", "sums", "counts"]
    moments = Moments.of({**kept, "of another": torch.zeros(1)})
    moments.add(FEATURES, TARGETS)
    assert kept["counts"].tolist() == [2, 1, 0, 0] and moments.counts.tolist() == [4, 2, 0, 0]
    assert kept["second"].tolist() == [[35, 44], [44, 56]]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ({"sums": None}, "no sums"),
        ({"sums": torch.zeros(4, 3).double()}, r"sums as float64 of shape \(4, 2\), got float64 of shape \(4, 3\)"),
        ({"second": torch.zeros(2, 3).double()}, r"second as float64 of shape \(3, 3\), got .* \(2, 3\)"),
        ({"counts": torch.zeros(4)}, r"counts as float64 of shape \(4,\), got float32 of shape \(4,\)"),
        ({"second": torch.full((2, 2), torch.nan).double()}, "second is not"),
    ],
)
def test_what_was_kept_and_does_not_fit_is_refused(kept, said):
    changed = {**of(FEATURES, TARGETS).kept(), **kept}
    with pytest.raises(InputError, match=said):
        Moments.of({name: value for name, value in changed.items() if value is not None})


@pytest.mark.parametrize("change", [Moments.add, Moments.remove])
@pytest.mark.parametrize(
    ("features", "targets", "weights", "said"),
    [
        (torch.ones(3, 5), TARGETS, None, r"floats of shape \(b, 2\), got float32 of shape \(3, 5\)"),
        (torch.ones(2), TARGETS, None, r"got float32 of shape \(2,\)"),
        (torch.ones(3, 2, dtype=torch.int64), TARGETS, None, "got int64"),
        (FEATURES, TARGETS[:2], None, r"3 features need as many int64 class ids, got int64 of shape \(2,\)"),
        (FEATURES, TARGETS.float(), None, "got float32"),
        (FEATURES, TARGETS[:, None], None, r"got int64 of shape \(3, 1\)"),
        (FEATURES / torch.tensor([1.0, 0.0]), TARGETS, None, "finite, and 3 of 3 are not"),
        (FEATURES.where(FEATURES != 3, torch.nan), TARGETS, None, "finite, and 1 of 3 are not"),
        (FEATURES, torch.tensor([0, 4, 7]), None, r"in \[0, 4\), got 4, 7; grow"),
        (FEATURES, torch.tensor([0, -1, 0]), None, r"got -1"),
        (FEATURES, TARGETS, torch.ones(2), r"weights of 0 or more, got float32 of shape \(2,\)"),
        (FEATURES, TARGETS, torch.tensor([1.0, -1.0, 1.0]), "1.0, -1.0, 1.0"),
        (FEATURES, TARGETS, torch.tensor([1.0, torch.inf, 1.0]), "inf"),
    ],
)
def test_examples_that_do_not_fit_are_refused_and_change_nothing(change, features, targets, weights, said):
    moments = of(FEATURES, TARGETS)
    with pytest.raises(InputError, match=said):
        change(moments, features, targets, weights)
    assert_same(moments, of(FEATURES, TARGETS), atol=0)


def test_more_than_a_class_has_cannot_be_removed():
    moments = of(FEATURES, TARGETS)
    with pytest.raises(InputError, match="class 1 weighs 1, and 2 would leave it"):
        moments.remove(FEATURES, torch.tensor([0, 1, 1]))
    assert_same(moments, of(FEATURES, TARGETS), atol=0)


def test_classes_only_grow_and_features_stay_as_many():
    moments = of(FEATURES, TARGETS)
    with pytest.raises(InputError, match="know 4 classes and cannot do with 3"):
        moments.grown(3)
    with pytest.raises(InputError, match="2 and 3 features"):
        moments.merged(Moments.empty(3, 4))


def test_no_examples_change_nothing():
    moments = of(FEATURES, TARGETS)
    moments.add(FEATURES[:0], TARGETS[:0])
    moments.remove(FEATURES[:0], TARGETS[:0], torch.ones(0))
    assert_same(moments, of(FEATURES, TARGETS), atol=0)


def test_balanced_examples_weigh_1_a_class_in_all():
    targets = torch.tensor([0, 2, 2, 0, 2, 5, 2])
    weights = balancing(targets, 7)
    assert weights.tolist() == [1 / 2, 0, 1 / 4, 0, 0, 1, 0]
    moments = of(torch.ones(7, 2), targets, weights[targets], c=7)
    assert moments.counts.tolist() == [1, 0, 1, 0, 0, 1, 0]


def test_the_three_must_fit_when_they_are_replaced():
    with pytest.raises(InputError, match="sums"):
        replace(of(FEATURES, TARGETS), counts=torch.zeros(9, dtype=torch.float64))
