import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.datasets import written
from tests.datasets.test_options import OPTIONS

from onward.datasets import Source, read
from onward.datasets.published import named
from onward.datasets.reading import Care, Reading
from onward.datasets.selection import Classes, Rows, Shuffle
from onward.datasets.source import taken
from onward.errors import InputError
from onward.transform import ImageTransform

PLACES = st.sampled_from(
    [*named.NAMES, "./photos", "data/week-47", "C:\\data\\x.npz", "a:b/c.npz", "x.npz", "b@home.csv", "./a@b=c/d"]
)
SELECTION = st.sampled_from([Classes(("0", "kite")), Rows(0, 5), Rows(None, -3, 2), Shuffle(7)])


@given(PLACES, st.sampled_from([None, "train", "test"]), st.lists(SELECTION).map(tuple), OPTIONS)
def test_text_and_source_are_two_forms_of_one_thing(place, split, selections, options):
    source = Source(place, split, selections, options)
    assert Source.parse(str(source)) == source


def test_a_source_is_read_from_its_text():
    source = Source.parse("mnist:train@classes=0,1,2@shuffle=0@rows=0:2000")
    assert source == Source("mnist", "train", (Classes(("0", "1", "2")), Shuffle(0), Rows(0, 2000)))


def test_all_problems_are_said_at_once():
    with pytest.raises(InputError) as caught:
        Source.parse("mnist:trian@clases=0@rows=5@shuffle=x")
    said = str(caught.value)
    assert said.startswith("4 problems in the source")
    assert "Did you mean 'train'" in said and "Did you mean 'classes'" in said
    assert "rows must be" in said and "shuffle must be" in said


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("mnits", r"unknown data set 'mnits'. Did you mean 'mnist'.*\./mnits"),
        ("", "names no data set and no path"),
        ("@rows=0:5", "names no data set and no path"),
        ("mnist:", "a split is one word, got ''"),
        ("./photos:a b", "a split is one word"),
        ("mnist@", "unknown selection ''"),
        ("mnist@colums=a", "unknown selection 'colums'. Did you mean 'columns'"),
        ("./a@home/b.csv@size=0@label=", "2 problems .* size must be .*; label must name a column"),
        ("x.csv@label=a@label=b", "label is said twice"),
    ],
)
def test_what_is_no_source_is_refused(text, problem):
    with pytest.raises(InputError, match=problem):
        Source.parse(text)


def test_the_split_is_train_when_none_is_named():
    assert len(read("digits")) == len(read("digits:train")) == 1438
    assert len(read("digits:test")) == 359


def test_selections_act_from_left_to_right():
    first = read("digits@rows=0:100@classes=3")
    then = read("digits@classes=3@rows=0:100")
    assert set(first.targets.tolist()) == set(then.targets.tolist()) == {3}
    assert len(first) < len(then) == 100


def test_classes_that_are_not_selected_keep_their_names():
    assert read("digits@classes=3").classes == tuple("0123456789")


def test_selected_examples_keep_their_targets():
    everything, some = read("digits"), read("digits@shuffle=0@rows=5:8")
    for row in range(3):
        same = (everything.inputs == some.inputs[row]).flatten(1).all(dim=1)
        assert some.targets[row] in everything.targets[same]


def test_nothing_selected_is_refused_with_the_count():
    with pytest.raises(InputError, match=r"digits@rows=5000: selects 0 of 1438 examples"):
        read("digits@rows=5000:")


def test_a_named_set_is_looked_for_in_the_folder_given(tmp_path):
    written.idx(tmp_path / "mnist", "train", written.drawn(4, 28, 28), written.counted(4, 2))
    assert len(read("mnist@classes=1", data_dir=tmp_path)) == 2


def test_an_archive_is_a_source(tmp_path):
    path = tmp_path / "week.npz"
    np.savez(path, x_train=np.eye(3), y_train=[0, 1, 2], x_test=np.eye(3)[:1], y_test=[2])
    assert torch.equal(read(str(path)).inputs, torch.eye(3))
    assert read(f"{path}:test").targets.tolist() == [2]


def test_a_folder_of_images_is_a_source(tmp_path):
    images = written.drawn(2, 4, 6, 3)
    written.image_folder(tmp_path, {"gull/a.png": images[0], "kite/b.png": images[1]})
    examples = read(f"{tmp_path}@classes=kite")
    assert examples.classes == ("gull", "kite")
    assert torch.equal(examples.inputs, torch.tensor(images[1:]).permute(0, 3, 1, 2))


def test_a_folder_in_a_known_layout_is_a_source(tmp_path):
    written.idx(tmp_path, "test", written.drawn(4, 28, 28), written.counted(4, 2))
    assert read(f"{tmp_path}:test").classes == ("0", "1")
    with pytest.raises(InputError, match=f"has no train part, only test: {tmp_path}:test"):
        read(str(tmp_path))


def test_a_path_in_the_home_folder_is_found(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    np.savez(tmp_path / "week.npz", x=np.eye(2), y=[0, 1])
    assert len(read("~/week.npz")) == 2


def test_a_path_that_is_not_there_or_no_source_is_refused(tmp_path):
    with pytest.raises(InputError, match="there is no file or folder"):
        read(f"{tmp_path}/missing.npz")
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(InputError, match="is no source; wanted"):
        read(f"{tmp_path}/notes.txt")


def test_a_path_may_have_an_at_sign_in_it(tmp_path):
    folder = tmp_path / "me@home" / "a@b=c"
    folder.mkdir(parents=True)
    np.savez(folder / "week@47.npz", x=np.eye(4), y=[0, 1, 0, 1])
    assert len(read(f"{folder}/week@47.npz")) == 4
    assert read(f"{folder}/week@47.npz@classes=1@rows=0:1").targets.tolist() == [1]


def test_a_misspelt_word_behind_a_path_is_guessed(tmp_path):
    with pytest.raises(InputError, match=r"no file or folder .*x\.npz@row=0:5.*Did you mean 'rows'"):
        read(f"{tmp_path}/x.npz@row=0:5")


def test_names_from_a_file_go_before_those_of_the_set(tmp_path):
    (tmp_path / "names.txt").write_text("".join(f"digit {k}\n" for k in range(10)))
    assert read(f"digits@names={tmp_path}/names.txt@classes=digit 3").classes[3] == "digit 3"
    (tmp_path / "names.txt").write_text("zero\none\n")
    with pytest.raises(InputError, match=r"targets are out of range: 2, 3, 4, 5, 6 and 3 more; with 2 class names"):
        read(f"digits@names={tmp_path}/names.txt")


def test_a_named_set_is_brought_to_the_models_form():
    transform = ImageTransform((16, 12))
    held, lazy = (read("digits@rows=5:8", reading=Reading(transform, memory=memory)) for memory in (2**30, 0))
    assert held.inputs.shape == (3, 3, 16, 12) and not hasattr(lazy, "inputs")
    assert torch.equal(lazy.take(torch.arange(3)).inputs, held.inputs)
    assert read("digits@rows=5:8@size=8").inputs.shape == (3, 1, 8, 8)


def test_what_was_left_out_is_named_whatever_is_selected(tmp_path):
    np.savez(tmp_path / "x.npz", x=[[1.0], [np.nan], [3.0], [4.0]], y=[0, 1, -1, 1])
    left = taken(f"{tmp_path}/x.npz@rows=1:", reading=Reading(care=Care("skip", "skip")))
    assert left.data.inputs.tolist() == [[4.0]] and left.data.targets.tolist() == [1]
    assert left.unlabeled == ("row 2",) and left.corrupt == ("row 1",)


@pytest.mark.data
def test_the_readmes_selection_of_real_mnist(data_dir):
    examples = read("mnist:train@classes=0,1,2@shuffle=0@rows=0:2000", data_dir=data_dir)
    assert examples.inputs.shape == (2000, 1, 28, 28)
    assert examples.targets.unique().tolist() == [0, 1, 2]


def test_images_of_a_named_set_are_made_coloured_where_a_source_says_so():
    grey, coloured = read("digits@size=8@rows=5:8"), read("digits@size=8@channels=3@rows=5:8")
    assert coloured.inputs.shape == (3, 3, 8, 8)
    assert torch.equal(coloured.inputs, grey.inputs.expand(-1, 3, -1, -1))
    assert torch.equal(coloured.targets, grey.targets)
    with pytest.raises(InputError, match=r"channels stands beside a size, as in @size=32@channels=3"):
        read("digits@channels=3")
    transform = ImageTransform((16, 12))
    assert read("digits@rows=5:8@size=9@channels=1", reading=Reading(transform)).inputs.shape == (3, 1, 9, 9)


def test_a_selection_before_resizing_is_the_one_after_it():
    chosen, rows = "@classes=3,4@shuffle=1@rows=0:7", taken("digits@size=8@classes=3,4@shuffle=1@rows=0:7").rows
    every, some = read("digits@size=12"), read(f"digits@size=12{chosen}")
    assert torch.equal(every.inputs[rows], some.inputs) and torch.equal(every.targets[rows], some.targets)
