import pytest
from hypothesis import given
from hypothesis import strategies as st

from onward.datasets.options import Options, parse
from onward.errors import InputError

NAMES = st.sampled_from(["label", "y", "is it a bird?", "café", "a@b"])
SIZES = st.tuples(st.integers(1, 99_999), st.integers(1, 99_999))
OPTIONS = st.builds(
    Options,
    label=st.none() | NAMES,
    columns=st.lists(NAMES, unique=True).map(tuple),
    path=st.none() | NAMES,
    text=st.none() | NAMES,
    names=st.none() | st.just("./n@mes/classes.txt"),
    size=st.none() | SIZES,
    channels=st.sampled_from([None, 1, 3]),
).filter(lambda options: options.size is not None or options.channels is None)


@given(OPTIONS)
def test_each_option_is_read_back_from_its_text(options):
    only = [Options(**{word: value}) for word, value in vars(options).items() if value]
    assert Options(**dict(parse(str(one).removeprefix("@")) for one in only)) == options


def test_a_square_size_is_said_by_one_number():
    assert str(Options(size=(64, 64))) == "@size=64"
    assert str(Options(size=(96, 128))) == "@size=96x128"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("size=0", "size must be pixels, such as 64, or HEIGHTxWIDTH, such as 96x128, got '0'"),
        ("size=64x", "got '64x'"),
        ("size=640000", "got '640000'"),
        ("channels=2", "channels must be 1, grey, or 3, colour, got '2'"),
        ("columns=a,,b", "columns must be names with commas between them"),
        ("columns=a,a", "each once"),
        ("label=", "label must name a column"),
        ("names=", "names must name a file"),
    ],
)
def test_what_is_no_option_is_refused(text, problem):
    with pytest.raises(InputError, match=problem):
        parse(text)
