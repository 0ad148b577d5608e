"""Small checkpoints as the hub has them: made by transformers itself, in a folder."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from tests.nets import torchvision_operators
from torch import nn

from onward.nets.huggingface import loading
from onward.rng import isolated

ANIMALS = ("cat", "dog", "owl")
WORDS = "[PAD] [UNK] [CLS] [SEP] a good bad day night it was not so very".split()


TOKENIZER = {
    "version": "1.0",
    "added_tokens": [],
    "normalizer": {"type": "Lowercase"},
    "pre_tokenizer": {"type": "Whitespace"},
    "post_processor": {
        "type": "TemplateProcessing",
        "single": [
            {"SpecialToken": {"id": "[CLS]", "type_id": 0}},
            {"Sequence": {"id": "A", "type_id": 0}},
            {"SpecialToken": {"id": "[SEP]", "type_id": 0}},
        ],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {
            "[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]},
            "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]},
        },
    },
    "decoder": None,
    "model": {"type": "WordLevel", "vocab": {word: k for k, word in enumerate(WORDS)}, "unk_token": "[UNK]"},
}
"""As the library tokenizers writes it."""


def labels(names: tuple[str, ...]) -> dict:
    return {"id2label": dict(enumerate(names)), "label2id": {name: k for k, name in enumerate(names)}}


def saved(network: nn.Module, folder: Path) -> nn.Module:
    """The network, with weights that no initialisation gives it, written to a folder."""
    with isolated(1, "trained"), torch.no_grad():
        for tensor in network.parameters():
            tensor.normal_(0, 0.3)
    with loading("what it saves"):  # no progress bar
        network.save_pretrained(folder)
    return network.eval()


def vit(folder: Path, names: tuple[str, ...] = ANIMALS, **processor) -> nn.Module:
    """A vision transformer for images of 16 x 16."""
    torchvision_operators.importable()
    import transformers

    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=24, image_size=16, patch_size=8,
        **labels(names),
    )  # fmt: skip
    network = saved(transformers.ViTForImageClassification(config), folder)
    size = {"size": {"height": 16, "width": 16}, "resample": 3}
    scale = {"do_normalize": True, "image_mean": [0.5, 0.4, 0.3], "image_std": [0.2, 0.25, 0.3]}
    write(
        folder / "preprocessor_config.json", {"image_processor_type": "ViTImageProcessor", **size, **scale, **processor}
    )
    return network


def resnet(folder: Path) -> nn.Module:
    """A residual network; its output comes through Flatten before the head."""
    torchvision_operators.importable()
    import transformers

    config = transformers.ResNetConfig(
        embedding_size=4, hidden_sizes=[4, 8], depths=[1, 1], layer_type="basic", **labels(ANIMALS)
    )
    network = saved(transformers.ResNetForImageClassification(config), folder)
    values = {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 28, "crop_pct": 0.875, "resample": 3}
    write(folder / "preprocessor_config.json", {**values, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    return network


def distilbert(folder: Path, names: tuple[str, ...] = ("LABEL_0", "LABEL_1"), **special) -> nn.Module:
    """A text classifier with a fast tokenizer of fourteen words."""
    torchvision_operators.importable()
    import tokenizers
    import transformers

    config = transformers.DistilBertConfig(
        dim=16, n_layers=2, n_heads=2, hidden_dim=24, vocab_size=len(WORDS), max_position_embeddings=24,
        pad_token_id=0, **labels(names),
    )  # fmt: skip
    network = saved(transformers.DistilBertForSequenceClassification(config), folder)
    tokenizer = tokenizers.Tokenizer.from_str(json.dumps(TOKENIZER))
    marks = {"unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "pad_token": "[PAD]", **special}
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=20, **marks)
    fast.save_pretrained(folder)
    return network


def write(path: Path, values: dict) -> None:
    path.write_text(json.dumps(values))


def changed(path: Path, **values) -> None:
    """Change what a JSON file says."""
    write(path, {**json.loads(path.read_text()), **values})
