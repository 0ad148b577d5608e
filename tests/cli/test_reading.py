"""Commands that read: what they print, and as JSON."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.cli.terminal import contents, done, refused, typed

import onward
from onward import catalogue
from onward.catalogue import CHAINS, names

pytestmark = pytest.mark.usefixtures("lineage")

VERBS = ["log prod", "show prod", "diff prod~1 prod", "evaluate prod digits:test", "predict prod digits:test@rows=0:9"]


@pytest.mark.parametrize("verb", [*VERBS, "verify", "methods", "methods ewc"])
def test_a_verb_that_reads_prints_json_and_nothing_else_and_writes_nothing(verb):
    before = contents(Path())
    assert done(f"{verb} --json").json
    assert done(verb).out
    assert contents(Path()) == before


def test_log_tells_a_version_in_two_lines_and_names_the_test_sets_below():
    done("promote prod candidate")
    young, old = done("log prod --json").json
    accuracy = f"{100 * young['measures'][0]['accuracy']:.1f}"
    when = [card["created"][:16].replace("T", " ") for card in (young, old)]
    assert done("log prod").out.splitlines() == [
        "version   heads            made (UTC)        classes  gate  accuracy %",
        f"{young['id'][:8]}  candidate, prod  {when[0]}        3  PASS  {accuracy:>5}",
        "          replay(size=40, per_batch=16) on 200 examples of digits:train@classes=0,1,2@rows=0:200",
        f"{old['id'][:8]}                   {when[1]}        0            -",
        "          begun by init",
        "accuracy % on  digits:test@classes=0,1,2@rows=0:60",
    ]


def test_show_tells_the_facts_of_the_card():
    told, card = done("show prod"), done("show prod --json").json
    assert told.fact("version") == card["id"] and told.fact("parent") == card["parent"]
    assert told.fact("made").endswith(" UTC by replay(size=40, per_batch=16), seed 0")
    assert told.fact("network") == "mlp(depth=1, dropout=0.0, shape=[1, 8, 8], width=24)"
    assert told.fact("classes") == "3: 0, 1, 2"
    assert told.fact("settings") == "epochs=10; else the usual"
    assert f"fingerprint {card['data']['fingerprint'][:8]}\n" in told.out
    assert done("show prod~1").fact("made").endswith(" UTC by init")


def test_diff_tells_what_changed_and_how_far_the_weights_moved():
    told = done("diff prod~1 prod")
    rows = [line.split("  ") for line in told.out.splitlines()]
    assert told.fact("classes") == "added: 0, 1, 2"
    assert ["settings.epochs", "10"] in [[row[0], row[-1].strip()] for row in rows]
    first, second = (onward.load(name).model.backbone.state_dict() for name in ("prod~1", "prod"))
    gone = sum(float((second[key] - first[key]).double().square().sum()) for key in first)
    was = sum(float(first[key].double().square().sum()) for key in first)
    (moved,) = (line.split() for line in told.out.splitlines() if line.startswith("backbone.layers"))
    assert moved == ["backbone.layers", "1,560", f"{100 * (gone / was) ** 0.5:.2f}", "%"]  # 64 * 24 + 24 numbers
    assert "None" not in told.out
    assert done("diff prod prod --json").json["changed"] == {}


def test_evaluate_counts_by_class_and_says_which_it_does_not_know():
    judged = done("evaluate prod digits:test@classes=1,2,7 --json").json
    test = onward.read("digits:test@classes=1,2,7")
    said = np.array(onward.load("prod").predict(test.inputs).names)
    for name in "12":
        here = test.targets.numpy() == int(name)
        share = (said[here] == name).mean()
        assert judged["by_class"][name] == {"examples": int(here.sum()), "accuracy": pytest.approx(share)}
    assert judged["by_class"]["7"]["accuracy"] is None
    right = sum(each["examples"] * (each["accuracy"] or 0) for each in judged["by_class"].values())
    assert judged["accuracy"] == pytest.approx(right / len(test))
    lines = done("evaluate prod digits:test@classes=1,2,7").out.splitlines()
    assert lines[0].startswith(
        f"{judged['version'][:8]} on digits:test@classes=1,2,7: {100 * judged['accuracy']:.1f} % of "
    )
    assert lines[-1].split() == ["7", str(judged["by_class"]["7"]["examples"]), "not", "known"]


def test_evaluate_of_unknown_classes_alone_is_no_error():
    assert done("evaluate prod digits:test@classes=8,9 --json").json["accuracy"] == 0


def test_predictions_are_the_same_as_text_as_csv_and_as_json():
    rows = done("predict prod digits:test@rows=0:4 --json").json
    head, *lines = done("predict prod digits:test@rows=0:4").out.splitlines()
    assert head.split() == list(rows[0]) == ["row", "class", "probability"]
    assert [line.split() for line in lines] == [
        [str(row["row"]), row["class"], f"{row['probability']:.3f}"] for row in rows
    ]
    assert done("predict prod digits:test@rows=0:4 --out said.csv").out == "4 predictions written to said.csv\n"
    text = "row,class,probability\n" + "".join(f"{','.join(map(str, row.values()))}\n" for row in rows)
    assert Path("said.csv").read_text() == text
    assert all(1 / 3 <= row["probability"] <= 1 for row in rows)  # the greatest of three


@pytest.fixture
def pictures(folder):
    """Twelve digits as files without a class, the fourth of them cut off; and the same as an array."""
    digits = onward.read("digits:test@classes=0,1,2@rows=0:12").inputs
    np.savez(folder / "alone.npz", x=digits)
    for row, image in enumerate(digits):
        path = folder / "pictures" / f"{row:02}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(image[0].numpy()).save(path)
    path = folder / "pictures" / "03.png"
    path.write_bytes(path.read_bytes()[:40])
    return digits


def test_examples_without_a_class_are_predicted_by_where_they_lie(pictures):
    rows = done("predict prod alone.npz --json").json
    assert [row["class"] for row in rows] == onward.load("prod").predict(pictures).names
    assert rows[5:6] == done("predict prod alone.npz@rows=5:6 --json").json
    assert done("predict prod ./pictures/05.png --json").json == [
        {"row": 0, "class": rows[5]["class"], "probability": rows[5]["probability"], "file": "pictures/05.png"}
    ]


def test_what_cannot_be_used_is_refused_or_left_out_and_told(pictures):
    assert "1 of 12 images in pictures cannot be used: 03.png" in refused("predict prod ./pictures")
    rows = done("predict prod alone.npz --json").json
    good = [row | {"file": f"pictures/{row['row']:02}.png"} for row in rows if row["row"] != 3]
    assert done("predict prod ./pictures --corrupt skip --json").json == good
    head, first, *_, end = done("predict prod ./pictures --corrupt skip").out.splitlines()
    assert head.split() == ["row", "class", "probability", "file"] and first.endswith("  pictures/00.png")
    assert end == "left out: 1 corrupt (03.png)"
    done("predict prod ./pictures --corrupt skip --out said.csv")
    assert Path("said.csv").read_text().startswith("row,class,probability,file\n0,")


def test_what_the_lineage_s_file_says_of_data_holds_for_every_command(pictures):
    labels = onward.read("digits:test@classes=0,1,2@rows=0:12").targets.numpy()
    np.savez("test.npz", x=pictures, y=np.where(np.arange(12) == 4, -1, labels))
    assert "1 of 12 rows in test.npz has no class: row 4" in refused("evaluate prod test.npz")
    said = done("evaluate prod test.npz --unlabeled skip --json").json
    assert (said["examples"], said["unlabeled"], said["corrupt"]) == (11, 1, 0)
    assert done("evaluate prod test.npz --unlabeled skip").out.endswith("left out: 1 unlabeled (row 4)\n")
    Path(".onward/lineage.toml").write_text('[data]\nunlabeled = "skip"\ncorrupt = "skip"\n')
    assert done("evaluate prod test.npz --json").json == said
    assert len(done("predict prod ./pictures --json").json) == 11
    assert done("forget prod test.npz").out.endswith("left out: 1 unlabeled (row 4)\n")
    assert "has no class: row 4" in refused("evaluate prod test.npz --unlabeled refuse")
    assert "has no class: row 4" in refused("forget prod test.npz --unlabeled refuse")


def test_verify_counts_what_it_read():
    assert done("verify").out == "3 versions, 2 heads: all is as it was written\n"
    assert done("verify --json").json == {"versions": 3, "heads": 2, "problems": [], "stripped": 0}


def test_methods_lists_every_method_with_what_it_holds_and_keeps_and_tells_all_of_one():
    listing = {line.split()[0]: line for line in done("methods").out.splitlines()[1:]}
    assert list(listing) == [*names(), *CHAINS]
    assert listing["ewc"].split()[1:3] == ["same,", "shift"] and "two numbers a parameter" in listing["ewc"]
    assert listing["mir"].split()[1:5] == ["same,", "new,", "shift,", "mixed"]
    assert "reconstruction" in listing["ckca"] and "no paper" in listing["warm_start"]
    told = done("methods lwf").out
    assert told.startswith("lwf\n\n") and "\nReferences:\n" in told
    assert "strength=1.0, temperature=2.0" in told and "  holds       same classes, shifted domain\n" in told
    assert done("methods scratch").out.endswith("nothing of the past in any scenario\n")
    assert done("methods sgm").out.startswith("sgm\n\nThe chain least_squares(")
    (described,) = done("methods lwf --json").json
    assert [field["name"] for field in described["fields"]] == ["strength", "temperature", "among", "weight"]
    assert described["sections"]["Keeps"] == "nothing" and described["holds"] == ["same classes", "shifted domain"]


def test_of_another_packages_method_it_is_not_said_what_it_holds(monkeypatch):
    point = EntryPoint("foreign", "tests.preflight.test_fitness:Foreign", catalogue.ENTRY_POINTS)
    monkeypatch.setattr(catalogue, "entry_points", lambda group, name="foreign": [point] if name == "foreign" else [])
    (described,) = done("methods foreign --json").json
    assert described["holds"] is None
    assert "holds" not in done("methods foreign").out
    (line,) = (line for line in done("methods").out.splitlines() if line.startswith("foreign"))
    assert line.split()[1:4] == ["-", "-", "-"]


def test_a_reference_that_means_several_versions_is_refused(lineage):
    ids = [path.name for path in (lineage / "versions").iterdir()]
    twin = ids[0][:4] + "".join("0" if digit != "0" else "1" for digit in ids[0][4:])
    (lineage / "versions" / twin).mkdir()
    ended = typed(f"show {ids[0][:4]}")
    assert ended.code == 1 and "give more digits" in ended.err
