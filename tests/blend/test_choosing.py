"""What is chosen on held-out data, against every mean that could have been."""

from __future__ import annotations

from itertools import combinations

import pytest
from tests.blend.worlds import TEST, elsewhere, kept, knowing, parts, trained
from tests.conformance.scenarios import clouds

from onward.blend.choosing import best_alpha, greedy_soup, tried
from onward.blend.connection import connection
from onward.blend.parts import parts_of
from onward.release.held_out import HeldOut
from onward.store.lineage import Lineage

SETS = (HeldOut("test", TEST, old=True), HeldOut("few", clouds("ab", 3), old=True))


def versions(folder, *seeds: int):
    """Versions with the same features, and heads that were never trained."""
    lineage = Lineage.create(folder)
    first = kept(lineage, knowing("a b c", seeds[0]))
    others = [kept(lineage, knowing("a b c", seed), first) for seed in seeds[1:]]
    return parts_of(parts(lineage, first, *others))


def test_the_best_alpha_is_that_of_the_line(tmp_path):
    both = versions(tmp_path, 1, 4)
    choice = best_alpha(both, SETS, points=11)
    profiles = connection(both, SETS, points=11).profiles
    means = [sum(pair) / 2 for pair in zip(*(each.accuracies for each in profiles), strict=True)]
    assert [each.accuracy for each in choice.tried] == pytest.approx(means)
    assert [each.weights[1] for each in choice.tried] == pytest.approx([k / 10 for k in range(11)])
    assert choice.chosen.accuracy == max(means) and 0 < choice.chosen.weights[1] < 1, "neither end is best here"


def test_sets_count_alike_whatever_their_sizes(tmp_path):
    both = versions(tmp_path, 1, 4)
    whole, *apart = (tried(both, (1, 1), sets) for sets in (SETS, SETS[:1], SETS[1:]))
    assert whole.accuracy == pytest.approx((apart[0].accuracy + apart[1].accuracy) / 2)
    assert whole.loss == pytest.approx((apart[0].loss + apart[1].loss) / 2) and whole.weights == (0.5, 0.5)


def test_of_equals_the_version_in_use_is_chosen(tmp_path):
    both = versions(tmp_path, 1, 1)
    assert best_alpha(both, SETS).chosen.weights == (1.0, 0.0)


@pytest.mark.parametrize("seeds", [(1, 2, 3, 4), (7, 5, 6)])
def test_a_greedy_soup_is_no_worse_than_the_best_alone_and_is_what_recipe_1_makes(tmp_path, seeds):
    several = versions(tmp_path, *seeds)
    count = len(seeds)

    def accuracy(members) -> float:
        return tried(several, [float(k in members) for k in range(count)], SETS).accuracy

    alone = {k: accuracy({k}) for k in range(count)}
    soup: set[int] = set()
    for k in sorted(alone, key=alone.get, reverse=True):  # recipe 1, literally
        if not soup or accuracy(soup | {k}) >= accuracy(soup):
            soup = soup | {k}
    choice = greedy_soup(several, SETS)
    assert {k for k, weight in enumerate(choice.chosen.weights) if weight} == soup
    assert set(choice.chosen.weights) <= {0.0, 1 / len(soup)}
    assert choice.chosen.accuracy >= max(alone.values())
    assert len(choice.tried) == 2 * count - 1, "each alone, and one mean for each but the best"
    every = [set(some) for size in range(1, count + 1) for some in combinations(range(count), size)]
    assert choice.chosen.accuracy <= max(map(accuracy, every))


def test_one_that_harms_is_left_out_and_equals_come_in(tmp_path):
    lineage = Lineage.create(tmp_path)
    good = kept(lineage, trained())
    twin = kept(lineage, trained(), good)
    harm = kept(lineage, elsewhere(knowing("a b c", 2, spread=50.0), 2), good)
    choice = greedy_soup(parts_of(parts(lineage, harm, good, twin)), SETS)
    alone = [each.accuracy for each in choice.tried[:3]]
    assert choice.chosen.weights == (0.0, 0.5, 0.5)
    assert alone[0] < alone[1] == alone[2] == choice.chosen.accuracy
