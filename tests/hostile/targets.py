"""Every place where bytes from outside are read. A new one is an entry in ``TARGETS``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from tests.datasets.written import counted, drawn, idx_bytes
from tests.hostile import arrived, forms, headers, journals, stored
from tests.hostile.mutations import Mutation

from onward.datasets.options import Options
from onward.datasets.published import digits
from onward.release.cut import ARRIVAL
from onward.store.version import KEPT, MODEL

NUMBERS = "length,width,species,label\n5.1,3.5,1,a\n7.0,3.2,2,b\n,1,3,a\n1e3,2,4,b\n"
PATHS = "path,label\npets/cat/0.png,a\npets/dog/2.png,b\npets/cat/1.png,\n"


def nothing(folder: Path) -> None:
    """What a target needs beside its file: nothing."""


@dataclass(frozen=True)
class Target:
    """A place where bytes are read.

    Args:
        name: of the place.
        seeds: valid content, given the folder in which the world is.
        place: the path of the file in the folder, or what puts content there.
        read: what a user would do with it; afterwards it is refused, or used.
        world: what must lie in the folder besides.
        forms: changes that know what the content is.
    """

    name: str
    seeds: Callable[[Path], Sequence[bytes]]
    place: str | Callable[[Path, bytes], object]
    read: Callable[[Path], object]
    world: Callable[[Path], object] = nothing
    forms: tuple[Mutation, ...] = ()

    def plant(self, folder: Path, raw: bytes) -> None:
        """Put content into its place."""
        if isinstance(self.place, str):
            (folder / self.place).write_bytes(raw)
        else:
            self.place(folder, raw)

    def made(self, folder: Path) -> Sequence[bytes]:
        """Lay out the world in an empty folder, and return the seeds."""
        arrived.bait(folder)
        self.world(folder)
        return self.seeds(folder)


def archive(folder: Path) -> None:
    np.savez(folder / "train.npz", x=drawn(16, 3), y=counted(16, 4))
    digits.read("test")  # so that scikit-learn is imported before the time of a case runs


ARRAYS = partial(arrived.npy, drawn(6, 4), np.zeros((6, 2), np.float32))
METHODS = ("ewc(strength=10, decay=0.5) | replay(size=5, draw='mir')", "lwf(among='all')", "sgm | replay(size=2000)")
OVERRIDES = (
    "lr=0.1\nschedule=cosine\nepochs=3\nmomentum=0.9\nclip=none",
    "optimiser=adamw\nbatch_size=8\naugment=['flip', 'crop']",
)
SOURCES = (
    "mnist:train@classes=0,1,2@shuffle=0@rows=0:2000",
    "./birds.csv@label=species@size=32x16@channels=3",
    "a/b@c:test",
)
YAML = "path: x\nnames:\n  0: cat\n  1: dog\n", "- cat\n- dog\n", "cat: 0\ndog: 1\n", "names: &a [x, y]\nb: *a\n"
SIZED = Options(size=(8, 8))

TARGETS: tuple[Target, ...] = (
    Target("version card", stored.cards, stored.card, stored.load_version, stored.lineage, forms.JSON),
    Target(
        "version weights",
        stored.of_version(MODEL),
        stored.under_its_hash(MODEL),
        stored.load_version,
        stored.lineage,
        (headers.as_safetensors,),
    ),
    Target(
        "version kept",
        stored.with_kept,
        stored.under_its_hash(KEPT),
        stored.load_version,
        stored.lineage,
        (headers.as_safetensors,),
    ),
    Target("head", stored.of_head, "lineage/heads/prod", stored.use_head, stored.lineage),
    Target("version reference", stored.as_lines("prod~1", "prod"), "text", stored.read_reference, stored.lineage),
    Target(
        "journal",
        journals.of("update.json"),
        f"{journals.HERE}/update.json",
        journals.look,
        journals.world("now"),
        forms.JSON,
    ),
    Target(
        "journal, what was asked",
        journals.of(ARRIVAL),
        f"{journals.HERE}/{ARRIVAL}",
        journals.look,
        journals.world("now"),
        forms.JSON,
    ),
    Target(
        "journal entry",
        journals.of("now.safetensors"),
        journals.under_its_hashes("now.safetensors"),
        journals.go_on,
        journals.world("now"),
        (headers.as_safetensors,),
    ),
    Target(
        "journal facts",
        journals.as_facts("now"),
        journals.with_facts("now"),
        journals.go_on,
        journals.world("now"),
        forms.JSON,
    ),
    Target(
        "journal of a phase",
        journals.of("phase-000.safetensors"),
        journals.under_its_hashes("phase-000.safetensors"),
        journals.go_on,
        journals.world("phase-000"),
        (headers.as_safetensors,),
    ),
    Target(
        "journal facts of a phase",
        journals.as_facts("phase-000"),
        journals.with_facts("phase-000"),
        journals.go_on,
        journals.world("phase-000"),
        forms.JSON,
    ),
    Target("lineage.toml", stored.rules_texts, stored.CONFIG_IN, stored.read_rules, stored.lineage, (forms.as_toml,)),
    Target(
        "experiment TOML",
        stored.as_lines(stored.EXPERIMENT),
        "experiment.toml",
        stored.experiment,
        archive,
        (forms.as_toml,),
    ),
    Target("method text", stored.as_lines(*METHODS), "text", stored.read_method),
    Target("settings text", stored.as_lines(*OVERRIDES), "text", stored.read_settings, forms=(forms.as_toml,)),
    Target("source text", stored.as_lines(*SOURCES), "text", stored.read_source),
    Target("class names, text", stored.as_lines("cat\ndog\n", "\N{CAT}\n"), "n.txt", stored.names_in("n.txt")),
    Target(
        "class names, JSON",
        stored.as_names(["a", "b"], {"a": 0, "b": 1}, {"id2label": {"0": "a", "1": "b"}}),
        "n.json",
        stored.names_in("n.json"),
        forms=forms.JSON,
    ),
    Target("class names, YAML", stored.as_lines(*YAML), "n.yaml", stored.names_in("n.yaml"), forms=(forms.as_toml,)),
    Target(
        "weights, .pt",
        arrived.torch_files,
        "w.pt",
        stored.weights_in("w.pt"),
        forms=(headers.inside_zip(headers.as_pickle), headers.as_pickle),
    ),
    Target(
        "weights, safetensors",
        arrived.safe_files,
        "w.safetensors",
        stored.weights_in("w.safetensors"),
        forms=(headers.as_safetensors,),
    ),
    Target(
        "image in a folder",
        arrived.images,
        "pets/cat/0.png",
        arrived.read("pets", None, arrived.WHOLE),
        arrived.pictures,
        headers.IMAGE,
    ),
    Target(
        "image, resized",
        arrived.images,
        "pets/cat/0.png",
        arrived.read("pets", SIZED, arrived.WHOLE),
        arrived.pictures,
        headers.IMAGE,
    ),
    Target("CSV of numbers", stored.as_lines(NUMBERS), "t.csv", arrived.read("t.csv"), forms=(forms.as_lines,)),
    Target("CSV of paths", stored.as_lines(PATHS), "t.csv", arrived.read("t.csv"), arrived.pictures, (forms.as_lines,)),
    Target("Parquet", arrived.parquet, "t.parquet", arrived.read("t.parquet"), arrived.pictures),
    Target("Arrow stream", arrived.streams, "arrow/data-0.arrow", arrived.read("arrow"), arrived.arrow_folder),
    Target(
        "Arrow state", arrived.arrow_state, "arrow/state.json", arrived.read("arrow"), arrived.arrow_folder, forms.JSON
    ),
    Target("npz", arrived.archives, "a.npz", arrived.read("a.npz"), forms=(headers.inside_zip(headers.as_npy),)),
    Target("npy", lambda _: ARRAYS(), "pair/x.npy", arrived.read("pair"), arrived.pair, (headers.as_npy,)),
    Target(
        "IDX",
        lambda _: [idx_bytes(drawn(6, 4, 4))],
        "idx/train-images-idx3-ubyte",
        arrived.read("idx"),
        arrived.idx_folder,
    ),
    Target(
        "IDX, packed",
        arrived.packed,
        "idx/train-images-idx3-ubyte.gz",
        arrived.read("idx"),
        arrived.idx_folder,
        (headers.inside_gzip,),
    ),
    Target("CIFAR binary", arrived.records, "bin/data_batch_3.bin", arrived.read("bin"), arrived.binary_folder),
    Target(
        "CIFAR pickle", arrived.batches, "py/train", arrived.read("py"), arrived.pickled_folder, (headers.as_pickle,)
    ),
    Target(
        "contact sheets",
        arrived.sheets_seeds,
        "sheets/meta.json",
        arrived.read("sheets"),
        arrived.sheets_folder,
        forms.JSON,
    ),
    Target(
        "adapter config",
        arrived.adapter_configs,
        "adapter_config.json",
        stored.adapter,
        arrived.adapter_folder,
        forms.JSON,
    ),
    Target(
        "adapter weights",
        arrived.safe_files,
        "adapter_model.safetensors",
        stored.adapter,
        arrived.adapter_folder,
        (headers.as_safetensors,),
    ),
)
BY_NAME = {target.name: target for target in TARGETS}
