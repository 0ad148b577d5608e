from __future__ import annotations

from dataclasses import replace

import pytest
from tests.experiment.story import STORY, written

from onward.datasets.published.named import load
from onward.datasets.source import read as load_source
from onward.errors import InputError, counted
from onward.experiment.toml_file import numbered, read
from onward.settings import Settings
from onward.store.fingerprint import fingerprint


def problems(folder, **changes) -> list[str]:
    """What is said of the story with these changes, a line for each problem."""
    with pytest.raises(InputError) as refused:
        read(written(folder, **changes))
    head, *lines = str(refused.value).splitlines()
    assert head.startswith(f"{counted(len(lines), 'problem')} in ")
    return [line.removeprefix("- ") for line in lines]


def test_file_becomes_an_experiment(tmp_path):
    experiment = read(written(tmp_path))
    assert (experiment.name, experiment.seeds) == ("story", (0, 1))
    assert [(c.label, c.method) for c in experiment.contenders] == [
        ("warm_start", "warm_start"),
        ("replay 20", "replay(size=20, per_batch=32)"),
    ]
    assert [(cell.contender.label, cell.seed) for cell in experiment.cells] == [
        ("warm_start", 0), ("warm_start", 1), ("replay 20", 0), ("replay 20", 1),
    ]  # fmt: skip


def test_data_by_name_stands_for_its_two_parts(tmp_path):
    stream = {"data": "digits", "scenario": "domain-incremental", "parts": 2, "angles": [0.0, 30.0]}
    plan = read(written(tmp_path, stream=stream)).stream
    assert (plan.train, plan.test, plan.options) == ("digits:train", "digits:test", {"angles": [0.0, 30.0]})
    assert plan.fingerprints == (fingerprint(load("digits", "train")), fingerprint(load("digits", "test")))


def test_method_may_differ_in_its_settings(tmp_path):
    methods = {"plain": "replay", "slow": {"method": "replay", "lr": 0.01}}
    plain, slow = read(written(tmp_path, methods=methods)).contenders
    assert plain.settings == Settings(epochs=5, batch_size=20)
    assert slow.settings == Settings(epochs=5, batch_size=20, lr=0.01)


def test_method_may_get_everything_at_once(tmp_path):
    methods = {"plain": "warm_start", "oracle": {"method": "warm_start", "at_once": True}}
    plain, oracle = read(written(tmp_path, methods=methods)).contenders
    assert (plain.at_once, oracle.at_once, oracle.method) == (False, True, plain.method)
    assert problems(tmp_path, methods={"a": {"method": "warm_start", "at_once": "yes"}}) == [
        "[methods] 'a': at_once must be true or false, and not true beside a start; got 'yes'"
    ]


BASE = {"method": "replay(size=20)", "epochs": 7}


def test_methods_may_go_on_from_the_same_version(tmp_path):
    methods = {
        "alone": "warm_start",
        "a": {"method": "warm_start", "start": "base"},
        "b": {"method": "lwf", "start": "base"},
    }
    experiment = read(written(tmp_path, methods=methods, starts={"base": BASE}, watch=5, seen_only=True))
    alone, a, b = experiment.contenders
    assert alone.start is None and a.start == b.start and a.start is not None
    assert (a.start.method, a.start.settings) == ("replay(size=20, per_batch=32)", replace(a.settings, epochs=7))
    keys = {cell.start_key for cell in experiment.cells if cell.contender.start}
    assert len(keys) == len(experiment.seeds) and "" not in keys
    assert {(cell.watch, cell.seen_only) for cell in experiment.cells} == {(5, True)}
    assert all(cell.definition["seen_only"] for cell in experiment.cells)


def test_what_is_wrong_with_a_start_is_said(tmp_path):
    methods = {
        "a": {"method": "warm_start", "start": "bsae"},
        "b": {"method": "lwf", "start": "base", "at_once": True},
    }
    assert problems(
        tmp_path, methods=methods, starts={"base": BASE, "other": {"method": "lwf", "lr": -1}}, watch=-1
    ) == [
        "watch must be >= 0, got -1",
        "[starts] 'other': lr must be > 0 and finite, got -1.0",
        "[methods] 'a': unknown start 'bsae'. Did you mean 'base'? There are: base, other",
        "[methods] 'b': at_once must be true or false, and not true beside a start; got True",
        "[starts] 'other' is no method's start; leave it out",
    ]


def test_seeds_given_beside_the_file_win(tmp_path):
    assert read(written(tmp_path), seeds=4).seeds == (0, 1, 2, 3)


@pytest.mark.parametrize(
    ("given", "seeds"),
    [(2, (0, 1)), ([5, 3], (5, 3)), (0, ()), (-1, ()), ([1, 1], ()), (["1"], ()), (True, ()), ([], ()), ("2", ())],
)
def test_seeds_are_how_many_or_which(given, seeds):
    assert numbered(given) == seeds


def test_problems_of_every_section_are_said_at_once(tmp_path):
    found = problems(
        tmp_path,
        seeds=[1, 1],
        stream={"data": "digit", "scenario": "clas-incremental", "parts": 2},
        model={"net": "mpl"},
        settings={"epochs": -1, "learning_rate": 0.1},
        methods={"a": "replayy", "b": "ewc(strenght=1)", "c": 3, "d": {"method": "replay", "lrr": 1}},
        colour="blue",
    )
    wanted = [
        "unknown name 'colour'",
        "seeds must be how many, 1 to 10000, or a list of different whole numbers, got [1, 1]",
        "unknown scenario 'clas-incremental'. Did you mean 'class-incremental'",
        "unknown data set 'digit'. Did you mean 'digits'?",
        "[settings] unknown name 'learning_rate'",
        "[settings] epochs must be >= 0, got -1",
        "[methods] 'a': unknown method 'replayy'. Did you mean 'replay'?",
        "[methods] 'b': ewc: unknown name 'strenght'; did you mean 'strength'?",
        "[methods] 'c' must be a text like 'replay(size=500)'",
        "[methods] 'd': unknown name 'lrr'; did you mean 'lr'?",
        "unknown network 'mpl'. Did you mean 'mlp'?",
    ]
    assert len(found) == len(wanted)
    assert all(any(line.startswith(start) for line in found) for start in wanted), found


def test_values_that_only_show_when_tried_are_said_with_the_rest(tmp_path):
    stream = {"data": "digits", "scenario": "mixed", "parts": 2, "first": 3.0, "share": 1}
    found = problems(tmp_path, stream=stream, model={"net": "mlp", "width": -3}, settings={"device": "abacus"})
    assert len(found) == 4
    assert found[0].startswith("unknown name in [stream] 'share'")
    assert "first must be in [0, 1] (got 3.0)" in found[1]
    assert found[2].startswith("device 'abacus' cannot be used here")
    assert found[3].startswith("[model]") and "-3" in found[3]


def test_missing_sections_are_named(tmp_path):
    found = problems(tmp_path, stream=None, model=None, methods=None)
    assert [line.split(",")[0] for line in found] == [
        "methods must name at least one",
        "[stream] scenario is missing",
        "[stream] parts is missing",
        "[stream] takes data",
        "[model] net is missing",
    ]


def test_stream_that_cannot_be_cut_is_refused(tmp_path):
    assert problems(tmp_path, stream={**STORY["stream"], "parts": 5}) == [
        "4 classes cannot fill 5 parts: 1 would be empty. Ask for fewer parts"
    ]


def test_first_experience_that_cannot_train_the_model_is_refused(tmp_path):
    (line,) = problems(tmp_path, stream={**STORY["stream"], "parts": 4})
    assert "a classifier needs two classes" in line


def test_same_method_under_two_labels_is_refused(tmp_path):
    (line,) = problems(tmp_path, methods={"a": "replay", "b": "replay(size=500)"})
    assert line == "[methods] 'b' and 'a' are the same, replay(size=500, per_batch=32); leave one of them out"


def test_argument_of_the_network_that_does_not_exist_gets_the_nearest(tmp_path):
    (line,) = problems(tmp_path, model={"net": "mlp", "widht": 8})
    assert line.startswith("unknown argument of mlp 'widht'. Did you mean 'width'?")


def test_method_may_have_a_network_of_its_own(tmp_path):
    methods = {"plain": "replay", "wide": {"method": "replay", "model": {"width": 64}}}
    plain, wide = read(written(tmp_path, methods=methods)).contenders
    assert (plain.model, wide.model) == ({}, {"width": 64})
    assert (plain.method, plain.settings) == (wide.method, wide.settings)


def test_network_of_a_method_is_tried_as_well(tmp_path):
    methods = {"wide": {"method": "replay", "model": {"widht": 64}}, "none": {"method": "replay", "model": 3}}
    found = problems(tmp_path, methods=methods)
    assert found[0] == "[methods] 'none': model must be a table like { width = 64 }, got 3"
    assert found[1].startswith("unknown argument of mlp 'widht'. Did you mean 'width'?")


@pytest.mark.parametrize("name", ["", "..", "a/b"])
def test_name_must_fit_a_folder(tmp_path, name):
    (line,) = problems(tmp_path, name=name)
    assert line == f"name must be one that a folder can have, got {name!r}"


TRAIN, TEST = "digits:train@classes={0}@rows=0:{1}", "digits:test@classes={0}"
ZEROS, TWOS = (
    {"name": name, "train": TRAIN.format(classes, 40), "test": TEST.format(classes)}
    for name, classes in (("zeros", "0,1"), ("twos", "2,3"))
)


def test_a_stream_may_be_given_part_by_part(tmp_path):
    plan = read(written(tmp_path, stream={"parts": [ZEROS, TWOS]})).stream
    assert [(part.name, part.train) for part in plan.parts] == [(each["name"], each["train"]) for each in (ZEROS, TWOS)]
    assert plan.parts[0].fingerprints == tuple(fingerprint(load_source(ZEROS[word])) for word in ("train", "test"))
    whole = read(written(tmp_path, stream={"parts": [{"name": "all", "data": "digits"}]})).stream
    assert (whole.parts[0].train, whole.parts[0].test) == ("digits:train", "digits:test")


def test_what_is_wrong_with_parts_is_said(tmp_path):
    assert problems(tmp_path, stream={"parts": [ZEROS, {**TWOS, "name": "zeros"}, 3], "scenario": "mixed"}) == [
        "unknown name in [stream] beside a list of parts 'scenario'. There are: parts",
        f"[stream] part 2 must be a name of its own, and data, or train and test; got { ({**TWOS, 'name': 'zeros'})!r}",
        "[stream] part 3 must be a name of its own, and data, or train and test; got 3",
    ]
    wide = {**TWOS, "train": TWOS["train"] + "@size=9", "test": TWOS["test"] + "@size=9"}
    (shapes,) = problems(tmp_path, stream={"parts": [ZEROS, wide]})
    assert shapes.startswith("the parts have inputs of different shapes: zeros (1, 8, 8), twos (1, 9, 9); bring")


def test_every_method_runs_through_each_of_several_streams_from_the_same_start(tmp_path):
    little = {**TWOS, "train": TRAIN.format("2,3", 10)}
    streams = {"all": {"parts": [ZEROS, TWOS]}, "little": {"parts": [ZEROS, little]}}
    methods = {"one": {"method": "warm_start", "start": "base"}, "two": {"method": "replay"}}
    found = read(written(tmp_path, stream=None, streams=streams, methods=methods, starts={"base": BASE}, seeds=1))
    assert [each.label for each in found.contenders] == ["one, all", "two, all", "one, little", "two, little"]
    assert [cell.stream.parts[1].train for cell in found.cells] == [TWOS["train"]] * 2 + [little["train"]] * 2
    first, _, second, _ = found.cells
    assert first.start_key == second.start_key and first.key != second.key


def test_what_is_wrong_with_one_of_several_streams_is_said_with_its_name(tmp_path):
    streams = {"one": {"parts": [ZEROS]}, "two": {"data": "digits", "parts": 2}}
    assert problems(tmp_path, stream=None, streams=streams) == ["[streams] 'two': [stream] scenario is missing"]
    told = problems(tmp_path, streams=streams)
    assert any(each.startswith("streams must be tables like stream, and stream left out, got") for each in told)
