import zlib
from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import Image
from tests.datasets import written

from onward.datasets import pictures
from onward.errors import InputError

GREY, COLOUR = written.drawn(1, 4, 6)[0], written.drawn(1, 4, 6, 3)[0]


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_colour_images_are_decoded_channels_first(tmp_path, suffix):
    held = pictures.decoded([("a", written.encoded(COLOUR, suffix))], tmp_path)
    assert torch.equal(held, torch.tensor(COLOUR).permute(2, 0, 1)[None])


def test_grey_images_have_one_channel(tmp_path):
    held = pictures.decoded([("a", written.encoded(GREY)), ("b", written.encoded(GREY))], tmp_path)
    assert torch.equal(held, torch.tensor(np.stack([GREY, GREY]))[:, None])


def test_grey_images_gain_colour_beside_coloured_ones(tmp_path):
    held = pictures.decoded([("a", written.encoded(GREY)), ("b", written.encoded(COLOUR))], tmp_path)
    assert torch.equal(held[0], torch.tensor(GREY).expand(3, 4, 6))
    assert torch.equal(held[1], torch.tensor(COLOUR).permute(2, 0, 1))


def test_transparency_is_left_out():
    image = Image.fromarray(np.dstack([COLOUR, GREY]))
    assert image.mode == "RGBA"
    assert np.array_equal(pictures.pixels(image), COLOUR)


def test_images_of_more_than_8_bits_are_refused():
    with pytest.raises(InputError, match="mode I;16, but only 8-bit"):
        pictures.pixels(Image.fromarray(GREY.astype(np.uint16) * 256))


def test_unreadable_images_are_counted_and_the_first_three_named(tmp_path):
    good = written.encoded(COLOUR)
    broken = {"empty": b"", "text": b"hello", "cut": good[:60], "head": good[:10]}
    files = [("good", good), *broken.items()]
    with pytest.raises(InputError, match=r"4 of 5 images in .* cannot be used: empty .*, text .*, cut .* and 1 more"):
        pictures.decoded(files, tmp_path)


@pytest.mark.parametrize("suffix", ["png", "webp", "jpeg"])
def test_an_image_with_any_byte_changed_is_read_or_refused_but_never_crashes(suffix):
    held = written.encoded(COLOUR, suffix)
    for place in range(len(held)):
        changed = held[:place] + bytes([held[place] ^ 0x55]) + held[place + 1 :]
        with suppress(InputError):
            assert pictures.opened(changed).size


def test_an_image_that_would_fill_the_memory_is_refused():
    held = written.encoded(GREY)
    header = b"IHDR" + (60_000).to_bytes(4, "big") * 2 + held[24:29]  # the width and height stand at byte 16
    bomb = held[:12] + header + zlib.crc32(header).to_bytes(4, "big") + held[33:]
    with pytest.raises(InputError, match=r"cannot be read as an image: .*decompression bomb"):
        pictures.opened(bomb)


def test_different_sizes_are_counted_each_with_an_example(tmp_path):
    files = [(f"{k}.png", written.encoded(GREY if k % 3 else GREY[:, :5])) for k in range(6)]
    with pytest.raises(InputError, match=r"2 sizes: 6x4 \(4, such as 1\.png\), 5x4 \(2, such as 0\.png\)"):
        pictures.decoded(files, tmp_path)


def test_no_images_are_refused(tmp_path):
    with pytest.raises(InputError, match="there are no images"):
        pictures.decoded([], tmp_path)
