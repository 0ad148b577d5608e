import os
import pickle
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.datasets import written

from onward.datasets.published import data_pickle
from onward.errors import InputError

ROWS = written.drawn(3, 7)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(PLAIN, st.sampled_from([1, 2, 3]))
def test_plain_data_comes_back_as_it_was(value, protocol):
    assert data_pickle.read(pickle.dumps(value, protocol=protocol)) == value


@given(st.binary(), st.sampled_from([2, 3]))
def test_bytes_come_back_as_they_were(value, protocol):
    if value or protocol == 3:  # protocol 2 calls bytes() for no bytes at all
        assert data_pickle.read(pickle.dumps([value], protocol=protocol)) == [value]


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("rows", [ROWS, np.asfortranarray(ROWS), ROWS[:, None]])
def test_an_array_of_bytes_comes_back_as_it_was(protocol, rows):
    back = data_pickle.read(pickle.dumps({"data": rows}, protocol=protocol))["data"]
    assert back.dtype == np.uint8 and np.array_equal(back, rows)


def test_a_stream_of_python_2_comes_back(tmp_path):
    back = data_pickle.read(b"\x80\x02}q\x01U\x04dataq\x02" + written.python2_array(ROWS) + b"s.")
    assert np.array_equal(back["data"], ROWS)


def test_a_text_stream_of_python_2_comes_back():
    assert data_pickle.read(written.python2_names("label_names", ["bird", "cat"])) == {"label_names": ["bird", "cat"]}


class Call:
    """Pickles as a call."""

    def __init__(self, function, *given):
        self.function, self.given = function, given

    def __reduce__(self):
        return self.function, self.given


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_a_call_is_refused_and_not_made(tmp_path, protocol):
    trap = tmp_path / "sprung"
    for call in (
        Call(os.system, f"touch {trap}"),
        Call(open, str(trap), "w"),
        Call(eval, f"open({str(trap)!r}, 'w')"),
    ):
        with pytest.raises(InputError, match="Nothing of it was run"):
            data_pickle.read(pickle.dumps({"data": ROWS.tolist(), "labels": call}, protocol=protocol))
    assert not trap.exists()


def test_the_name_of_a_refused_call_is_said():
    with pytest.raises(InputError, match=r"asks for (posix|nt)\.system, which plain data has no use for"):
        data_pickle.read(pickle.dumps(Call(os.system, "true"), protocol=2))


@pytest.mark.parametrize(
    "stream",
    [
        b"cnumpy\nndarray\n)R.",  # a known name, applied otherwise than NumPy does
        b"cnumpy\ndtype\nU\x01OK\x00K\x01\x87R.",  # elements that are Python objects
        b"c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",  # a codec of its own choice
        b"(iposix\nsystem\n.",
        b"\x80\x02cposix\nsystem\n.",
        b"cnumpy\nndarray\n)\x81.",
    ],
)
def test_known_names_in_unknown_uses_are_refused(stream):
    with pytest.raises(InputError, match="is refused"):
        data_pickle.read(stream)


def array_of(shape: bytes, held: bytes) -> bytes:
    """Return an array's stream with ``shape``, words that leave a tuple, and ``held``."""
    whole = written.python2_array(ROWS)
    before, after = (
        whole.split(b"(K\x01J")[0] + b"(K\x01",
        whole[whole.index(b"q\x0c") : whole.index(b"\x89T")],
    )
    return before + shape + after + b"\x89T" + len(held).to_bytes(4, "little") + held + b"q\x12tb."


@pytest.mark.parametrize(
    ("shape", "held"),
    [
        (b"K\x03K\x07\x86", bytes(20)),
        (b"J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", bytes(21)),
        (b"J\xff\xff\xff\xffJ\xeb\xff\xff\xff\x86", bytes(21)),  # -1 times -21
        (b"K\x00J\xff\xff\xff\x7f\x86", b""),
        (b"U\x01aK\x07\x86", bytes(21)),
        (b"(" + b"K\x01" * 40 + b"t", bytes(1)),
    ],
)
def test_an_array_whose_shape_does_not_fit_its_bytes_is_refused(shape, held):
    with pytest.raises(InputError, match="it gives an array of shape"):
        data_pickle.read(array_of(shape, held))


@pytest.mark.parametrize(
    "stream",
    [b".", b"0.", b"h\x05.", b"t.", b"(t", b"K\x01K\x02.", b"]K\x01s.", b"}K\x01a.", b"}(K\x01u.", b"K\x01b.",
     b"NR.", b"}(]K\x01u.", b"}K\x01K\x02s.", b"q\x00.", b"cnumpy\n", b"\xff", b"", b"I" + b"9" * 5000 + b"\n.",
     b"S'\\u'\n.",
     b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R."],
)  # fmt: skip
def test_nonsense_is_refused(stream):
    with pytest.raises(InputError):
        data_pickle.read(stream)


def test_a_stream_cut_anywhere_is_refused():
    stream = written.python2_batch(written.drawn(2, 3, 2, 2), np.array([1, 2], np.uint8))
    for length in range(len(stream)):
        with pytest.raises(InputError):
            data_pickle.read(stream[:length])


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(held):
    with suppress(InputError):
        data_pickle.read(held)


@given(st.data())
def test_a_batch_with_a_byte_changed_is_read_or_refused(data):
    stream = bytearray(written.python2_batch(written.drawn(1, 3, 2, 2), np.array([1], np.uint8)))
    place = data.draw(st.integers(0, len(stream) - 1))
    stream[place] = data.draw(st.integers(0, 255))
    with suppress(InputError):
        data_pickle.read(bytes(stream))
