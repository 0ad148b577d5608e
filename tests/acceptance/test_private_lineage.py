"""No example is kept where none may be, and what is withdrawn is no longer there: in the files themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from huggingface_hub import ModelCard
from PIL import Image
from safetensors.numpy import load_file
from tests.cli.terminal import done, refused

import onward

ARRIVED = "--data digits:train@classes=0,1,2@rows=0:120"


@pytest.fixture(scope="module")
def begun(desk) -> Path:
    """A lineage whose ``prod`` keeps some digits, and whose ``free`` must not."""
    for head in ("prod", "free"):
        done(f"init {head} --model 'mlp(width=16, depth=1)' --shape 1,8,8")
    done(f"update prod {ARRIVED} --method 'replay(size=60)' --epochs 2")
    return desk


def version(reference: str) -> dict[str, Any]:
    """The card of a version, and its id."""
    return done(f"show {reference} --json").json


def memory(id: str) -> dict[bytes, int]:
    """The images in a version's file of what is kept, as bytes, and the class of each."""
    kept = load_file(f".onward/versions/{id}/kept.safetensors")
    rows = zip(kept["replay/inputs"], kept["replay/targets"], strict=True)
    return {image.tobytes(): int(target) for image, target in rows}


@pytest.mark.usefixtures("begun")
def test_methods_that_keep_examples_are_refused_and_named():
    for method, named in (("replay", "replay keeps"), ("'lwf | replay'", "replay keeps"), ("joint", "joint keeps")):
        said = refused(f"update free {ARRIVED} --exemplar-free --method {method}")
        assert f"{named} examples themselves, and exemplar-free none may be kept" in said
        assert "These keep none: " in said and "lwf" in said.partition("These keep none: ")[2]
    Path(".onward/lineage.toml").write_text("[privacy]\nexemplar_free = true\n")
    assert "replay keeps examples themselves" in refused(f"update free {ARRIVED} --method replay")
    Path(".onward/lineage.toml").unlink()


@pytest.mark.usefixtures("begun")
def test_the_card_of_an_exemplar_free_version_lists_what_it_keeps():
    done(f"update free {ARRIVED} --exemplar-free --method 'lwf | ewc' --epochs 1")
    card = version("free")
    assert card["exemplar_free"] is True
    kept = load_file(f".onward/versions/{card['id']}/kept.safetensors")
    text = done("card free").out
    ModelCard(text)
    assert "no example" in text.lower() and kept and {name.split("/")[0] for name in kept} == {"ewc"}
    assert {name.partition("/")[2].split("/")[0] for name in kept} == {"fisher", "anchor"}
    assert version("prod")["exemplar_free"] is False


@pytest.mark.usefixtures("begun")
def test_what_is_withdrawn_is_no_longer_in_the_file_of_the_new_version():
    old = version("prod")["id"]
    held = memory(old)
    arrived = onward.read("digits:train@classes=0,1,2@rows=0:120")
    for row in range(30):  # as images in folders, not as they came
        folder = Path("withdrawn") / str(int(arrived.targets[row]))
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(arrived.inputs[row, 0].numpy()).save(folder / f"{row}.png")
    gone = {image.numpy().tobytes() for image in arrived.inputs[:30]}
    found = len(gone & held.keys())
    assert 0 < found < len(held) == 60
    told = done("forget prod ./withdrawn")
    assert told.fact("kept") == f"{found} of 30 examples found and taken out"
    new = version("prod")
    assert new["parent"] == old
    assert memory(new["id"]) == {image: target for image, target in held.items() if image not in gone}
    weights = [Path(f".onward/versions/{id}/model.safetensors").read_bytes() for id in (old, new["id"])]
    assert weights[0] == weights[1], "forgetting trains nothing"
    raw = Path(f".onward/versions/{new['id']}/kept.safetensors").read_bytes()
    assert not [image for image in gone if image in raw], "nor do they lie in a gap of the file"
    assert done("verify").out.endswith("all is as it was written\n")
    assert told.fact("earlier").endswith(old[:8])
    np.testing.assert_array_equal(
        load_file(f".onward/versions/{new['id']}/kept.safetensors")["replay/seen"], 120 - found
    )
