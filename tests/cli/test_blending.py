"""What lies between versions, as it is typed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
from tests.cli.terminal import done, refused, typed

import onward
from onward.engine.evaluate import judge

OLD = "digits:test@classes=0,1,2@rows=0:60"
NEW = "digits:test@classes=3,4@rows=0:40"
HELD = "--choose-on digits:train@classes=0,1,2@rows=300:400 --choose-on digits:train@classes=3,4@rows=200:280"
MORE = "--data digits:train@classes=0,1,2@rows=200:300 --method warm_start"
LOOSE = "[gate]\nmargin = 1.0\nnegative_flips = 1.0\n"


@pytest.fixture(scope="session")
def with_trial(tmp_path_factory, made_lineage) -> tuple[Path, str]:
    """A lineage, and the id of a child of ``prod`` that learnt two classes more and forgot: the gate holds it back."""
    place = shutil.copytree(made_lineage, tmp_path_factory.mktemp("trial") / ".onward")
    arrived = f"--data digits:train@classes=3,4@rows=0:200 --test {NEW} --method warm_start --epochs 5"
    ended = typed(f"update prod {arrived} --json --lineage {place}")
    assert (ended.code, ended.json["promoted"]) == (3, False)
    return place, ended.json["version"]


@pytest.fixture
def trial(folder, with_trial) -> str:
    """The id of that child, in a copy of the lineage where commands look for one."""
    place, id = with_trial
    shutil.copytree(place, folder / ".onward")
    return id


def id_of(reference: str) -> str:
    return done(f"show {reference} --json").json["id"]


def weights(reference: str) -> dict[str, torch.Tensor]:
    return onward.load(reference).model.state_dict()


def test_a_line_is_told_point_by_point(trial):
    told, values = done(f"connect prod {trial}"), done(f"connect prod {trial} --json").json
    assert told.fact("line") == f"{id_of('prod')[:8]} (alpha 0) to {trial[:8]} (alpha 1)"
    assert (told.fact("[1]"), told.fact("[2]")) == (OLD, NEW)
    lines = told.out.splitlines()
    assert lines[3].split() == ["alpha", "loss", "[1]", "right", "%", "[1]", "loss", "[2]", "right", "%", "[2]"]
    old, new = values["profiles"]
    assert len(old["alphas"]) == 11
    for k, line in enumerate(lines[4:15]):
        cells = (
            [f"{each['losses'][k]:.4f}" for each in (old, new)],
            [100 * each["accuracies"][k] for each in (old, new)],
        )
        alpha, first, right, second, also = line.split()
        assert (float(alpha), [first, second]) == (pytest.approx(k / 10), cells[0])
        assert [float(right), float(also)] == pytest.approx(cells[1], abs=0.051)
    assert new["accuracies"][0] == 0 and new["accuracies"][-1] > 0.9 and old["accuracies"][0] > old["accuracies"][-1]
    assert told.fact("barrier").startswith(f"{old['barrier']:.4f} [1]")
    assert "statistics" not in told.out and "curvature" not in told.out and values["sharpness"] == []


def test_a_line_on_named_data_is_drawn_and_bent(trial):
    told = done(f"connect prod {trial} --data {NEW} --points 2 --curvature 3 --out line.png")
    assert told.out.endswith("the picture is line.png\n") and Path("line.png").read_bytes()[:4] == b"\x89PNG"
    first, second = told.fact("curvature").split("; ")
    assert first.count(",") == second.count(",") == 2
    assert first.endswith(" at alpha 0") and second.endswith(" at alpha 1 [1]")
    (sharp,) = done(f"connect prod {trial} --data {NEW} --points 2 --curvature 3 --json").json["sharpness"]
    assert sharp["first"] == sorted(sharp["first"], reverse=True) and f"{sharp['first'][0]:.4g}" in first


def test_a_version_of_another_lineage_may_be_the_other_end(trial):
    done("init far --model 'mlp(width=24, depth=1)' --shape 1,8,8 --seed 5 --lineage far")
    done("update far --data digits:train@classes=0,1,2@rows=0:200 --epochs 10 --lineage far")
    told = done(f"connect prod far --second-lineage far --data {OLD}")
    assert told.fact("warning") == "they have no common ancestor"
    values = done(f"connect prod far --second-lineage far --data {OLD} --json").json
    own = judge(onward.load("far", "far"), onward.read(OLD)).accuracy
    assert values["related"] is False and values["profiles"][0]["accuracies"][-1] == own


def test_norms_are_told_of_and_their_statistics_taken_anew(folder):
    done("init prod --model 'cnn(width=4)' --shape 1,8,8")
    Path(".onward/lineage.toml").write_text(LOOSE)
    for rows in ("0:200", "200:400"):
        done(f"update prod --data digits:train@rows={rows} --epochs 2 --test digits:test@rows=0:50")
    plain = done("connect prod~1 prod --points 3")
    assert plain.fact("statistics").startswith("batch norm's are averaged as weights are; --statistics SOURCE takes")
    anew = done("connect prod~1 prod --points 3 --statistics digits:train@rows=0:400")
    assert anew.fact("statistics") == "batch norm's are taken anew"
    assert plain.out.splitlines()[-3] != anew.out.splitlines()[-3], "another loss at the middle"
    made = done("blend prod prod~1 --alpha 0.5 --no-promote --statistics digits:train@rows=0:400 --json").json
    assert made["blend"]["statistics"] == ["digits:train@rows=0:400"]


def test_a_blend_is_told_judged_and_promoted(trial):
    Path(".onward/lineage.toml").write_text(LOOSE)
    before = id_of("prod")
    told = done(f"blend prod {trial} --alpha 0.25 --note dial")
    now = done("show prod --json").json
    assert told.fact("made") == f"blend 0.75 of {before[:8]} + 0.25 of {trial[:8]}"
    assert told.fact("version") == f"{now['id'][:8]} is head of prod"
    assert now["blend"] == {
        "weights": {before: 0.75, trial: 0.25}, "frame": trial, "chosen_on": [], "statistics": []
    }  # fmt: skip
    assert [each["old"] for each in now["measures"]] == [True, False]
    assert done("log prod").out.splitlines()[2].strip() == f"{told.fact('made')}: dial"
    assert done("show prod").fact("made").endswith(f" UTC by {told.fact('made')}")
    assert done("classes prod --json").json[3]["since"] == trial
    assert done("verify").out.endswith("all is as it was written\n")
    assert "bill" not in told.out


@pytest.mark.parametrize("alpha", [0, 1])
def test_at_its_ends_the_dial_is_the_version_itself(trial, alpha):
    made = typed(f"blend prod {trial} --alpha {alpha} --no-promote --json").json["version"]
    one, other = weights(made), weights(trial if alpha else "prod")
    assert all(torch.equal(one[name], tensor) for name, tensor in other.items())
    assert all((one[name] == 0).all() for name in one.keys() - other.keys()), "rows of classes that it did not know"


def test_one_that_the_gate_holds_back_ends_with_3(trial):
    before = id_of("prod")
    ended = typed(f"blend prod {trial} --alpha 0.9")
    assert ended.code == 3 and ended.fact("gate").startswith("FAIL") and id_of("prod") == before
    assert "to use it all the same: onward promote" in ended.out


def test_alpha_is_chosen_on_held_out_data_old_and_new(trial):
    ended = typed(f"blend prod {trial} {HELD} --points 21 --no-promote --json").json
    best = max(ended["tried"], key=lambda each: (each["accuracy"], -each["loss"]))
    shares = ended["blend"]["weights"]
    assert len(ended["tried"]) == 21 and [shares[id_of("prod")], shares[trial]] == best["weights"]
    ends = ended["tried"][0]["accuracy"], ended["tried"][-1]["accuracy"]
    assert best["accuracy"] > max(ends) + 0.1, "between the ends there is one that knows old and new classes"
    told = typed(f"blend prod {trial} {HELD} --points 21 --no-promote").fact("chosen")
    assert told.startswith(
        f"alpha {best['weights'][1]:.3g} of 21, {100 * best['accuracy']:.1f} % right of digits:train@"
    )
    assert told.endswith(f"; alpha 0 has {100 * ends[0]:.1f}, alpha 1 {100 * ends[1]:.1f}")


def test_the_chosen_blend_goes_on_to_be_updated(trial):
    Path(".onward/lineage.toml").write_text(LOOSE)
    done(f"blend prod {trial} {HELD}")
    told = done("update prod --data digits:train@classes=0,1,2,3,4@rows=400:600 --method 'replay(size=40)' --epochs 4")
    assert told.fact("preflight") == "200 new examples · no new class · 5 of 5 old classes present"
    # 200 examples at first, 200 that the forgetful child saw, and 200 now: 4 passes of 200 are a third of 4 of 600.
    assert "33.3 % of training from scratch (projected: 4 passes over all 600 examples so far)" in told.out
    assert judge(onward.load("prod"), onward.read(OLD)).accuracy > 0.8


def test_the_last_versions_of_a_line_count_alike(lineage):
    Path(".onward/lineage.toml").write_text(LOOSE)
    for rows in ("200:260", "260:320"):
        done(f"update prod --data digits:train@classes=0,1,2@rows={rows} --epochs 2 --method warm_start")
    ids = [id_of(name) for name in ("prod", "prod~1", "prod~2")]
    made = done("blend prod --last 3 --as mean --json").json
    assert made["blend"]["weights"] == dict.fromkeys(ids, 1 / 3) and made["parent"] == ids[0]
    expected = sum(weights(id)["backbone.layers.1.weight"] for id in ids) / 3
    torch.testing.assert_close(weights("mean")["backbone.layers.1.weight"], expected)


def test_a_greedy_soup_is_told(lineage):
    Path(".onward/lineage.toml").write_text(LOOSE)
    for seed in (1, 2):
        done(
            f"update prod --data digits:train@classes=0,1,2@rows=200:300 --seed {seed} --as s{seed} --method warm_start"
        )
    command = "blend prod s1 s2 --choose-on digits:train@classes=0,1,2@rows=300:420 --no-promote"
    values, told = typed(f"{command} --json").json, typed(command)
    assert len(values["tried"]) == 5
    best = max(each["accuracy"] for each in values["tried"][:3])
    if values["version"] is not None:
        inside = sum(weight > 0 for weight in values["blend"]["weights"].values())
        assert told.fact("chosen").startswith(f"{inside} of 3 versions, ")
    assert told.fact("chosen").endswith(
        f"; the first alone has {100 * values['tried'][0]['accuracy']:.1f}, the best alone {100 * best:.1f}"
    )


def test_where_nothing_is_better_none_is_made(lineage):
    Path(".onward/lineage.toml").write_text(LOOSE)
    done(f"update prod {MORE} --set lr=1e-30 --epochs 1 --as same")
    command = "blend prod same --choose-on digits:train@classes=0,1,2@rows=300:420"
    before = id_of("prod")
    told = done(command)
    assert told.fact("version") == (
        f"none was made: nothing that was tried is better than {before[:8]}, the version in use"
    )
    values = done(f"{command} --json").json
    assert (values["version"], values["promoted"], values["parent"], id_of("prod")) == (None, False, before, before)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("connect prod prdo", "unknown head or version 'prdo'. Did you mean 'prod'?"),
        ("connect prod prod", "is named twice; name versions that differ"),
        ("connect prod raw", "knows no class yet; update it first"),
        ("connect prod", "Missing argument 'SECOND' (see onward connect --help)"),
        ("connect prod TRIAL --points 1", "a line is looked at in 2 points at least, got 1"),
        ("connect prod TRIAL --points many", "Invalid value for '--points'"),
        ("connect prod TRIAL --data digts", "unknown data set 'digts'. Did you mean 'digits'?"),
        ("connect prod TRIAL --data digits:test@classes=9", "no example of a class that the model knows"),
        ("connect prod TRIAL --out line.foo --points 2", "a picture's ending is one of"),
        ("connect prod TRIAL --curvature -1", "eigenvalues to ask for, got -1"),
        ("connect prod TRIAL --second-lineage nowhere", "there is no lineage in nowhere"),
        ("connect prod TRIAL --statistics digits:train@classes=9", "classes that the model does not know: 9"),
        ("blend prod", "two versions at least; name another one, or how many with --last"),
        ("blend prod raw", "knows no class yet; update it first"),
        ("blend prod wide", "are not of one architecture"),
        ("blend prod apart", "have no common ancestor"),
        ("blend prod TRIAL --alpha 2", "alpha must be in [0, 1], got 2.0"),
        ("blend prod TRIAL --alpha much", "Invalid value for '--alpha'"),
        (f"blend prod TRIAL --alpha 0.5 {HELD}", "alpha must be left out where it is to be chosen, got 0.5"),
        ("blend prod TRIAL apart --alpha 0.5", "alpha lies between two versions, and 3 are named"),
        (f"blend prod TRIAL --choose-on {OLD}", f"60 examples of {OLD} are in the test set {OLD} too"),
        ("blend prod TRIAL --last 2", "name the other versions, or say how many with --last, not both"),
        ("blend prod --last 9", "prod and those before it are 2 versions, got --last 9"),
        ("blend prod --last 2", "knows no class yet; update it first"),
        ("blend prod TRIAL --as dead", "a head's name is"),
    ],
)
def test_a_mistake_is_explained_in_a_line_and_nothing_is_written(command, said, trial):
    if {"wide", "apart"} & set(command.split()):
        done("init wide --model 'mlp(width=25, depth=1)' --shape 1,8,8")
        done("init apart --model 'mlp(width=24, depth=1)' --shape 1,8,8 --seed 3")
        for name in ("wide", "apart"):
            done(f"update {name} --data digits:train@classes=0,1,2@rows=0:30 --epochs 1")
    assert said in refused(command.replace("TRIAL", trial))
