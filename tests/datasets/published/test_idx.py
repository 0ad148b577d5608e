import gzip

import pytest
import torch
from tests.datasets import written

from onward.datasets.published import idx
from onward.datasets.reading import Reading
from onward.errors import InputError


@pytest.fixture
def images():
    return written.drawn(6, 5, 4)


@pytest.fixture
def labels():
    return written.counted(6, 3)


@pytest.mark.parametrize("packed", [True, False])
def test_idx_reads_back_what_was_written(tmp_path, images, labels, packed):
    written.idx(tmp_path, "test", images, labels, packed)
    part = idx.read(tmp_path, "test")
    assert torch.equal(part.inputs, torch.tensor(images)[:, None])
    assert torch.equal(part.targets, torch.tensor([0, 1, 2, 0, 1, 2]))


def test_idx_files_may_have_a_dot_before_idx(tmp_path, images, labels):
    (tmp_path / "train-images.idx3-ubyte").write_bytes(written.idx_bytes(images))
    (tmp_path / "train-labels.idx1-ubyte").write_bytes(written.idx_bytes(labels))
    assert idx.holds(tmp_path, "train") and not idx.holds(tmp_path, "test")
    assert torch.equal(idx.read(tmp_path, "train").inputs[:, 0], torch.tensor(images))


def test_idx_images_without_labels_are_refused(tmp_path, images, labels):
    written.idx(tmp_path, "train", images, labels)
    (tmp_path / "train-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(InputError, match="lacks its labels"):
        idx.read(tmp_path, "train")


def test_idx_of_unequal_counts_is_refused_with_both(tmp_path, images, labels):
    written.idx(tmp_path, "train", images, labels[:4])
    with pytest.raises(InputError, match="6 inputs but 4 targets"):
        idx.read(tmp_path, "train").raw().taken(Reading())


@pytest.mark.parametrize("start", [b"\x00\x00\x0d\x03", b"\x00\x00\x08\x01", b"PK\x03\x04", b""])
def test_idx_of_another_type_rank_or_format_is_refused(tmp_path, images, start):
    path = tmp_path / "raw"
    path.write_bytes(start + written.idx_bytes(images)[4:] if start else b"")
    with pytest.raises(InputError, match="no IDX file"):
        idx.values(path, axes=3)


@pytest.mark.parametrize("packed", [True, False])
def test_a_header_that_announces_more_than_the_file_can_hold_takes_no_memory(tmp_path, packed):
    lie = bytes([0, 0, 8, 3]) + b"\xff" * 12 + bytes(100)
    path = tmp_path / ("lie.gz" if packed else "lie")
    path.write_bytes(gzip.compress(lie) if packed else lie)
    with pytest.raises(InputError, match=f"announces {(2**32 - 1) ** 3} values, more than"):
        idx.values(path, axes=3)


def test_a_header_that_announces_a_little_more_or_less_than_follows_is_refused(tmp_path, images):
    path = tmp_path / "values.gz"
    for held, came in ((written.idx_bytes(images)[:-1], "119"), (written.idx_bytes(images) + b"0", "more")):
        path.write_bytes(gzip.compress(held))
        with pytest.raises(InputError, match=f"announces 120 values but holds {came}"):
            idx.values(path, axes=3)


def test_an_idx_file_cut_anywhere_is_refused(tmp_path, images):
    packed, raw = gzip.compress(written.idx_bytes(images)), written.idx_bytes(images)
    for path, held in ((tmp_path / "cut.gz", packed), (tmp_path / "cut", raw)):
        for length in range(len(held)):
            path.write_bytes(held[:length])
            with pytest.raises(InputError, match="cut"):
                idx.values(path, axes=3)


def test_a_gzip_file_with_any_byte_changed_is_read_or_refused_but_never_crashes(tmp_path, images):
    held = gzip.compress(written.idx_bytes(images))
    path, refused = tmp_path / "changed.gz", 0
    for place in range(len(held)):
        path.write_bytes(held[:place] + bytes([held[place] ^ 0x55]) + held[place + 1 :])
        try:
            idx.values(path, axes=3)
        except InputError:
            refused += 1
    assert refused > len(held) / 2
