import numpy as np
import pytest
import torch
from tests.datasets import written

from onward.datasets.published import cifar_binary
from onward.datasets.reading import Reading
from onward.errors import InputError

IMAGES, LABELS = written.drawn(10, 3, 32, 32), written.counted(10, 10)


@pytest.fixture
def ten(tmp_path):
    folder = tmp_path / "cifar-10-batches-bin"
    written.cifar10_binary(folder, IMAGES, LABELS)
    return folder


def test_cifar10_binary_reads_back_all_five_batches_in_order(ten):
    part = cifar_binary.read(ten, "train")
    assert torch.equal(part.inputs, torch.tensor(IMAGES))
    assert part.targets.tolist() == list(range(10))
    assert part.classes == ()


def test_cifar10_binary_reads_names_from_its_meta_file(ten):
    (ten / "batches.meta.txt").write_text("airplane\nautomobile\nbird\n\n")
    assert cifar_binary.read(ten, "train").classes == ("airplane", "automobile", "bird")
    (ten / "batches.meta.txt").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(InputError, match="text file of class names"):
        cifar_binary.read(ten, "train")


def test_cifar100_binary_takes_the_fine_label(tmp_path):
    coarse, fine = np.full(10, 19, np.uint8), written.counted(10, 100) + 90
    records = np.concatenate([coarse[:, None], fine[:, None], IMAGES.reshape(10, -1)], axis=1).astype(np.uint8)
    (tmp_path / "test.bin").write_bytes(records.tobytes())
    assert cifar_binary.holds(tmp_path, "test") and not cifar_binary.holds(tmp_path, "train")
    part = cifar_binary.read(tmp_path, "test")
    assert part.targets.tolist() == list(range(90, 100))
    assert torch.equal(part.inputs, torch.tensor(IMAGES))


def test_a_missing_batch_is_refused_by_name(ten):
    (ten / "data_batch_4.bin").unlink()
    with pytest.raises(InputError, match=r"data_batch_4\.bin"):
        cifar_binary.read(ten, "train")


def test_a_cut_batch_is_refused_with_its_length(ten):
    path = ten / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match="has 6141 bytes; wanted a multiple of 3073"):
        cifar_binary.read(ten, "train")


def test_an_empty_batch_holds_no_examples(tmp_path):
    (tmp_path / "test_batch.bin").write_bytes(b"")
    with pytest.raises(InputError, match="holds no examples"):
        cifar_binary.read(tmp_path, "test").raw().taken(Reading())
