"""Image and text classifiers of Hugging Face's transformers; rebuilt from their configuration alone, with no hub."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from onward.errors import InputError, MissingExtraError, OnwardError, optional
from onward.nets.described import Described
from onward.nets.image_processor import image_transform, scale
from onward.nets.published import Published
from onward.transform import TextTransform

LENGTH = 128
"""Tokens of a text where nobody says how many."""

TEXTS = ["The first of two texts.", "The second, which is a little longer than the first."]
"""What a text classifier is tried on."""


class TextNetwork(Described):
    """A text classifier and its tokenizer, which travels among the buffers. forward: (b, length) ids -> (b, classes).

    Args:
        network: takes ``input_ids`` and ``attention_mask``, (b, length) int64, and gives an output with ``logits``.
        tokenizer_bytes: how long the tokenizer's JSON is, in UTF-8.
        length: tokens of an input.
        pad: the id of the token that pads, to which nothing attends.
    """

    tokenizer: Tensor

    def __init__(self, network: nn.Module, tokenizer_bytes: int, length: int, pad: int) -> None:
        """Take the network; the tokenizer is filled in with the weights."""
        super().__init__()
        self.inner, self.length, self.pad = network, length, pad
        self.register_buffer("tokenizer", torch.zeros(tokenizer_bytes, dtype=torch.uint8))

    @property
    def transform(self) -> TextTransform:
        """How texts become token ids."""
        return TextTransform(bytes(self.tokenizer.cpu().numpy()).decode(), self.length, self.pad)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the logits, (b, classes), of token ids, (b, length) whole numbers."""
        ids = ids.long()
        return self.inner(input_ids=ids, attention_mask=(ids != self.pad).long()).logits


def image_network(config: Mapping[str, Any]) -> nn.Module:
    """Return an image classifier without its weights. forward: (b, channels, height, width) -> an output with logits.

    Args:
        config: transformers' own configuration; JSON.
    """
    return from_config("AutoModelForImageClassification", config)


def text_network(config: Mapping[str, Any], tokenizer_bytes: int, length: int, pad: int) -> TextNetwork:
    """Return a text classifier without its weights and tokenizer; see :class:`TextNetwork`."""
    return TextNetwork(from_config("AutoModelForSequenceClassification", config), tokenizer_bytes, length, pad)


def from_config(auto: str, config: Mapping[str, Any]) -> nn.Module:
    """Return the network of a configuration."""
    with loading("its network"):
        transformers = library()
        known = transformers.AutoConfig.for_model(**config)
        return getattr(transformers, auto).from_config(known, dtype=torch.float32, trust_remote_code=False)


def published(name: str, length: int | None = None) -> Published:
    """Return a classifier by its name on the hub or its folder.

    Args:
        name: as ``from_pretrained`` takes it.
        length: tokens of an input, for a text classifier; None is 128, or what the network takes at most.

    Raises:
        InputError: when it is not there, is no classifier of images or texts, or has no weights in safetensors.
    """
    folder = Path(name).expanduser()
    place = str(folder) if folder.is_dir() else name
    if place.startswith((".", "/", "~")) and not folder.is_dir():
        raise InputError(f"there is no folder {name}; give one that save_pretrained wrote, or a name on the hub")
    with loading(name):
        config = library().AutoConfig.from_pretrained(place, trust_remote_code=False)
    kind = kind_of(config, name)
    if kind == "Image":
        if length is not None:
            raise InputError(f"--length is for texts; {name} is an image classifier")
        return image_classifier(place, config)
    return text_classifier(place, config, length)


def kind_of(config: Any, name: str) -> str:  # noqa: ANN401 - a configuration of any network of transformers'
    """Return ``Image`` or ``Sequence``: what a checkpoint classifies.

    Raises:
        InputError: when it is no classifier with one class an input.
    """
    built = ", ".join(config.architectures or ["nothing that its config.json names"])
    kind = next((kind for kind in ("Image", "Sequence") if f"For{kind}Classification" in built), None)
    if kind is None:
        raise InputError(f"{name} is a {built}; wanted an image classifier or a text classifier, trained as such")
    if config.num_labels < 2 or config.problem_type in ("regression", "multi_label_classification"):
        what = config.problem_type or "regression"
        raise InputError(f"{name} has {config.num_labels} outputs for {what}; wanted one class of several an input")
    return kind


def image_classifier(place: str, config: Any) -> Published:  # noqa: ANN401 - as above
    """Return an image classifier with the transform that its image processor describes."""
    network = trained("AutoModelForImageClassification", place)
    values = json_file(place, "preprocessor_config.json")
    if values is None:
        raise InputError(f"{place} has no preprocessor_config.json, which says how images become inputs")
    mean, std = scale(values)
    return Published(
        f"{__name__}:{image_network.__name__}",
        {"config": as_json(config)},
        network.state_dict(),
        class_names(config),
        image_transform(values),
        mean,
        std,
    )


def text_classifier(place: str, config: Any, length: int | None) -> Published:  # noqa: ANN401 - as above
    """Return a text classifier with its tokenizer."""
    if json_file(place, "tokenizer.json") is None:
        raise InputError(f"{place} has no tokenizer.json; only fast tokenizers are read, save one with save_pretrained")
    with loading(f"{place}'s tokenizer"):
        tokenizer = library().AutoTokenizer.from_pretrained(place, trust_remote_code=False)
    if tokenizer.pad_token_id is None:
        raise InputError(f"{place}'s tokenizer has no token that pads; name one (pad_token) and save it again")
    most = min(tokenizer.model_max_length, getattr(config, "max_position_embeddings", None) or LENGTH)
    length = min(LENGTH, most) if length is None else length
    if not 1 <= length <= most:
        raise InputError(f"--length must be in [1, {most}], the most that {place} takes, got {length}")
    written = tokenizer.backend_tokenizer.to_str().encode()  # before a call notes its own padding there
    given = tokenizer(TEXTS, padding="max_length", truncation=True, max_length=length)["input_ids"]
    arguments = {"config": as_json(config), "tokenizer_bytes": len(written), "length": length}
    network = TextNetwork(
        trained("AutoModelForSequenceClassification", place), len(written), length, tokenizer.pad_token_id
    )
    network.tokenizer.copy_(torch.frombuffer(bytearray(written), dtype=torch.uint8))
    return Published(
        f"{__name__}:{text_network.__name__}",
        {**arguments, "pad": tokenizer.pad_token_id},
        network.state_dict(),
        class_names(config),
        example=torch.tensor(given, dtype=torch.int32),
    )


def trained(auto: str, place: str) -> nn.Module:
    """Return a network with its weights.

    Raises:
        InputError: when they are not there as safetensors, or not whole.
    """
    with loading(place):
        network, told = getattr(library(), auto).from_pretrained(
            place, use_safetensors=True, dtype=torch.float32, output_loading_info=True, trust_remote_code=False
        )
    if told["missing_keys"]:
        raise InputError(
            f"{place} has no weights for {sorted(told['missing_keys'])[0]}; it was not trained to classify"
        )
    return network


def class_names(config: Any) -> tuple[str, ...]:  # noqa: ANN401 - as above
    """Return the names of ``id2label``; one that comes again, as in ImageNet, gets its place in brackets."""
    names: list[str] = []
    for k in range(config.num_labels):
        name = str(config.id2label[k])
        names.append(f"{name} ({k})" if name in names else name)
    return tuple(names)


def as_json(config: Any) -> dict[str, Any]:  # noqa: ANN401 - as above
    """Return a configuration with all its defaults, and without the class names, which a model keeps by itself."""
    values = json.loads(config.to_json_string(use_diff=False))
    kept = {name: value for name, value in values.items() if name not in ("id2label", "label2id")}
    return {**kept, "num_labels": config.num_labels, "dtype": "float32"}


def json_file(place: str, name: str) -> dict[str, Any] | None:
    """Return a JSON file of a checkpoint; None where it has none."""
    with loading(place):
        found = library("transformers.utils").cached_file(place, name, _raise_exceptions_for_missing_entries=False)
        return None if found is None else json.loads(Path(found).read_text(encoding="utf-8"))


def library(module: str = "transformers") -> ModuleType:
    """Return transformers.

    Raises:
        MissingExtraError: when it is not installed.
    """
    return optional(module, "huggingface", "a model of Hugging Face's")


@contextmanager
def loading(what: str) -> Generator[None]:
    """Let transformers load something without a progress bar, and tell its refusals in our words.

    Raises:
        InputError: when it cannot be loaded.
        MissingExtraError: when transformers itself cannot.
    """
    logging = library("transformers.utils.logging")
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    except OnwardError:
        raise
    except ImportError as error:
        cause = error.__cause__ or error
        raise MissingExtraError(
            f"transformers cannot load {what}: {str(cause).splitlines()[0]}. A torchvision that does not fit torch is "
            "the usual cause: install the one that fits, or none"
        ) from error
    except (OSError, ValueError, RuntimeError, KeyError, TypeError) as error:
        reason = next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
        raise InputError(f"transformers cannot load {what}: {reason}") from error
    finally:
        if shown:
            logging.enable_progress_bar()
