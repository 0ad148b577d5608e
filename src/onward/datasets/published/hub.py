"""Data sets by name from the Hugging Face hub, by its library ``datasets``, which has its own cache."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from onward.datasets.arrays.tensors import tensor
from onward.datasets.images.pictures import pixels, stacked
from onward.datasets.published.part import Part
from onward.datasets.tables.columns import IMAGE, LABEL
from onward.errors import InputError, listed, optional

REPOSITORIES = {
    "mnist": "ylecun/mnist",
    "fashion_mnist": "zalando-datasets/fashion_mnist",
    "kmnist": "tanganke/kmnist",
    "cifar10": "uoft-cs/cifar10",
    "cifar100": "uoft-cs/cifar100",
}


def fetch(name: str, split: str) -> Part:
    """Return ``split`` of the data set ``name``, fetched when it is not in the library's cache.

    Raises:
        MissingExtraError: when the library is not installed.
        InputError: when it cannot be fetched, or is not a table of images and labels.
    """
    datasets = optional("datasets", "huggingface", f"fetching the data set {name!r}")
    repository = REPOSITORIES[name]
    try:
        table = datasets.load_dataset(repository, split=split)
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{repository} could not be fetched: {error}") from error
    names = table.column_names
    image, label = (next((column for column in known if column in names), None) for known in (IMAGE, LABEL))
    if image is None or label is None:
        raise InputError(f"{repository} has the columns {listed(names)}; wanted an image and a label")
    inputs = stacked([pixels(picture) for picture in table[image]], repository)
    return Part(inputs, tensor(np.array(list(table[label]), np.int64)), (), Path(repository))
