"""A pickle is never run, wherever it lies."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path
from shutil import rmtree  # noqa: F401 - what a card names below

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from tests.hostile.cases import tried
from tests.hostile.targets import TARGETS
from tests.store.test_refused import Planted
from tests.store.worlds import lying, two_versions
from tests.store.worlds import saved as saved_version

from onward.errors import InputError


def planted(marker: Path) -> dict[str, bytes]:
    """Files of every form that can hold a pickle, each of which makes ``marker`` when it is run."""
    bait = Planted(marker)
    bare = {f"protocol {number}": pickle.dumps(bait, number) for number in range(pickle.HIGHEST_PROTOCOL + 1)}
    held = bare["protocol 2"]
    return {
        **bare,
        "in a dictionary of CIFAR's": pickle.dumps({"data": bait, "fine_labels": [0]}, 2),
        "an array of objects": saved(np.save, np.array([bait, bait], object)),
        "archive of objects": saved(
            lambda out, array: np.savez(out, x=array, y=array), np.array([[bait], [bait]], object)
        ),
        "torch": saved(lambda out, value: torch.save(value, out), {"state_dict": {"weight": bait}}),
        "old torch": saved(
            lambda out, value: torch.save(value, out, _use_new_zipfile_serialization=False), {"weight": bait}
        ),
        "archive named as torch's": zipped(
            {"archive/data.pkl": held, "archive/version": b"3\n", "x.npy": held, "y.npy": held}
        ),
        "Parquet": saved(
            lambda out, table: pq.write_table(table, out), pa.table({"image": [held], "x": [held], "label": [0]})
        ),
        "JSON": json.dumps({"names": [held.decode("latin-1")], "data": list(held)}).encode(),
        "text": b"path,label\n" + bare["protocol 0"] + b",a\n",
        "behind a length": len(held).to_bytes(8, "little") + held,
    }


def saved(write, value) -> bytes:
    out = io.BytesIO()
    write(out, value)
    return out.getvalue()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
def test_a_pickle_that_is_planted_is_never_run(target, tmp_path):
    folder, marker = tmp_path / "world", tmp_path / "planted"
    target.made(folder)
    for form, raw in planted(marker).items():
        said = tried(target, folder, raw)
        assert said in ({"valid": ""}, {"refused": ""}), form
        assert not marker.exists(), form


def test_they_would_run(tmp_path):
    pickle.loads(planted(tmp_path / "planted")["protocol 0"])
    assert (tmp_path / "planted").exists()
    torch.load(io.BytesIO(planted(tmp_path / "by torch")["torch"]), weights_only=False)
    assert (tmp_path / "by torch").exists()
    np.load(io.BytesIO(planted(tmp_path / "by numpy")["an array of objects"]), allow_pickle=True)
    assert (tmp_path / "by numpy").exists()


@pytest.mark.parametrize(
    ("factory", "arguments"),
    [
        ("os:mkdir", {"path": "{marker}"}),
        ("os:system", {"command": "touch {marker}"}),
        ("subprocess:run", {"args": ["touch", "{marker}"]}),
        ("builtins:exec", {"source": "open('{marker}', 'w')"}),
        ("onward.store.files:mkdtemp", {"dir": "{marker}"}),
        ("tests.hostile.test_no_pickle:rmtree", {"path": "{marker}"}),
    ],
)
def test_a_card_cannot_have_python_s_own_functions_called(tmp_path, factory, arguments):
    lineage, first, _ = two_versions(tmp_path / "lineage")
    marker = tmp_path / "planted"
    given = json.loads(json.dumps(arguments).replace("{marker}", str(marker)))
    backbone = {"net": "imported", "factory": factory, "arguments": given}
    liar = lying(lineage, saved_version(lineage, 3), net={**first.card.net, "backbone": backbone})
    with pytest.raises(InputError, match=r"Python's own library|makes no network|unknown name"):
        lineage.load(liar)
    assert not marker.exists()
