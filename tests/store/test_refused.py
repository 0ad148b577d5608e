"""What is not what its card says is not loaded; the message says why and the way out."""

from __future__ import annotations

import hashlib
import json
import pickle
from pathlib import Path

import pytest
import torch
from tests.store.worlds import contents, learner, lying, recarded, saved, two_versions

from onward.errors import InputError, OnwardError, StoreError
from onward.release.rules import CONFIG, rules_of
from onward.store.diff import diff
from onward.store.garbage import Wanted, collect
from onward.store.lineage import Lineage
from onward.store.tensors import write_tensors
from onward.store.verify import verify
from onward.store.version import KEPT, MODEL, Version

FILES = [MODEL, KEPT]


@pytest.fixture
def two(tmp_path):
    return two_versions(tmp_path / "lineage")


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused_with_both_hashes_and_a_way_out(two, name):
    lineage, first, second = two
    told = second.card.files[name][:8]
    write_tensors(second.path / name, {"x": torch.ones(2)})
    with pytest.raises(StoreError) as refused:
        lineage.load("prod")
    said = str(refused.value)
    assert f"version {second.short}: {name} has hash " in said and f"the card says {told}" in said
    assert said.endswith(f"restore it or load the parent {first.short}.")
    assert lineage.load("prod~1").classes == ("a", "b")


def test_every_file_that_is_off_is_named_at_once(two):
    lineage, first, _ = two
    for name in FILES:
        (first.path / name).write_bytes(b"")
    with pytest.raises(StoreError, match=r"model.safetensors has hash e3b0c442.*kept.safetensors has hash e3b0c442"):
        lineage.load(first.id)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_refused(two, name):
    lineage, _, second = two
    (second.path / name).unlink()
    with pytest.raises(StoreError, match=f"version {second.short}: {name} is missing; restore it from a copy"):
        lineage.load("prod")


def test_a_link_in_place_of_a_file_is_refused(two, tmp_path):
    lineage, _, second = two
    for name in FILES:
        outside = (second.path / name).rename(tmp_path / name)
        (second.path / name).symlink_to(outside)
    with pytest.raises(StoreError, match=r"model.safetensors is missing.*kept.safetensors is missing"):
        lineage.load("prod")


def test_a_missing_card_is_refused(two):
    lineage, _, second = two
    (second.path / "card.json").unlink()
    with pytest.raises(StoreError, match=f"the card of version {second.short} cannot be read"):
        lineage.load("prod")


def test_a_changed_card_is_refused(two):
    lineage, _, second = two
    card = second.path / "card.json"
    card.write_bytes(card.read_bytes().replace(b'"seed": 2', b'"seed": 3'))
    with pytest.raises(StoreError, match=f"card.json has hash .*its id says {second.short}.*restore it from a copy"):
        lineage.load("prod")


def values(version: Version) -> dict:
    return json.loads((version.path / "card.json").read_bytes())


def test_a_card_of_another_schema_is_refused(two):
    lineage = two[0]
    for seed, schema in ((3, 2), (4, 0), (5, -1)):
        liar = lying(lineage, saved(lineage, seed), schema=schema)
        with pytest.raises(StoreError, match=f"version {liar[:8]} has schema {schema}, this onward reads schema 1"):
            lineage.load(liar)


def test_a_card_that_is_none_is_refused(two):
    lineage = two[0]
    without = values(two[1])
    del without["schema"]
    for seed, (raw, said) in enumerate([(b"no", "is not JSON"), ([], "is not a card"), (without, "is not a card")], 3):
        liar = recarded(lineage, saved(lineage, seed), raw)
        with pytest.raises(StoreError, match=f"the card of version {liar[:8]} {said}"):
            lineage.load(liar)


def test_a_card_with_more_than_a_card_has_is_refused(two):
    lineage = two[0]
    liar = lying(lineage, saved(lineage, 3), nots="x", seed="many")
    with pytest.raises(StoreError, match=r"unknown name 'nots'; did you mean 'note'\?.*damaged") as refused:
        lineage.load(liar)
    assert "seed: " in str(refused.value)


@pytest.mark.parametrize("name", ["../../../bait", "{bait}", "..", ".", "", "./kept.safetensors", "a" * 5000])
def test_a_card_cannot_point_outside_of_its_folder(two, tmp_path, name):
    lineage, version = two[0], saved(two[0], 3)
    bait = tmp_path / "bait"
    bait.write_bytes((version.path / KEPT).read_bytes())  # so that its hash would be right
    told = {**version.card.files, name.format(bait=bait): version.card.files[KEPT]}
    liar = lying(lineage, version, files=told)
    assert (version.path.parent / liar / "../../../bait").is_file()
    with pytest.raises(StoreError, match="is missing"):
        lineage.load(liar)
    assert any("is missing" in problem for problem in verify(lineage).problems)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_the_card_has_no_hash_of_is_refused(two, name):
    lineage, version = two[0], saved(two[0], 3)
    rest = {other: told for other, told in version.card.files.items() if other != name}
    liar = lying(lineage, version, files=rest)
    with pytest.raises(StoreError, match=f"{name} has hash .*the card says nothing"):
        lineage.load(liar)


def with_file(lineage: Lineage, version: Version, name: str, content: bytes) -> str:
    """A version that has another file, with its true hash in its card."""
    (version.path / name).write_bytes(content)
    return lying(lineage, version, files={**version.card.files, name: hashlib.sha256(content).hexdigest()})


class Planted:
    """Unpickling it makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", FILES)
def test_a_pickle_under_a_true_hash_is_refused_and_not_run(two, tmp_path, name):
    lineage = two[0]
    liar = with_file(lineage, saved(lineage, 3), name, pickle.dumps(Planted(tmp_path / "planted")))
    with pytest.raises(StoreError, match=f"{name} is not a whole safetensors file .*pickles are never read"):
        lineage.load(liar)
    assert not (tmp_path / "planted").exists()


@pytest.mark.parametrize("name", FILES)
def test_a_file_cut_off_under_a_true_hash_is_refused(two, name):
    lineage, version = two[0], saved(two[0], 3)
    liar = with_file(lineage, version, name, (version.path / name).read_bytes()[:-1])
    with pytest.raises(StoreError, match=f"{name} is not a whole safetensors file .*or load another version"):
        lineage.load(liar)


def test_tensors_of_another_shape_under_a_true_hash_are_refused(two):
    lineage = two[0]
    other = saved(lineage, 3)
    write_tensors(other.path / "model.safetensors", learner(3, classes="abc").model.state_dict())
    liar = with_file(lineage, other, "model.safetensors", (other.path / "model.safetensors").read_bytes())
    with pytest.raises(StoreError, match=f"version {liar[:8]}: its tensors do not fit the net in its card"):
        lineage.load(liar)


def test_whole_numbers_in_place_of_weights_are_refused(two):
    lineage = two[0]
    other = saved(lineage, 3)
    whole = {name: tensor.long() for name, tensor in learner(3).model.state_dict().items()}
    write_tensors(other.path / "model.safetensors", whole)
    liar = with_file(lineage, other, "model.safetensors", (other.path / "model.safetensors").read_bytes())
    with pytest.raises(StoreError, match="its tensors do not fit the net in its card"):
        lineage.load(liar)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"method": "replayy"}, r"unknown method 'replayy'. Did you mean 'replay'\?"),
        ({"method": "__import__('os').getcwd()"}, "cannot read"),
        ({"net": {"net": "classifier"}}, "not whole"),
        ({"net": {}}, "network is a classifier"),
    ],
)
def test_a_card_whose_learner_cannot_be_made_is_refused(two, changes, said):
    liar = lying(two[0], saved(two[0], 3), **changes)
    with pytest.raises(InputError, match=said):
        two[0].load(liar)


def test_nothing_that_is_refused_is_changed(two):
    lineage, first, second = two
    (first.path / "model.safetensors").write_bytes(b"x")
    (second.path / "card.json").write_bytes(b"{}")
    before = contents(lineage.path)
    for reference in (first.id, second.id, "prod", "prod~1", "nothing"):
        with pytest.raises(OnwardError):
            lineage.load(reference)
    verify(lineage)
    assert contents(lineage.path) == before


def test_a_version_of_a_newer_onward_is_refused_by_itself_and_the_others_are_read(two):
    lineage, _, second = two
    newer = lying(lineage, saved(lineage, 3, second), schema=2, surprise={"of": "tomorrow"})
    said = (
        f"the card of version {newer[:8]} has schema 2, this onward reads schema 1. It was written by another version"
    )
    uses = (
        lambda: lineage.load(newer[:8]),
        lambda: lineage.history(newer),
        lambda: lineage.promote(newer, "prod"),
        lambda: diff(lineage, "prod", newer),
    )
    for use in uses:
        with pytest.raises(StoreError, match=said):
            use()
    assert [problem.startswith(said) for problem in verify(lineage).problems] == [True]
    assert lineage.load("prod").classes == ("a", "b") and lineage.heads.all() == {"prod": second.id}
    (lineage.heads.folder / "next").write_text(newer)
    before = contents(lineage.path)
    with pytest.raises(StoreError, match=said):
        collect(lineage, Wanted(days=0, keep=1), remove=True)
    assert contents(lineage.path) == before, "what it needs cannot be known"


def test_a_lineage_s_file_that_says_more_than_is_known_is_refused(two):
    lineage = two[0]
    (lineage.path / CONFIG).write_text("schema = 2\n[gate]\nmargin = 0.1\n[tomorrow]\nrule = 1\n")
    with pytest.raises(InputError, match=r"lineage.toml: .*unknown name 'schema'.*unknown name 'tomorrow'"):
        rules_of(lineage)
