import numpy as np
import pytest

from onward.datasets.labels import Labels, digits
from onward.errors import InputError


def test_names_become_ids_of_the_sorted_names():
    ids, classes = Labels.of(np.array(["kite", "gull", "kite"])).numbered()
    assert ids.tolist() == [1, 0, 1] and classes == ("gull", "kite")


def test_a_file_of_names_goes_before_recorded_names_and_sets_the_order():
    labels = Labels.of(np.array(["kite", "gull"]), ("gull", "kite"))
    assert labels.numbered(("kite", "plane", "gull"))[0].tolist() == [0, 2]
    assert Labels.of(np.array([1, 0]), ("gull", "kite")).numbered(("a", "b"))[1] == ("a", "b")


def test_ids_written_as_text_are_ids_where_names_are_given():
    labels = Labels.of(np.array(["0", "2", "1"]))
    assert labels.numbered(("a", "b", "c"))[0].tolist() == [0, 2, 1]
    assert labels.numbered(("2", "1", "0"))[0].tolist() == [2, 0, 1]  # a name goes before an id
    assert labels.numbered()[1] == ("0", "1", "2")


def test_no_class_stays_no_class_through_every_numbering():
    labels = Labels(np.array([1, -1, 0]), ("gull", "kite"))
    assert labels.numbered()[0].tolist() == [1, -1, 0]
    assert labels.numbered(("kite", "gull"))[0].tolist() == [0, -1, 1]
    assert Labels(np.array([-1, 1])).numbered()[1] == ("0", "1")


def test_names_that_are_not_known_get_the_nearest():
    with pytest.raises(InputError, match=r"lack: kiet\. unknown class 'kiet'\. Did you mean 'kite'"):
        Labels.of(np.array(["kiet", "gull"])).numbered(("gull", "kite"))


def test_ids_without_names_have_their_digits_and_are_not_many():
    assert digits(2) == ("0", "1", "2") and digits(-1) == ()
    with pytest.raises(InputError, match="must be below 10000"):
        digits(10_000)
