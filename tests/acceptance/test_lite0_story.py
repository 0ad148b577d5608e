"""A published EfficientNet-Lite0 with its thousand classes learns two more by its head, by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tests.acceptance.photographs import photographs, put
from tests.cli.terminal import Typed, done, typed
from tests.nets.test_real_checkpoints import lite0_weights

import onward
from onward.datasets.reading import Reading

pytestmark = pytest.mark.data

NEW = ("sunflower", "wardrobe")
OTHERS = ("bicycle", "clock", "cup", "lion")
AS_TRAINED = f"--size 64 --mean {127 / 255} --std {128 / 255}"


@pytest.fixture(scope="module")
def updated(desk, data_dir) -> Typed:
    """How the update of the head with 2 x 40 photographs ended; four other classes lie in ``others``."""
    weights, sheets = lite0_weights(), data_dir / "cifar-100"
    Path("imagenet.txt").write_text("".join(f"class_{k}\n" for k in range(1000)))
    for name in NEW:
        put(Path("arrived") / name, photographs(sheets, "train", name)[:40], (".jpg", ".png"), (48, 96))
        put(Path("new-test") / name, photographs(sheets, "test", name)[:30])
    for name in OTHERS:
        put(Path("others") / name, photographs(sheets, "test", name)[:20])
    done(
        f"init prod --model tests.nets.efficientnet_lite0:Lite0 --weights {weights} --classes imagenet.txt {AS_TRAINED}"
    )
    head = "--method lwf --set trains=head --set lr=0.001 --epochs 5"
    return typed(f"update prod --data ./arrived --test ./new-test {head}")


def test_the_new_classes_are_learned(updated):
    assert (updated.code, updated.err) == (0, ""), updated
    assert (
        updated.fact("preflight")
        == "80 new examples · 2 new classes (sunflower, wardrobe) · 0 of 1,000 old classes present"
    )
    (new,) = done("show prod --json").json["measures"]
    assert (new["examples"], new["parent_accuracy"]) == (60, 0.0) and new["accuracy"] > 0.9


def test_without_an_old_test_set_the_gate_says_that_it_could_not_look(updated):
    assert updated.fact("gate").startswith("UNCHECKED") and "there is no old test set" in updated.out
    assert updated.fact("version").endswith("is head of prod")


@pytest.mark.usefixtures("updated")
def test_among_the_thousand_old_classes_it_says_what_it_said():
    before, after = onward.load("prod~1"), onward.load("prod")
    assert after.classes == (*before.classes, *NEW)
    others = onward.read("./others", reading=Reading(before.model.backbone.transform)).take(torch.arange(80)).inputs
    was, now = (learner.predict(others).logits for learner in (before, after))
    assert len(set(was.argmax(dim=1).tolist())) > 20, "what it says must be worth keeping"
    same = was.argmax(dim=1) == now[:, :1000].argmax(dim=1)
    assert same.double().mean() > 0.8
    assert all(
        tensor.equal(after.model.backbone.state_dict()[name])
        for name, tensor in before.model.backbone.state_dict().items()
    )
