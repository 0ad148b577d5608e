import sys
from types import ModuleType

import pytest
import torch
from PIL import Image
from tests.datasets import written

from onward.datasets.published import hub
from onward.errors import InputError, MissingExtraError

IMAGES = written.drawn(3, 4, 6)


class Table(dict):
    """As much of a Hugging Face data set as is used."""

    @property
    def column_names(self):
        return list(self)


@pytest.fixture
def served(monkeypatch):
    """Put a library in the place of ``datasets``; what it was asked for is kept in ``asked``."""
    library = ModuleType("datasets")
    library.asked = []
    library.table = Table(label=[2, 0, 1], image=[Image.fromarray(image) for image in IMAGES])

    def load_dataset(name, split):
        library.asked.append((name, split))
        if isinstance(library.table, Exception):
            raise library.table
        return library.table

    library.load_dataset = load_dataset
    monkeypatch.setitem(sys.modules, "datasets", library)
    return library


def test_images_and_labels_come_from_the_hub(served):
    part = hub.fetch("mnist", "test")
    assert torch.equal(part.inputs, torch.tensor(IMAGES)[:, None])
    assert part.targets.tolist() == [2, 0, 1]
    assert served.asked == [("ylecun/mnist", "test")]


def test_cifar100_is_read_by_its_fine_labels(served):
    served.table = Table(img=served.table["image"], fine_label=[5, 6, 7], coarse_label=[1, 1, 1])
    assert hub.fetch("cifar100", "train").targets.tolist() == [5, 6, 7]


@pytest.mark.parametrize("error", [ConnectionError("no network"), ValueError("Unknown split")])
def test_what_cannot_be_fetched_is_said_with_the_reason(served, error):
    served.table = error
    with pytest.raises(InputError, match=f"ylecun/mnist could not be fetched: {error}"):
        hub.fetch("mnist", "train")


def test_a_table_without_images_is_refused(served):
    served.table = Table(text=["a"], label=[0])
    with pytest.raises(InputError, match="ylecun/mnist has the columns text, label; wanted an image and a label"):
        hub.fetch("mnist", "train")


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"onward\[huggingface\]"):
        hub.fetch("mnist", "train")
