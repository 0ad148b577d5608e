"""A published ResNet-20 meets photographs as they lie on a disk, two classes of them new, by the command line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from huggingface_hub import ModelCard
from tests.acceptance.photographs import CIFAR10, photographs, put
from tests.cli.terminal import Typed, done, refused, typed

import onward

pytestmark = pytest.mark.data

NEW = ("plate", "wardrobe")
AS_TRAINED = "--size 32 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225"
SKIP = "--corrupt skip --unlabeled skip --duplicates drop"
HEAD = "--method lwf --set trains=head --set schedule=cosine --set batch_size=16"
UPDATE = f"update prod --data ./arrived --test ./new-test {SKIP}"

BOUND = 0.06
"""How far the lineage's owner lets accuracy on the ten old classes fall for two more."""


@pytest.fixture(scope="module")
def begun(desk, data_dir) -> Path:
    """The checkpoint at the beginning of a lineage, and photographs beside it.

    Of each old class 20 arrived and 30 are the test set; of each new one 40 and 50, in three sizes and two formats.
    Then there is a JPEG that was cut off, one file in no folder, three copies, and five files of the test set.
    """
    lean, full = data_dir / "cifar-10-lean", data_dir / "cifar-100"
    for name in CIFAR10:
        put(Path("test") / name, photographs(lean, "test", name)[:30])
        put(Path("arrived") / name, photographs(lean, "train", name)[:20])
    for name in NEW:
        put(Path("arrived") / name, photographs(full, "train", name)[:40], (".png", ".jpg"), (32, 40, 57))
        put(Path("new-test") / name, photographs(full, "test", name)[:50])
    whole = Path("arrived/plate/001.jpg").read_bytes()
    Path("arrived/plate/cut off.jpg").write_bytes(whole[:-200])
    shutil.copy("arrived/wardrobe/000.png", "arrived/who knows.png")
    for k in range(3):
        shutil.copy(f"arrived/wardrobe/00{2 * k}.png", f"arrived/wardrobe/again-{k}.png")
    for k in range(5):
        shutil.copy(f"test/cat/00{k}.png", f"arrived/cat/tested-{k}.png")
    model = f"--model tests.nets.resnet_cifar:resnet20 --weights {data_dir}/weights/resnet20_cifar10.safetensors"
    told = done(f"init prod {model} --classes {','.join(CIFAR10)} {AS_TRAINED} --test ./test")
    assert told.fact("classes").startswith("10: airplane, automobile")
    rules = Path(".onward/lineage.toml")
    rules.write_text(f"[gate]\nmargin = {BOUND}\nnegative_flips = {BOUND + 0.04}\n")
    return desk


@pytest.fixture(scope="module")
def updated(begun) -> Typed:
    """How the update of the head ended."""
    return typed(f"{UPDATE} {HEAD} --epochs 5 --note 'week 47'")


@pytest.mark.usefixtures("begun")
def test_what_is_wrong_with_the_photographs_is_refused_one_flag_after_another():
    # 10 * 20 + 2 * 40, 3 copies, 5 of the test set, one cut off, one in no folder: 290 files.
    said = refused("update prod --data ./arrived")
    assert "1 of 290 images in arrived has no class: who knows.png (in no folder of a class)" in said
    assert said.endswith("Label them, or leave them out where the command has --unlabeled skip\n")
    said = refused("update prod --data ./arrived --unlabeled skip")
    assert "1 of 290 images in arrived cannot be used: plate/cut off.jpg (cannot be read as an image:" in said
    assert "truncated" in said and said.endswith("Mend them, or leave them out where the command has --corrupt skip\n")
    said = refused("update prod --data ./arrived --unlabeled skip --corrupt skip --duplicates refuse --overlap refuse")
    assert "3 of 288 new examples" in said and "have the content of one before them" in said
    assert "5 of 288 new examples" in said and "are in a test set as well: ./test (5)" in said


@pytest.mark.usefixtures("begun")
def test_preflight_says_what_was_found_and_what_is_to_be_trained_on():
    told = done(f"update prod --data ./arrived {SKIP} --steps 0")
    assert told.fact("preflight") == "280 new examples · 2 new classes (plate, wardrobe) · 10 of 10 old classes present"
    for found in ("3 duplicates", "1 unlabeled file", "1 corrupt file", "5 examples also in ./test"):
        assert found in told.out
    assert told.fact("scenario").startswith("new classes; methods that fit: ")


@pytest.mark.usefixtures("begun")
def test_advice_names_the_new_classes_and_an_update_of_something():
    told = done(f"advise prod --data ./arrived {SKIP} --json").json
    assert told["facts"]["new"] == list(NEW) and told["facts"]["overlap"] == {"./test": 5}
    assert told["recommended"] in ("head", "update") and "2 classes new" in told["why"]
    assert any("2 new classes (plate, wardrobe), which it cannot predict" in ground for ground in told["grounds"])
    costs = {each["name"]: each["flops"] for each in told["options"]}
    assert 0 == costs["nothing"] < costs["head"] < costs["update"]


def test_the_head_learns_the_new_classes_and_the_old_stay_within_the_bound(updated):
    assert (updated.code, updated.err) == (0, ""), updated
    card = done("show prod --json").json
    old, new = card["measures"]
    assert (old["test"], new["test"]) == ("./test", "./new-test")
    assert old["parent_accuracy"] > 0.88 and old["accuracy"] > old["parent_accuracy"] - BOUND
    assert new["parent_accuracy"] == 0.0 and new["accuracy"] > 0.8
    assert updated.fact("gate").startswith("PASS") and updated.fact("version").endswith("is head of prod")


@pytest.mark.usefixtures("updated")
def test_the_features_of_the_checkpoint_are_as_they_were_bit_for_bit():
    before, after = (onward.load(name).model.state_dict() for name in ("prod~1", "prod"))
    same = {name for name, tensor in before.items() if tensor.equal(after[name])}
    assert {name for name in before if not name.startswith("head.")} <= same


@pytest.mark.usefixtures("updated")
def test_the_bill_of_a_head_has_no_backward_pass_through_the_features():
    cost = done("show prod --json").json["record"]["cost"]
    # Each product of filter and place forward, on 32x32, 16x16 and 8x8 places; backward those of the head's weights.
    first, rest = 3 * 16 * 1024 + 6 * 16 * 16 * 1024, 16 * 32 * 256 + 5 * 32 * 32 * 256
    products = 9 * (first + rest + 32 * 64 * 64 + 5 * 64 * 64 * 64) + 64 * 12
    assert cost["samples"] == 5 * 280
    assert cost["forward_flops"] == 5 * 280 * 2 * products
    assert cost["backward_flops"] == 5 * 280 * 2 * 64 * 12


@pytest.mark.usefixtures("updated")
def test_every_reading_command_tells_the_same_story():
    new, old = (done(f"show {name} --json").json for name in ("prod", "prod~1"))
    log = done("log prod").out
    assert new["id"][:8] in log and old["id"][:8] in log and "week 47" in new["note"]
    classes = {each["name"]: each for each in done("classes prod --json").json}
    assert [each["id"] for each in classes.values()] == list(range(12))
    assert {classes[name]["since"] for name in NEW} == {new["id"]}
    assert [classes[name]["examples"] for name in ("cat", *NEW)] == [20, 40, 40]
    data = ModelCard(done("card prod").out).data
    assert {result.dataset_name: result.metric_value for result in data.eval_results or []} == {
        measure["test"]: measure["accuracy"] for measure in new["measures"]
    }
    assert done("verify").out.endswith("1 head: all is as it was written\n")
    verdict = json.loads(Path(f".onward/versions/{new['id']}/gate.json").read_text())
    assert verdict["passed"] and {each["status"] for each in verdict["findings"]} == {"pass"}


@pytest.mark.usefixtures("updated")
def test_all_weights_can_go_on_from_there():
    ended = done(f"update prod --data ./arrived {SKIP} --method lwf --epochs 1 --set lr=0.001 --no-promote --json").json
    old, new = ended["measures"]
    assert not ended["promoted"] and ended["verdict"]["passed"]
    assert old["accuracy"] > old["parent_accuracy"] - BOUND and new["accuracy"] > 0.8
    version = onward.load(ended["version"]).model.state_dict()
    before = onward.load("prod").model.state_dict()
    assert not any(version[name].equal(before[name]) for name in before if name.endswith("conv1.weight"))
