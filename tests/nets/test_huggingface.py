"""A classifier of Hugging Face's is taken over as it is, and needs no hub afterwards."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import safetensors.torch
import torch
from tests.nets import hub_folders, torchvision_operators
from tests.nets.hub_folders import ANIMALS, changed
from torch import nn

import onward
from onward.errors import InputError
from onward.nets.adopt import adopted
from onward.nets.huggingface import published
from onward.nets.published import Published
from onward.nets.zoo import build
from onward.rng import generator
from onward.store.card import Card
from onward.transform import ImageTransform, TextTransform

torchvision_operators.importable()
pytest.importorskip("transformers", reason="transformers is not installed")
pytest.importorskip("tokenizers", reason="tokenizers is not installed")

TEXTS = ["It was a good day", "a very, very bad night", "so", "not " * 40]
IMAGES = torch.randint(0, 256, (6, 3, 16, 16), generator=generator(0), dtype=torch.uint8)


def taken(found: Published, classes: tuple[str, ...] = ()) -> onward.Learner:
    """What was found, as a learner."""
    model = adopted(
        found.factory, classes or found.classes, found.weights, arguments=found.arguments,
        mean=found.mean, std=found.std, transform=found.transform, example=found.example,
    )  # fmt: skip
    return onward.Learner(model)


def tokens(transform: TextTransform) -> torch.Tensor:
    """Texts as the transform says, by the library that reads its tokenizer."""
    import tokenizers

    tokenizer = tokenizers.Tokenizer.from_str(transform.tokenizer)
    tokenizer.enable_truncation(transform.length)
    tokenizer.enable_padding(length=transform.length, pad_id=transform.pad)
    return torch.tensor([coded.ids for coded in tokenizer.encode_batch(TEXTS)], dtype=torch.int32)


def test_a_vision_transformer_says_what_it_said(tmp_path):
    network = hub_folders.vit(tmp_path)
    learner = taken(published(str(tmp_path)))
    mean, std = torch.tensor([0.5, 0.4, 0.3])[:, None, None], torch.tensor([0.2, 0.25, 0.3])[:, None, None]
    wanted = network((IMAGES.float() / 255 - mean) / std).logits
    torch.testing.assert_close(learner.predict(IMAGES).logits, wanted.detach(), rtol=1e-6, atol=1e-6)
    assert learner.classes == ANIMALS and learner.model.backbone.head_name == "classifier"
    assert learner.model.backbone.transform == ImageTransform((16, 16), resample="bicubic")


def test_the_head_of_a_residual_network_is_found_inside_its_classifier(tmp_path):
    network = hub_folders.resnet(tmp_path)
    learner = taken(published(str(tmp_path)))
    images = torch.rand(2, 3, 28, 28, generator=generator(0))
    torch.testing.assert_close(learner.predict(images).logits, network((images - 0.5) / 0.5).logits.detach())
    assert learner.model.backbone.head_name == "classifier.1"
    wanted = ImageTransform((28, 28), "crop", 32, "bicubic")  # 28 / 0.875 = 32
    assert learner.model.backbone.transform == wanted


def test_a_text_classifier_says_what_it_said_and_its_tokenizer_goes_with_it(tmp_path):
    network = hub_folders.distilbert(tmp_path)
    import transformers

    own = transformers.AutoTokenizer.from_pretrained(tmp_path)
    wanted = own(TEXTS, padding="max_length", truncation=True, max_length=20, return_tensors="pt")
    learner = taken(published(str(tmp_path)), ("bad", "good"))
    built = build(json.loads(json.dumps(learner.model.spec())))
    built.load_state_dict(learner.model.state_dict())
    transform = built.backbone.transform
    assert (transform.length, transform.pad, built.backbone.shape) == (20, 0, (20,))
    ids = tokens(transform)
    assert torch.equal(ids.long(), wanted["input_ids"])
    logits = network(input_ids=wanted["input_ids"], attention_mask=wanted["attention_mask"]).logits
    torch.testing.assert_close(learner.predict(ids).logits, logits.detach(), rtol=1e-6, atol=1e-6)


def test_padding_does_not_move_the_logits(tmp_path):
    hub_folders.distilbert(tmp_path)
    short, long = taken(published(str(tmp_path), 8)), taken(published(str(tmp_path), 16))
    a, b = (learner.predict(tokens(learner.model.backbone.transform)[:3]).logits for learner in (short, long))
    torch.testing.assert_close(a, b)  # eight tokens hold the first three texts


def test_an_update_moves_a_text_classifier_and_its_tokenizer_stays(tmp_path):
    hub_folders.distilbert(tmp_path)
    learner = taken(published(str(tmp_path)), ("bad", "good"))
    ids = tokens(learner.model.backbone.transform)
    data = onward.Examples(ids, torch.tensor([0, 1, 2, 2]), ("good", "bad", "other"))
    after, _ = onward.update(learner, data, onward.Settings(epochs=80, lr=0.01, optimiser="adamw"))
    assert after.classes == ("bad", "good", "other")
    assert after.predict(ids).names == ["good", "bad", "other", "other"]
    moved = [not torch.equal(p, q) for p, q in zip(learner.model.parameters(), after.model.parameters(), strict=False)]
    assert all(moved)
    assert after.model.backbone.transform == learner.model.backbone.transform


def test_training_from_scratch_draws_the_weights_anew_and_leaves_the_tokenizer(tmp_path):
    hub_folders.distilbert(tmp_path)
    learner = taken(published(str(tmp_path)), ("bad", "good"))
    data = onward.Examples(tokens(learner.model.backbone.transform), torch.tensor([0, 1, 1, 0]), ("good", "bad"))
    after, _ = onward.update(learner, data, onward.Settings(steps=0), method=onward.chain("scratch"))
    assert after.model.backbone.transform == learner.model.backbone.transform
    here, there = (each.model.head.blocks[0].weight for each in (learner, after))
    assert not torch.equal(here, there)


PROGRAM = """
import sys, warnings, torch
warnings.simplefilter("error")
from tests.nets.torchvision_operators import importable
importable()
import safetensors.torch, onward
given = safetensors.torch.load_file(sys.argv[2])
logits = {head: onward.load(head, sys.argv[1]).predict(inputs).logits for head, inputs in given.items()}
safetensors.torch.save_file(logits, sys.argv[3])
"""


def test_a_fresh_process_loads_them_bit_for_bit_without_their_folders(tmp_path):
    inputs, wanted, lineage = {}, {}, onward.Lineage.create(tmp_path / "lineage")
    for head, made in {"image": hub_folders.vit, "text": hub_folders.distilbert}.items():
        made(tmp_path / head)
        learner = taken(published(str(tmp_path / head)))
        lineage.promote(lineage.save(learner, Card(net={})).id, head)
        inputs[head] = IMAGES if head == "image" else tokens(learner.model.backbone.transform)
        wanted[head] = learner.predict(inputs[head]).logits
        shutil.rmtree(tmp_path / head)
    given, got = tmp_path / "inputs.safetensors", tmp_path / "logits.safetensors"
    safetensors.torch.save_file(inputs, given)
    words = [sys.executable, "-c", PROGRAM, lineage.path, given, got]
    ran = subprocess.run([str(word) for word in words], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert ran.returncode == 0, ran.stderr
    logits = safetensors.torch.load_file(got)
    assert all(torch.equal(logits[head], wanted[head]) for head in wanted) and len(logits) == 2


def test_a_name_that_comes_twice_gets_its_place(tmp_path):
    hub_folders.vit(tmp_path, ("crane", "owl", "crane"))
    assert published(str(tmp_path)).classes == ("crane", "owl", "crane (2)")


def test_a_configuration_keeps_what_rebuilds_it_and_no_class_names(tmp_path):
    hub_folders.vit(tmp_path)
    config = published(str(tmp_path)).arguments["config"]
    assert config["num_labels"] == 3 and config["hidden_act"] == "gelu" and "id2label" not in config


REFUSED = [
    (
        hub_folders.vit,
        "config.json",
        {"architectures": ["ViTForMaskedImageModeling"]},
        None,
        "wanted an image classifier",
    ),
    (hub_folders.vit, "config.json", {"architectures": None}, None, "is a nothing that its config.json names; wanted"),
    (hub_folders.vit, "config.json", {"problem_type": "multi_label_classification"}, None, "3 outputs for multi_label"),
    (hub_folders.vit, "config.json", {"model_type": "vitt"}, None, "transformers cannot load .*vitt"),
    (hub_folders.vit, "config.json", {"intermediate_size": 32}, None, "transformers cannot load "),
    (hub_folders.vit, "config.json", {}, 16, "--length is for texts; .* is an image classifier"),
    (hub_folders.distilbert, "config.json", {}, 21, r"--length must be in \[1, 20\], .* got 21"),
    (
        hub_folders.distilbert,
        "config.json",
        {"n_layers": 3},
        None,
        "has no weights for .*layer.2.*not trained to classify",
    ),
    (hub_folders.vit, "preprocessor_config.json", {"do_resize": False}, None, "json resizes nothing, .* --size"),
]


@pytest.mark.parametrize(("made", "file", "values", "length", "said"), REFUSED)
def test_what_cannot_be_taken_over_is_told(made, file, values, length, said, tmp_path):
    made(tmp_path)
    changed(tmp_path / file, **values)
    with pytest.raises(InputError, match=said):
        published(str(tmp_path), length)


@pytest.mark.parametrize(
    ("made", "file", "said"),
    [
        (hub_folders.vit, "preprocessor_config.json", "has no preprocessor_config.json, which says how images"),
        (hub_folders.vit, "model.safetensors", "transformers cannot load .*model.safetensors"),
        (hub_folders.distilbert, "tokenizer.json", "has no tokenizer.json; only fast tokenizers are read"),
    ],
)
def test_a_folder_that_is_not_whole_is_told(made, file, said, tmp_path):
    made(tmp_path)
    (tmp_path / file).unlink()
    with pytest.raises(InputError, match=said):
        published(str(tmp_path))


def test_a_tokenizer_that_cannot_pad_is_told(tmp_path):
    hub_folders.distilbert(tmp_path, pad_token=None)
    with pytest.raises(InputError, match="has no token that pads; name one"):
        published(str(tmp_path))


def test_weights_in_a_pickle_are_not_read(tmp_path):
    network: nn.Module = hub_folders.vit(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(network.state_dict(), tmp_path / "pytorch_model.bin")
    with pytest.raises(InputError, match=r"transformers cannot load .*model.safetensors"):
        published(str(tmp_path))


def test_a_folder_that_is_not_there_is_told():
    with pytest.raises(InputError, match=r"there is no folder \./nowhere; give one that save_pretrained wrote"):
        published("./nowhere")
