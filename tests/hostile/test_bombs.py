"""What announces more than it holds, or holds more than anyone has room for, is refused before memory is taken."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.datasets.written import drawn, encoded
from tests.hostile.watch import bounded
from tests.store.worlds import learner, lying, saved, two_versions

from onward.content import fingerprint
from onward.datasets.names_file import class_names
from onward.datasets.options import Options
from onward.datasets.places import found
from onward.datasets.reading import Reading
from onward.errors import InputError, OnwardError, StoreError
from onward.nets.zoo import build
from onward.store.announced import numbers_of
from onward.store.heads import Heads
from onward.store.version import MODEL

MEMORY, SECONDS = 2**27, 20.0


@pytest.fixture(autouse=True)
def little():
    """Some of these would fill any memory, and some would never end."""
    with bounded(SECONDS, MEMORY):
        yield


def read(path):
    return found(path, None, Options(), Reading(workers=1)).taken(Reading(workers=1))


def blank(width: int, height: int) -> bytes:
    """A PNG image of one bit a pixel, all black: a thousandth of what it takes when it is decoded."""
    pieces = [b"\x89PNG\r\n\x1a\n"]
    lines = zlib.compress(bytes((width // 8 + 1) * height), 9)
    for name, held in (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)),
        (b"IDAT", lines),
        (b"IEND", b""),
    ):
        pieces.append(struct.pack(">I", len(held)) + name + held + struct.pack(">I", zlib.crc32(name + held)))
    return b"".join(pieces)


@pytest.mark.parametrize(
    ("side", "said"), [(9_500, r"9500 x 9500 pixels are more than 89,478,485; make it smaller"), (20_000, "bomb")]
)
def test_an_image_of_more_pixels_than_pillow_trusts_is_refused_where_pillow_warns_and_where_it_raises(
    tmp_path, side, said
):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/0.png").write_bytes(blank(side, side))
    with warnings.catch_warnings(), pytest.raises(InputError, match=f"0.png.*{said}"):
        warnings.simplefilter("ignore")
        read(tmp_path)


@pytest.mark.parametrize(
    "start", [b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n", b"P6 2 2 255 " + bytes(12), b"qoif" + bytes(30)]
)
def test_an_image_of_a_kind_that_nobody_asked_for_is_refused_whatever_it_is_called(tmp_path, start):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/0.png").write_bytes(start)
    with pytest.raises(InputError, match="cannot identify image file"):
        read(tmp_path)


def test_a_pipe_among_images_is_not_waited_for(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a/0.png").write_bytes(encoded(drawn(1, 8, 8)[0]))
    os.mkfifo(tmp_path / "a/1.png")
    with pytest.raises(InputError, match=r"1\.png \(cannot be read as an image: it is no file\)"):
        read(tmp_path)


def test_parquet_that_announces_a_thousand_rows_a_byte_is_refused(tmp_path):
    same = np.zeros(2_000_000, np.uint8)
    table, large = pa.table({"x": same, "label": same}), 2**25
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=large, max_rows_per_page=large, data_page_size=large)
    assert (tmp_path / "t.parquet").stat().st_size < 1000
    with pytest.raises(InputError, match=r"announces 2,000,000 rows in [\d,]+ bytes: it is a bomb"):
        read(tmp_path / "t.parquet")


def test_a_table_of_equal_rows_is_no_bomb(tmp_path):
    pq.write_table(pa.table({"x": np.ones(100_000), "label": np.arange(100_000) % 2}), tmp_path / "t.parquet")
    assert len(read(tmp_path / "t.parquet").data) == 100_000


@pytest.mark.parametrize("file", ["../bait.png", "/etc/hostname", "a/../../bait.png", "{outside}/bait.png"])
def test_a_table_cannot_name_files_that_are_not_in_its_folder(tmp_path, file):
    (tmp_path / "bait.png").write_bytes(encoded(drawn(1, 8, 8)[0]))
    (tmp_path / "here").mkdir()
    (tmp_path / "here/t.csv").write_text(f"path,label\n{file.format(outside=tmp_path)},a\n")
    with pytest.raises(InputError, match="the column 'path', names files that are not in the table's folder"):
        read(tmp_path / "here/t.csv")


def test_two_hundred_thousand_class_names_are_looked_through_at_once(tmp_path):
    names = [f"class {k}" for k in range(200_000)]
    (tmp_path / "n.txt").write_text("\n".join(names))
    assert class_names(tmp_path / "n.txt") == tuple(names)
    (tmp_path / "n.txt").write_text("\n".join([*names, "class 7"]))
    with pytest.raises(InputError, match="these come twice: class 7"):
        class_names(tmp_path / "n.txt")


def test_aliases_of_aliases_are_not_written_out(tmp_path):
    lines = [
        "a0: &a0 [x, x]",
        *(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]" for k in range(1, 40)),
        "names: [*a39]",
    ]
    (tmp_path / "n.yaml").write_text("\n".join(lines))
    with pytest.raises(InputError, match="is no name"):
        class_names(tmp_path / "n.yaml")


def test_text_that_is_no_text_is_refused(tmp_path):
    held = io.BytesIO()
    np.savez(held, x=drawn(2, 3), y=np.array([0x41, 0x7FFFFFFF], "<u4").view("<U1"))
    (tmp_path / "a.npz").write_bytes(held.getvalue())
    with pytest.raises(InputError, match="numbers that stand for no character"):
        read(tmp_path / "a.npz")


def test_a_class_that_no_encoding_can_write_is_read_and_has_a_fingerprint(tmp_path):
    folder = os.fsencode(tmp_path) + b"/\xff"
    os.mkdir(folder)  # noqa: PTH102 - a path of bytes
    with open(folder + b"/0.png", "wb") as file:  # noqa: PTH123 - as above
        file.write(encoded(drawn(1, 8, 8)[0]))
    assert len(fingerprint(read(tmp_path).data)) == 64


@pytest.mark.parametrize(
    "lie",
    [
        {"width": 10**15},
        {"width": 200_000},
        {"width": [5_000, 5_000]},
        {"depth": 10**9},
        {"depth": 10**400},
        {"shape": [10**8]},
    ],
)
def test_a_network_that_is_larger_than_its_weights_is_refused_before_memory_is_taken(tmp_path, lie):
    lineage, first, _ = two_versions(tmp_path / "lineage")
    spec = first.card.net
    liar = lying(lineage, saved(lineage, 3), net={**spec, "backbone": {**spec["backbone"], **lie}})
    with pytest.raises(StoreError, match=r"has [\d,]+ numbers or more, and its weights are [\d,]+ bytes|not fit"):
        lineage.load(liar)


def test_a_network_is_measured_as_it_is():
    model = learner(1).model
    assert numbers_of(model.spec()) == sum(tensor.numel() for tensor in model.state_dict().values())
    assert numbers_of({**model.spec(), "backbone": {"net": "imported", "factory": "nowhere:nothing"}}) == 0
    assert numbers_of({"net": "classifier"}) == 0


@pytest.mark.parametrize(
    "lie", [{"mean": "x"}, {"sizes": [-1]}, {"sizes": "ab"}, {"reads": [10**30]}, {"features": 1.5}, {"tasks": 3}]
)
def test_a_classifier_of_values_that_no_network_has_is_refused(lie):
    with pytest.raises(InputError):
        build({**learner(1).model.spec(), **lie})


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
@pytest.mark.parametrize("what", ["card", "head"])
def test_what_is_no_plain_file_in_a_lineage_is_not_read(tmp_path, what, kind):
    lineage, _, second = two_versions(tmp_path / "lineage")
    path = second.path / "card.json" if what == "card" else lineage.heads.folder / "prod"
    outside = path.rename(tmp_path / "outside")
    {"link": lambda: path.symlink_to(outside), "pipe": lambda: os.mkfifo(path), "folder": path.mkdir}[kind]()
    with pytest.raises(StoreError, match=r"cannot be read \(it is no plain file\)"):
        lineage.load("prod")


def test_more_versions_back_than_any_lineage_has_are_refused(tmp_path):
    lineage = two_versions(tmp_path / "lineage")[0]
    for back in ("9" * 5000, "\N{SUPERSCRIPT TWO}", "1" * 9):
        with pytest.raises(OnwardError):
            lineage.resolve(f"prod~{back}")


def test_weights_of_no_file_at_all_are_refused(tmp_path):
    lineage, _, second = two_versions(tmp_path / "lineage")
    (second.path / MODEL).unlink()
    os.mkfifo(second.path / MODEL)
    with pytest.raises(StoreError, match=r"model\.safetensors is missing"):
        lineage.load("prod")
    assert Heads(lineage.heads.folder).names() == ["prod"]
