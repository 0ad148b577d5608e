"""What bad input gets: one line that says what to do, exit code 1, and nothing written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.terminal import done, refused, typed

import onward

UPDATE = "update prod --data digits:train@rows=0:60"

# What is typed, and what is said of it.
MISTAKES = [
    ("updat prod", "No such command 'updat'. Did you mean 'update'? (see onward --help)"),
    ("update prod --dat x", "No such option: --dat"),
    ("update prod", "an update needs --data, what arrived; or --resume, to go on with one that was cut off"),
    ("log", "Missing argument 'REFERENCE' (see onward log --help)"),
    (f"{UPDATE} --epochs three", "Invalid value for '--epochs'"),
    (f"{UPDATE} --method replya", "unknown method 'replya'. Did you mean 'replay'?"),
    (f"{UPDATE} --method 'replay(sise=3)'", "unknown name 'sise'; did you mean 'size'?"),
    (f"{UPDATE} --method 'replay(size=-1)'", "size"),
    (f"{UPDATE} --method 'lwf |'", "write it like"),
    (f"{UPDATE} --set lrr=1", "unknown name 'lrr'; did you mean 'lr'?"),
    (f"{UPDATE} --set lr=-1 --set batch_size=0", "batch_size must be >= 1, got 0; lr must be > 0 and finite, got -1.0"),
    (f"{UPDATE} --set lr", "key=value, got 'lr'"),
    (f"{UPDATE} --steps -1", "steps must be >= 0"),
    (f"{UPDATE} --set device=cudaa", "device 'cudaa' cannot be used here"),
    (f"{UPDATE} --set \"augment=['turn']\"", "augment"),
    (f"{UPDATE} --as dead", "a head's name is"),
    (f"{UPDATE} --test digits:tset", "unknown split 'tset'. Did you mean 'test'?"),
    (f"{UPDATE} --test seven.npz", "the test set seven.npz: the data has inputs of shape (1, 7, 7)"),
    ("update prod --data digts", "unknown data set 'digts'. Did you mean 'digits'?"),
    ("update prod --data digits:train@clases=1", "unknown selection 'clases'. Did you mean 'classes'"),
    ("update prod --data digits@classes=77", "unknown class '77'"),
    ("update prod --data digits@rows=5:5", "selects 0 of 1438 examples"),
    ("update prod --data ./nowhere", "there is no file or folder nowhere"),
    ("update prod --data names.txt", "unknown data set 'names.txt'"),
    ("update prod --data ./names.txt", "is no source; wanted a folder, or a file that ends in"),
    ("update prod --data empty.npz", "holds no examples"),
    ("update prod --data outside.npz", "2 of 5 targets are out of range: 7, 9; with 3 class names"),
    ("update prod --data nan.npz", "1 of 5 rows in nan.npz cannot be used: row 2 (not finite, or missing)"),
    ("update prod --data seven.npz", "the data has inputs of shape (1, 7, 7), the model takes (1, 8, 8)"),
    ("update prod --data objects.npz", "only a pickle can"),
    ("update prod --data cut.npz", "not a whole .npz file"),
    ("update prod --data ./pictures", "2 of 6 images in pictures cannot be used: cat/1.png"),
    ("update raw --data digits:train@classes=3", "examples are of one class (3) and the model knows no other"),
    ("evaluate prod seven.npz", "the data has inputs of shape (1, 7, 7), the model takes (1, 8, 8)"),
    ("evaluate raw digits:test", "the learner knows no class yet"),
    ("predict prod seven.npz", "the data has inputs of shape (1, 7, 7), the model takes (1, 8, 8)"),
    ("predict raw digits:test", "the learner knows no class yet"),
    ("predict prod digits:test --out nowhere/said.csv", "cannot write nowhere/said.csv"),
    ("log prdo", "unknown head or version 'prdo'. Did you mean 'prod'?"),
    ("show 0123abcd", "unknown head or version '0123abcd'"),
    ("show prod~9", "'prod~9' asks for 9"),
    ("show prod~x", "after ~ comes how many versions to go back"),
    ("diff prod prdo", "Did you mean 'prod'?"),
    ("promote prdo prod", "Did you mean 'prod'?"),
    ("promote prod dead", "a head's name is"),
    ("rollback prood", "unknown head 'prood'. Did you mean 'prod'?"),
    ("rollback prod", ""),
    ("methods replayy", "unknown method 'replayy'. Did you mean 'replay'?"),
    ("run nowhere.toml", "there is no file nowhere.toml"),
    ("run names.txt", "is not a TOML file"),
    ("init prod --model mlp --shape 1,8,8", "there is a head 'prod' already"),
    ("init new --model mpl --shape 1,8,8", "unknown network 'mpl'. Did you mean 'mlp'?"),
    ("init new --model 'mlp(widht=8)' --shape 1,8,8", "unknown argument of mlp 'widht'. Did you mean 'width'?"),
    ("init new --model mlp", "give --shape, like 1,28,28, or --size, or a --test set"),
    (
        "init new --model mlp --shape 8,x",
        "--shape wants whole numbers >= 1 with commas between",
    ),
    ("init new --model cnn --shape 8,8", "cnn cannot be made for inputs of shape (8, 8)"),
    ("init new --model mlp --shape 1,8,8 --classes a,b --length 8", "--classes, --length is for yours"),
    ("init new --model mlp --shape 1,8,8 --test seven.npz", "the test set seven.npz"),
    ("init dead --model mlp --shape 1,8,8", "a head's name is"),
]


@pytest.fixture
def mistaken(lineage) -> Path:
    """The folder of a lineage in which broken files lie."""
    x, y = np.zeros((5, 1, 8, 8), np.float32), np.array([0, 1, 2, 0, 1])
    hole = x.copy()
    hole[2, 0, 3, 3] = np.nan
    np.savez("outside.npz", x=x, y=np.array([0, 1, 2, 7, 9]), classes=np.array(["a", "b", "c"]))
    np.savez("nan.npz", x=hole, y=y)
    np.savez("empty.npz", x=x[:0], y=y[:0])
    np.savez("seven.npz", x=np.zeros((5, 1, 7, 7), np.float32), y=y)
    np.savez("objects.npz", x=np.array([{}] * 5, dtype=object), y=y)
    Path("cut.npz").write_bytes(Path("nan.npz").read_bytes()[:200])
    Path("names.txt").write_text("one\ntwo\n")
    for name in ("cat", "dog"):
        (Path("pictures") / name).mkdir(parents=True)
        for k in range(3):
            Image.new("L", (8, 8), 40 * k).save(f"pictures/{name}/{k}.png")
    Path("pictures/cat/1.png").write_bytes(b"no picture")
    Path("pictures/dog/2.png").write_bytes(b"")
    return lineage


@pytest.mark.usefixtures("mistaken")
@pytest.mark.parametrize(("command", "said"), MISTAKES, ids=[command for command, _ in MISTAKES])
def test_a_mistake_is_explained_in_a_line_and_nothing_is_written(command, said):
    if command == "rollback prod":
        done("promote prod~1 fresh")
        command, said = "rollback fresh", "has named one version only"
    assert said in refused(command)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    "command",
    [
        UPDATE,
        "log prod",
        "show prod",
        "diff prod prod",
        "evaluate prod digits",
        "predict prod digits",
        "verify",
        "promote prod other",
        "rollback prod",
    ],
)
def test_without_a_lineage_the_way_to_one_is_said(command):
    assert "there is no lineage in .onward; make one with `onward init`" in refused(command)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("words", ["prod --test digits:tset", "prod --test nowhere/", "dead", "prod --seed one"])
def test_a_lineage_that_cannot_begin_leaves_no_folder(words):
    refused(f"init {words} --model mlp --shape 1,8,8")
    assert not Path(".onward").exists()


@pytest.mark.usefixtures("lineage")
def test_training_that_diverges_names_term_phase_and_step():
    said = refused(f"{UPDATE} --set lr=1e30 --set clip=none")
    assert "the term 'cross_entropy' became " in said and "in phase 'train' at step " in said
    assert "Lower lr or set clip; the parent is unchanged." in said


@pytest.mark.usefixtures("folder")
def test_everything_that_is_wrong_with_an_experiment_is_said_at_once():
    Path("wrong.toml").write_text(
        'seeds = 0\n[stream]\ndata = "digts"\nscenario = "class-incrmental"\nparts = 2\n[model]\nnet = "mpl"\n'
        '[methods]\na = "replya"\n[settings]\nepohs = 1\n'
    )
    said = refused("run wrong.toml", lines=7).splitlines()
    assert said[0] == "error: 6 problems in wrong.toml:"
    for wrong, nearest in (("digts", "digits"), ("class-incrmental", "class-incremental"), ("mpl", "mlp")):
        assert any(f"'{wrong}'. Did you mean '{nearest}'" in line for line in said)
    assert any("unknown method 'replya'. Did you mean 'replay'?" in line for line in said)
    assert any("'epohs'; did you mean 'epochs'?" in line for line in said)
    assert any(line.startswith("- seeds must be") for line in said)


@pytest.mark.usefixtures("lineage")
def test_rules_that_cannot_be_read_stop_an_update_before_it_begins():
    Path(".onward/lineage.toml").write_text("[gate]\nmargn = 0.1\nnegative_flips = 2\n")
    said = refused(UPDATE)
    assert "unknown name 'gate.margn'; did you mean 'margin'?" in said


def test_a_version_that_was_changed_is_refused_wherever_it_is_used(lineage):
    version = lineage / "versions" / done("show prod --json").json["id"]
    weights = version / "model.safetensors"
    raw = weights.read_bytes()
    weights.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    for command in ("evaluate prod digits:test", "predict prod digits:test", UPDATE, "diff prod~1 prod"):
        said = refused(command)
        assert "model.safetensors has hash" in said and "the card says" in said
    ended = typed("verify")
    assert (ended.code, ended.err) == (1, "")
    assert "model.safetensors has hash" in ended.out and ended.out.endswith("3 versions, 2 heads: 1 problem\n")
    assert len(typed("verify --json").json["problems"]) == 1
    assert done(f"promote {done('show prod~1 --json').json['id']} prod").code == 0  # there is a way out
    assert onward.load("prod").classes == ()


def test_a_version_that_was_cut_off_or_whose_card_was_written_in_is_refused(lineage):
    version = lineage / "versions" / done("show prod --json").json["id"]
    copy = shutil.copytree(version, lineage.parent / "copy")
    (version / "kept.safetensors").write_bytes((copy / "kept.safetensors").read_bytes()[:100])
    assert "kept.safetensors has hash" in refused("evaluate prod digits:test")
    shutil.copy(copy / "kept.safetensors", version)
    card = version / "card.json"
    card.write_text(card.read_text().replace('"seed": 0', '"seed": 1'))
    assert "card.json has hash" in refused("show prod")
    shutil.rmtree(version)
    assert "is gone; restore it from a copy" in refused("log prod")
