"""Small lineages with one file in a liar's hands, and the other texts that onward itself reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path

import tomli_w
from tests.store.worlds import saved, two_versions

from onward.catalogue import parsed
from onward.config import settings_from
from onward.datasets.names_file import class_names
from onward.datasets.source import Source
from onward.experiment.toml_file import read as read_experiment
from onward.gate.rules import Gate, Slice
from onward.nets.adapters import read_adapter
from onward.release.rules import CONFIG, Rules, rules_of, state
from onward.store.card import read_card
from onward.store.lineage import Lineage
from onward.store.tensors import read_weights
from onward.store.verify import verify
from onward.store.version import KEPT

EXPERIMENT = """
seeds = 1
watch = 4
[stream]
train = "./train.npz"
test = "./train.npz"
scenario = "class-incremental"
parts = 2
[model]
net = "mlp"
width = 4
[settings]
epochs = 1
lr = 0.1
[starts]
plain = "warm_start"
[methods]
a = {method = "lwf | replay(size=4)", start = "plain"}
[methods.b]
method = "ewc(strength=10)"
lr = 0.01
"""


def lineage(folder: Path) -> None:
    """Two versions under a head, and rules."""
    two_versions(folder / "lineage")
    rules = Rules(Gate(class_floors={"a": 0.5}, slices={"east": Slice("east.npz", 0.1)}))
    state(Lineage(folder / "lineage"), rules)


def the_version(folder: Path) -> tuple[Lineage, str]:
    """The lineage and the one version in it that no head names, or that the head goes back to."""
    held = Lineage(folder / "lineage")
    return held, next(id for id in held.ids() if id != held.heads.moves("prod")[-1])


def card(folder: Path, raw: bytes) -> None:
    """Put a card under its true id, so that only what it says can be wrong."""
    held, id = the_version(folder)
    true = held.versions / hashlib.sha256(raw).hexdigest()
    if not true.exists():  # else it is the card of one that is there
        (held.versions / id / "card.json").write_bytes(raw)
        (held.versions / id).rename(true)


def under_its_hash(name: str) -> Callable[[Path, bytes], None]:
    """Return what puts a file into a version whose card tells its true hash."""

    def plant(folder: Path, raw: bytes) -> None:
        held, id = the_version(folder)
        version = held.read(id)
        (version.path / name).write_bytes(raw)
        values = json.loads((version.path / "card.json").read_bytes())
        values["files"][name] = hashlib.sha256(raw).hexdigest()
        card(folder, json.dumps(values).encode())

    return plant


def load_version(folder: Path) -> object:
    """Load the version, after the lineage was looked through."""
    held, id = the_version(folder)
    verify(held)
    read_card((held.versions / id / "card.json").read_bytes(), "the card").written()
    return held.load(id)


def cards(folder: Path) -> list[bytes]:
    """True ones: of a version that began, and such as say all that a card can say."""
    held, id = the_version(folder)
    own = json.loads((held.versions / id / "card.json").read_bytes())
    fixture = Path(__file__).parents[1] / "store/fixtures/v1/versions"
    told = [json.loads(path.read_bytes()) for path in sorted(fixture.glob("*/card.json"))]
    return [json.dumps({**each, "net": own["net"], "files": own["files"]}).encode() for each in [own, *told]]


def of_version(name: str) -> Callable[[Path], list[bytes]]:
    """Return what gives that file of every version."""
    return lambda folder: [path.read_bytes() for path in sorted((folder / "lineage/versions").glob(f"*/{name}"))]


def with_kept(folder: Path) -> list[bytes]:
    saved(Lineage(folder / "lineage"), 1)
    return of_version(KEPT)(folder)


def use_head(folder: Path) -> object:
    held = Lineage(folder / "lineage")
    verify(held)
    return held.heads.all(), held.resolve("prod~1"), held.load("prod")


def rules_texts(_: Path) -> list[bytes]:
    east = {"source": "east.npz", "floor": 0.1}
    gate = {"margin": 0.01, "class_floors": {"a": 0.5}, "slices": {"east": east}, "budget": {"seconds": 5.0}}
    data = {"data": {"unlabeled": "skip", "overlap": "keep"}, "privacy": {"exemplar_free": True}}
    return [tomli_w.dumps(each).encode() for each in ({"gate": gate}, data)]


def text_of(folder: Path) -> str:
    return (folder / "text").read_bytes().decode(errors="surrogateescape")


def read_method(folder: Path) -> object:
    return parsed(text_of(folder))


def read_settings(folder: Path) -> object:
    return settings_from(text_of(folder).split("\n"))


def read_source(folder: Path) -> object:
    source = Source.parse(text_of(folder))
    assert Source.parse(str(source)) == source
    return source


def read_reference(folder: Path) -> object:
    return Lineage(folder / "lineage").resolve(text_of(folder))


def read_rules(folder: Path) -> object:
    return rules_of(Lineage(folder / "lineage"))


def names_in(name: str) -> Callable[[Path], object]:
    return lambda folder: class_names(folder / name)


def weights_in(name: str) -> Callable[[Path], object]:
    return lambda folder: {key: tensor.clone() for key, tensor in read_weights(folder / name).items()}


def experiment(folder: Path) -> object:
    with chdir(folder):
        return read_experiment("experiment.toml", data_dir=folder)


def adapter(folder: Path) -> object:
    return read_adapter(folder)


def as_lines(*texts: str) -> Callable[[Path], list[bytes]]:
    return lambda _: [text.encode() for text in texts]


def as_names(*held: object) -> Callable[[Path], list[bytes]]:
    return lambda _: [json.dumps(each).encode() for each in held]


CONFIG_IN = f"lineage/{CONFIG}"


def of_head(folder: Path) -> list[bytes]:
    return [(folder / "lineage/heads/prod").read_bytes()]
