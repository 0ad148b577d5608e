"""Splits of rows and of classes: disjoint, covering, seeded, of the sizes that were asked for."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from onward.errors import InputError
from onward.rng import generator
from onward.streams.splits import dirichlet_sizes, even_sizes, grouped, ordered, split_rows, spread

cuts = st.integers(1, 8).flatmap(lambda parts: st.tuples(st.integers(parts, 120), st.just(parts)))
seeds = st.integers(0, 2**32)


@given(cuts)
def test_even_sizes_differ_by_one_at_most(cut):
    n, parts = cut
    sizes = even_sizes(n, parts)
    assert (len(sizes), sum(sizes)) == (parts, n)
    assert max(sizes) - min(sizes) <= 1


@given(cuts, st.floats(1e-3, 1e3), seeds)
def test_dirichlet_sizes_cover_and_leave_no_part_empty(cut, concentration, seed):
    n, parts = cut
    sizes = dirichlet_sizes(n, parts, concentration, generator(seed))
    assert (len(sizes), sum(sizes)) == (parts, n)
    assert min(sizes) >= 1


def test_dirichlet_shares_have_the_variance_of_their_concentration():
    # Var s_k of Dirichlet(α, …, α) over K parts is (K − 1) / (K² (Kα + 1)): 0.0125 for K = 4, α = 3.5.
    # 4000 draws: the standard error of the variance is below 3 % of it; 15 % is five of them.
    draws = generator(0, "variance")
    shares = torch.tensor([dirichlet_sizes(100_000, 4, 3.5, draws) for _ in range(4000)]) / 100_000
    assert shares.mean(0).tolist() == pytest.approx([0.25] * 4, abs=0.01)
    assert shares.var(0).tolist() == pytest.approx([0.0125] * 4, rel=0.15)


@given(cuts, seeds, st.booleans(), st.integers(1, 5))
def test_rows_are_split_into_disjoint_parts_that_cover(cut, seed, stratified, classes):
    n, parts = cut
    targets = torch.randint(classes, (n,), generator=generator(seed, "targets"))
    sizes = dirichlet_sizes(n, parts, 1.0, generator(seed, "sizes"))
    split = split_rows(targets, sizes, generator(seed, "rows"), stratified)
    assert [len(rows) for rows in split] == sizes
    assert torch.cat(split).sort().values.tolist() == list(range(n))
    again = split_rows(targets, sizes, generator(seed, "rows"), stratified)
    assert all(torch.equal(rows, same) for rows, same in zip(split, again, strict=True))


@given(cuts, seeds, st.integers(1, 5), st.booleans())
def test_stratified_parts_have_the_class_proportions_of_the_whole(cut, seed, classes, even):
    n, parts = cut
    targets = torch.randint(classes, (n,), generator=generator(seed, "targets"))
    sizes = even_sizes(n, parts) if even else dirichlet_sizes(n, parts, 1.0, generator(seed, "sizes"))
    of_class = torch.bincount(targets, minlength=classes)
    for size, rows in zip(sizes, split_rows(targets, sizes, generator(seed, "rows"), True), strict=True):
        share = size / n
        off = (torch.bincount(targets[rows], minlength=classes) - of_class * share).abs()
        assert off.max() <= 1 + (parts - 2) * share + 1e-9


def test_an_unstratified_split_does_not_look_at_the_targets():
    sizes, seed = [6, 4], 5
    one = split_rows(torch.zeros(10, dtype=torch.int64), sizes, generator(seed), False)
    other = split_rows(torch.arange(10), sizes, generator(seed), False)
    assert all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


def test_spread_puts_each_part_evenly_along_the_line():
    # Two of part 0 stand at 1/4 and 3/4 of the line, four of part 1 at 1/8, 3/8, 5/8 and 7/8.
    assert spread([2, 4]).tolist() == [1, 0, 1, 1, 0, 1]


def test_classes_that_do_not_divide_make_groups_equal_to_within_one():
    assert grouped("abcdefg", 3) == [("a", "b", "c"), ("d", "e"), ("f", "g")]


def test_a_part_that_would_be_empty_is_refused_with_the_counts():
    with pytest.raises(InputError, match="3 examples cannot fill 5 parts: 2 would be empty"):
        even_sizes(3, 5)
    with pytest.raises(InputError, match="3 examples cannot fill 5 parts"):
        dirichlet_sizes(3, 5, 1.0, generator(0))
    with pytest.raises(InputError, match="3 classes cannot fill 4 parts: 1 would be empty"):
        grouped("abc", 4)


def test_an_order_that_is_none_of_the_classes_is_refused_with_all_its_faults():
    with pytest.raises(InputError) as refused:
        ordered(("a", "b", "c"), ("a", "a", "d"))
    assert str(refused.value) == (
        "order must name each of the 3 classes once; missing: b, c; without examples: d; named twice: a"
    )
