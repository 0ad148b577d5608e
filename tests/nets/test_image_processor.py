"""What an image processor's configuration says becomes a transform, a mean and a standard deviation."""

from __future__ import annotations

import numpy as np
import pytest
from tests.nets import torchvision_operators

from onward.errors import InputError
from onward.nets.image_processor import image_transform, scale
from onward.transform import ImageTransform

SQUARE = {"height": 8, "width": 8}


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"size": 224}, ImageTransform((224, 224))),
        ({"size": {"height": 96, "width": 128}, "resample": 3}, ImageTransform((96, 128), resample="bicubic")),
        ({"size": {"height": 8, "width": 8}, "resample": 0}, ImageTransform((8, 8), resample="nearest")),
        ({"size": SQUARE, "crop_size": SQUARE, "do_center_crop": True}, ImageTransform((8, 8))),
        (
            {"size": {"shortest_edge": 256}, "crop_size": {"height": 224, "width": 224}, "do_center_crop": True},
            ImageTransform((224, 224), "crop", 256),
        ),
        ({"size": 256, "crop_size": 224, "do_center_crop": True}, ImageTransform((224, 224), "crop", 256)),
        (
            # 224 / 0.875 = 256
            {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.875, "resample": 1},
            ImageTransform((224, 224), "crop", 256, "lanczos"),
        ),
        (
            {"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 384}, "crop_pct": 0.875},
            ImageTransform((384, 384)),
        ),
    ],
)
def test_a_configuration_is_read_as_its_processor_reads_it(values, wanted):
    assert image_transform(values) == wanted


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, "resizes nothing, which is not supported; say what it takes with --size"),
        ({"size": {"shortest_edge": 224}}, "keeps the proportions"),
        ({"size": {"longest_edge": 224}}, "resizes to {'longest_edge': 224}"),
        (
            {"size": {"height": 9, "width": 9}, "crop_size": SQUARE, "do_center_crop": True},
            "squashes to .* and then cuts out",
        ),
    ],
)
def test_what_a_transform_of_ours_cannot_say_is_told(values, said):
    with pytest.raises(InputError, match=said):
        image_transform(values)


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"do_normalize": False},
        {"rescale_factor": 0.00784313725490196, "image_mean": [1.0, 0.8, 0.6], "image_std": [0.5, 0.5, 0.5]},
        {"do_rescale": False, "do_normalize": False},
        {"do_rescale": False, "image_mean": [127.0], "image_std": [128.0]},
    ],
)
def test_the_scale_gives_the_numbers_that_the_processor_gives(values):
    values = {"image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "rescale_factor": 1 / 255, **values}
    pixels = np.array([0.0, 51.0, 255.0])
    given = pixels * values["rescale_factor"] if values.get("do_rescale", True) else pixels
    if values.get("do_normalize", True):
        given = (given[:, None] - np.array(values["image_mean"])) / np.array(values["image_std"])
    else:
        given = given[:, None]
    mean, std = scale(values)
    ours = (pixels[:, None] / 255 - np.array(mean or 0.0)) / np.array(std or 1.0)
    np.testing.assert_allclose(ours, np.broadcast_to(given, ours.shape), rtol=1e-7, atol=1e-7)


def test_pixels_in_0_to_1_need_no_scale():
    assert scale({"do_normalize": False}) == ((), ())


def test_a_shift_of_the_pixels_is_refused():
    with pytest.raises(InputError, match="shifts pixels by an offset"):
        scale({"rescale_offset": True})


def test_the_numbers_of_the_resamplings_are_pillow_s():
    image = pytest.importorskip("PIL.Image", reason="pillow is not installed")
    torchvision_operators.importable()
    for name in ("nearest", "lanczos", "bilinear", "bicubic"):
        number = int(image.Resampling[name.upper()])
        assert image_transform({"size": 8, "resample": number}).resample == name
