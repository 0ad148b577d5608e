"""Which versions can be averaged, and what the average has of each."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tests.blend.worlds import elsewhere, family, kept, knowing, parts

from onward.blend.parts import check_related, parts_of, related
from onward.catalogue import parsed
from onward.errors import InputError
from onward.nets.enlarged import enlarged
from onward.nets.larger_layers import read_copies
from onward.nets.zoo import fresh
from onward.store.lineage import Lineage
from onward.types import Examples

IMAGES = torch.randint(0, 256, (40, 1, 4, 4), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
PICTURES = Examples(IMAGES, torch.arange(40) % 2, ("a", "b"))


@pytest.fixture
def world(tmp_path):
    return family(tmp_path)


def network(seed: int):
    """A network with batch norm, trained nowhere."""
    model = fresh("cnn", (1, 4, 4), seed, width=2)
    model.grow(["a", "b"], seed)
    return model


@pytest.fixture
def pictured(tmp_path):
    lineage = Lineage.create(tmp_path)
    first = kept(lineage, network(0))
    return parts_of(parts(lineage, first, kept(lineage, network(1), first)))


def tensors(learner) -> dict[str, torch.Tensor]:
    return learner.model.state_dict()


def norm(learner) -> torch.nn.BatchNorm2d:
    return next(module for module in learner.model.modules() if isinstance(module, torch.nn.BatchNorm2d))


@pytest.mark.parametrize("turned", [False, True])
def test_either_end_of_the_line_is_that_version_to_the_bit(world, turned):
    lineage, first, child, _ = world
    ends = (child, first) if turned else (first, child)
    both = parts_of(parts(lineage, *ends))
    for alpha, version in zip((0.0, 1.0), ends, strict=True):
        own = lineage.load(version.id).model.state_dict()
        assert all(torch.equal(own[name], now) for name, now in tensors(both.between(alpha)).items())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_average_has_classes_method_and_memory_of_the_one_that_knows_most(world, order):
    lineage, first, _, last = world
    keeper = kept(
        lineage, elsewhere(lineage.load(last.id).model, 5), last, method="replay(size=9)", keeps={"replay/x": IMAGES}
    )
    both = parts_of([parts(lineage, first, keeper)[place] for place in order])
    made = both.learner((0.5, 0.5))
    assert both.frame.version.id == keeper.id
    assert made.classes == ("a", "b", "c", "d") and made.chain == parsed("replay(size=9)")
    assert torch.equal(made.kept["replay/x"], IMAGES)


def test_of_those_that_know_the_same_it_is_the_youngest_wherever_it_stands(world):
    lineage, first, child, _ = world
    for order in ((first, child), (child, first)):
        assert parts_of(parts(lineage, *order)).frame.version.id == child.id


def test_a_class_that_was_renamed_meanwhile_is_the_same_class(world):
    lineage, first, _, _ = world
    renamed = knowing("a b see", 4)
    renamed.aliases = {"c": "see"}
    later = kept(lineage, renamed, first)
    for order in ((first, later), (later, first)):
        both = parts_of(parts(lineage, *order))
        assert both.learner((0.5, 0.5)).classes == ("a", "b", "see")


def test_statistics_are_averaged_unless_there_are_examples_to_take_them_from(pictured):
    one, two = (part.learner for part in pictured.parts)
    for place, own in enumerate((one, two)):
        norm(own).running_mean.fill_(float(place))
    assert pictured.done_about_statistics == "interpolated"
    torch.testing.assert_close(norm(pictured.between(0.25)).running_mean, torch.full((2,), 0.25))
    anew = replace(pictured, statistics=PICTURES)
    assert anew.done_about_statistics == "anew"
    middle = norm(anew.between(0.5))
    convolution = next(m for m in anew.between(0.5).model.modules() if isinstance(m, torch.nn.Conv2d))
    with torch.no_grad():
        into = convolution(IMAGES.float() / 255)
    torch.testing.assert_close(middle.running_mean, into.mean((0, 2, 3)))
    assert torch.equal(norm(anew.between(0.5)).running_var, middle.running_var), "the same examples each time"


def test_where_the_weights_are_the_same_no_statistics_move(tmp_path):
    lineage = Lineage.create(tmp_path)
    first = kept(lineage, network(0))
    head = network(0)
    with torch.no_grad():
        head.head.linears[0].weight.add_(1)
    both = replace(parts_of(parts(lineage, first, kept(lineage, head, first))), statistics=PICTURES)
    assert both.done_about_statistics == "none"
    assert torch.equal(norm(both.between(0.5)).running_mean, norm(both.parts[0].learner).running_mean)


def test_a_network_without_norms_has_none(world):
    lineage, first, child, _ = world
    assert parts_of(parts(lineage, first, child)).done_about_statistics == "none"


def test_siblings_are_related_and_strangers_are_not(world):
    lineage, first, child, last = world
    sibling, stranger = kept(lineage, knowing("a b c", 6), first), kept(lineage, knowing("a b c", 7))
    assert all(related(*parts(lineage, *pair)) for pair in ((sibling, last), (first, last), (last, first)))
    check_related(parts(lineage, first, child, sibling))
    with pytest.raises(InputError) as refused:
        check_related(parts(lineage, first, child, stranger))
    told = f"versions {first.short} and {stranger.short} have no common ancestor"
    assert str(refused.value).startswith(told) and "`onward connect`" in str(refused.value)


def refusal(lineage, *versions) -> str:
    with pytest.raises(InputError) as refused:
        parts_of(parts(lineage, *versions))
    return str(refused.value)


def test_another_architecture_is_refused_with_both(world):
    lineage, first, _, _ = world
    wide = fresh("mlp", (4,), 0, width=9, depth=1)
    wide.grow(["a", "b", "c"], 0)
    said = refusal(lineage, first, other := kept(lineage, wide, first))
    assert f"versions {first.short} and {other.short} are not of one architecture" in said
    assert "'width': 8" in said and "'width': 9" in said


def test_a_network_that_was_enlarged_since_is_refused(world):
    lineage, first, _, _ = world
    larger = knowing("a b c", 4)
    larger.backbone = enlarged(larger.backbone)
    read_copies(larger.head, larger.backbone.widen({"network.layers.1": 2}, 0))
    assert "{'network.layers.1': 2}, 'layers': 0} there and" in refusal(lineage, kept(lineage, larger, first), first)


def test_other_means_of_the_inputs_are_another_architecture(world):
    lineage, first, _, _ = world
    said = refusal(lineage, first, kept(lineage, knowing("a b c", 4, mean=(0.5,)), first))
    assert "mean is [] there and [0.5] here" in said


def test_ids_that_mean_different_classes_are_refused(world):
    lineage, first, _, last = world
    other = knowing("a b c", 4)
    other.grow(["e"], 4)
    said = refusal(lineage, last, branch := kept(lineage, other, first))
    assert said.startswith("the classes of these versions cannot be counted alike: ")
    assert last.short in said and branch.short in said and "id 3 is 'e' there and 'd' here" in said


def test_other_tasks_are_refused(tmp_path):
    lineage = Lineage.create(tmp_path)
    one, two = (knowing("a b", seed, tasks=()) for seed in (1, 2))
    one.grow(["c"], 1)
    two.tasks = (0, 1)
    two.grow(["c"], 2)
    first = kept(lineage, one)
    assert "tasks are" in refusal(lineage, first, kept(lineage, two, first))


def test_a_version_twice_and_one_that_knows_nothing_are_refused(world):
    lineage, first, child, _ = world
    assert refusal(lineage, first, child, first) == f"version {first.short} is named twice; name versions that differ"
    empty = kept(lineage, fresh("mlp", (4,), 0, width=8, depth=1))
    assert f"version {empty.short} knows no class yet" in refusal(lineage, first, empty)


def test_where_an_ancestor_is_gone_what_it_and_its_children_are_to_one_another_is_known(world):
    lineage, first, child, last = world
    sibling = kept(lineage, knowing("a b c", 6), first)
    first.path.rename(lineage.path / "aside")
    assert related(*parts(lineage, child, last)) and related(*parts(lineage, sibling, last))
    assert parts_of(parts(lineage, child, last)).frame.version.id == last.id
