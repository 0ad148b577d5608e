import pickle

import numpy as np
import pytest
import torch
from tests.datasets import written

from onward.datasets.published import cifar_python
from onward.errors import InputError

IMAGES, LABELS = written.drawn(10, 3, 32, 32), written.counted(10, 10)
WRITERS = [written.python2_batch, written.pickled_batch]


@pytest.mark.parametrize("batch", WRITERS)
def test_cifar10_python_reads_back_all_five_batches_in_order(tmp_path, batch):
    for k in range(5):
        rows = slice(2 * k, 2 * k + 2)
        (tmp_path / f"data_batch_{k + 1}").write_bytes(batch(IMAGES[rows], LABELS[rows]))
    part = cifar_python.read(tmp_path, "train")
    assert torch.equal(part.inputs, torch.tensor(IMAGES))
    assert part.targets.tolist() == list(range(10))
    assert part.classes == ()


@pytest.mark.parametrize("names", [written.python2_names, lambda key, names: pickle.dumps({key: names}, protocol=2)])
def test_cifar10_python_reads_names_from_its_meta_file(tmp_path, names):
    (tmp_path / "test_batch").write_bytes(written.python2_batch(IMAGES, LABELS))
    (tmp_path / "batches.meta").write_bytes(names("label_names", ["airplane", "automobile"]))
    assert cifar_python.read(tmp_path, "test").classes == ("airplane", "automobile")


def test_cifar100_python_takes_the_fine_labels(tmp_path):
    held = {b"data": IMAGES.reshape(10, -1), b"coarse_labels": [19] * 10, b"fine_labels": LABELS.tolist()}
    (tmp_path / "train").write_bytes(pickle.dumps(held, protocol=2))
    (tmp_path / "meta").write_bytes(pickle.dumps({b"fine_label_names": [b"apple", b"bear"]}, protocol=2))
    assert cifar_python.holds(tmp_path, "train") and not cifar_python.holds(tmp_path, "test")
    part = cifar_python.read(tmp_path, "train")
    assert part.targets.tolist() == list(range(10)) and part.classes == ("apple", "bear")


def test_a_folder_called_train_is_no_batch(tmp_path):
    (tmp_path / "train").mkdir()
    assert not cifar_python.holds(tmp_path, "train")


@pytest.mark.parametrize(
    ("held", "problem"),
    [
        ([1, 2], "holds a list, wanted a dictionary"),
        ({"labels": [1]}, "has the keys labels; wanted 'data'"),
        ({"data": np.zeros((1, 5), np.uint8), "labels": [1]}, "rows of 3072 unsigned bytes"),
        ({"data": IMAGES.reshape(10, -1)}, "wanted 'labels', a list of class ids"),
        ({"data": IMAGES.reshape(10, -1), "labels": ["1"] * 10}, "wanted 'labels', a list of class ids"),
        ({"data": IMAGES.reshape(10, -1), "labels": [2**70] * 10}, "wanted 'labels', a list of class ids"),
        ({"data": IMAGES.reshape(10, -1).astype(float), "labels": [1] * 10}, "applies numpy.dtype"),
    ],
)
def test_a_batch_that_is_none_is_refused(tmp_path, held, problem):
    (tmp_path / "test_batch").write_bytes(pickle.dumps(held, protocol=2))
    with pytest.raises(InputError, match=problem):
        cifar_python.read(tmp_path, "test")


def test_a_missing_batch_is_refused_by_name(tmp_path):
    (tmp_path / "data_batch_1").write_bytes(written.python2_batch(IMAGES, LABELS))
    with pytest.raises(InputError, match="data_batch_2 cannot be read"):
        cifar_python.read(tmp_path, "train")


def test_a_hostile_batch_is_refused_by_name(tmp_path):
    (tmp_path / "test_batch").write_bytes(b"cposix\nsystem\nU\x05false\x85R.")
    with pytest.raises(InputError, match=r"test_batch cannot be used: .*posix\.system.* Nothing of it was run\."):
        cifar_python.read(tmp_path, "test")


def test_a_meta_file_without_names_is_refused(tmp_path):
    (tmp_path / "test_batch").write_bytes(written.python2_batch(IMAGES, LABELS))
    (tmp_path / "batches.meta").write_bytes(pickle.dumps({"label_names": [1, 2]}, protocol=2))
    with pytest.raises(InputError, match="has no 'label_names'"):
        cifar_python.read(tmp_path, "test")
