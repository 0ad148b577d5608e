import io
import zlib
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image
from tests.datasets import written

from onward.datasets.images import pictures
from onward.errors import InputError
from onward.transform import ImageTransform

GREY, COLOUR = written.drawn(1, 4, 6)[0], written.drawn(1, 4, 6, 3)[0]


AS_IT_IS = ImageTransform((4, 6))


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_colour_images_are_decoded_channels_first(suffix):
    assert np.array_equal(pictures.decoded(written.encoded(COLOUR, suffix), AS_IT_IS), COLOUR.transpose(2, 0, 1))


def test_pixels_and_files_are_decoded_alike(tmp_path):
    (tmp_path / "a.png").write_bytes(written.encoded(COLOUR))
    for file in (COLOUR.transpose(2, 0, 1), str(tmp_path / "a.png"), written.encoded(COLOUR)):
        assert np.array_equal(pictures.decoded(file, AS_IT_IS), COLOUR.transpose(2, 0, 1))


def test_grey_images_gain_colour_and_coloured_ones_lose_it_as_the_model_wants():
    grey = written.encoded(GREY)
    assert np.array_equal(pictures.decoded(grey, ImageTransform((4, 6), channels=1)), GREY[None])
    assert np.array_equal(pictures.decoded(grey, AS_IT_IS), np.stack([GREY] * 3))
    flat = np.full((4, 6, 3), 77, np.uint8)  # of equal red, green and blue, which is that grey
    assert (pictures.decoded(written.encoded(flat), ImageTransform((4, 6), channels=1)) == 77).all()


def test_transparency_is_left_out():
    image = Image.fromarray(np.dstack([COLOUR, GREY]))
    assert image.mode == "RGBA"
    assert np.array_equal(pictures.pixels(image), COLOUR.transpose(2, 0, 1))


def test_transparent_colours_of_a_palette_are_left_out_in_silence():
    image = Image.fromarray(COLOUR).quantize(8)
    held = io.BytesIO()
    image.save(held, "png", transparency=bytes([0, 128, 255, 255]))
    assert np.array_equal(
        pictures.decoded(held.getvalue(), AS_IT_IS), np.asarray(image.convert("RGB")).transpose(2, 0, 1)
    )


def filmed(suffix: str, frames: int) -> bytes:
    """Images one after another in a file, as its bytes."""
    first, *others = (Image.fromarray(array) for array in written.drawn(frames, 4, 6, 3))
    held = io.BytesIO()
    first.save(held, suffix, save_all=True, append_images=others)
    return held.getvalue()


@pytest.mark.parametrize("suffix", ["gif", "webp", "png", "tiff"])
def test_of_several_frames_none_is_chosen(suffix):
    assert pictures.decoded(filmed(suffix, 1), AS_IT_IS).shape == (3, 4, 6)
    for read in (pictures.glance, pictures.opened):
        with pytest.raises(InputError, match="it has 3 frames, and which is meant is not said"):
            read(filmed(suffix, 3))


def test_a_photograph_with_its_preview_is_one_image():
    assert pictures.decoded(filmed("mpo", 2), AS_IT_IS).shape == (3, 4, 6)


def test_squash_takes_the_whole_image_whatever_its_proportions():
    halves = np.zeros((4, 8), np.uint8)
    halves[:, 4:] = 200
    held = pictures.decoded(written.encoded(halves), ImageTransform((2, 2), resample="nearest", channels=1))
    assert held.tolist() == [[[0, 200], [0, 200]]]


def test_crop_cuts_the_middle_out_of_the_image_resized_by_its_shorter_side():
    thirds = np.zeros((6, 18), np.uint8)  # resized by 2/3 to 4 x 12; the middle 4 columns are the 5th to the 8th
    thirds[:, 6:12] = 200
    crop = ImageTransform((4, 4), "crop", resample="nearest", channels=1)
    assert pictures.decoded(written.encoded(thirds), crop).tolist() == [[[200] * 4] * 4]
    assert pictures.decoded(written.encoded(thirds.T.copy()), crop).tolist() == [[[200] * 4] * 4]
    wider = ImageTransform((2, 4), "crop", shorter_side=6, resample="nearest", channels=1)  # nothing to resize
    assert np.array_equal(pictures.decoded(written.encoded(thirds), wider)[0], thirds[2:4, 7:11])


def test_images_of_more_than_8_bits_are_refused():
    with pytest.raises(InputError, match="mode I;16, but only 8-bit"):
        pictures.pixels(Image.fromarray(GREY.astype(np.uint16) * 256))


def test_an_image_that_cannot_be_read_is_refused_with_the_reason():
    good = written.encoded(COLOUR)
    for broken in (b"", b"hello", good[:60], good[:10]):
        with pytest.raises(InputError, match="cannot be read as an image"):
            pictures.decoded(broken, AS_IT_IS)
    with pytest.raises(InputError, match="holds no image"):
        pictures.decoded(None, AS_IT_IS)


def test_a_glance_tells_the_form():
    assert pictures.glance(written.encoded(GREY)) == (1, 4, 6)
    assert pictures.glance(written.encoded(COLOUR, "webp")) == (3, 4, 6)


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


def test_different_sizes_are_counted_each_with_an_example():
    shapes = {f"{k}.png": (1, 4, 6 if k % 3 else 5) for k in range(6)}
    with pytest.raises(InputError, match=r"2 sizes: 6x4 \(4, such as 1\.png\), 5x4 \(2, such as 0\.png\).*@size=64"):
        pictures.one_form(shapes, "here")


def test_images_without_a_transform_keep_their_form_and_gain_colour_together():
    assert pictures.one_form({"a": (1, 4, 6), "b": (1, 4, 6)}, "here") == ImageTransform((4, 6), channels=1)
    assert pictures.one_form({"a": (1, 4, 6), "b": (3, 4, 6)}, "here") == ImageTransform((4, 6), channels=3)


def test_no_images_are_refused():
    with pytest.raises(InputError, match="there are no images"):
        pictures.stacked([], "here")
