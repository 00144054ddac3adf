"""Crops of tensors against OpenCV's."""

import numpy as np
import pytest
import torch

from ltr.data.crop import sample_crop
from pytracking.features.frame_crop import crop_frame, sample_crop_of_tensor, to_device
from tests.fakes.datasets import noise_picture

CPU = torch.device("cpu")


@pytest.mark.parametrize("scale", [0.3, 0.97, 1.0, 1.7, 2.6, 5.2])
@pytest.mark.parametrize("centre", [(100.0, 70.0), (3.3, 149.2), (-40.0, 60.5), (260.0, 170.0)])
def test_a_crop_of_a_tensor_is_that_of_the_array(scale: float, centre: tuple[float, float]) -> None:
    """Within a grey value where the picture is smooth, as far as OpenCV's rounding of weights makes it on noise."""
    noise = np.random.default_rng(0).integers(0, 256, (150, 200, 3), dtype=np.uint8)
    for picture, most, mean in ((noise_picture(0, 200, 150), 1, 0.3), (noise, 10, 1.0)):
        expected, expected_transform = sample_crop(picture, centre, scale, 64)
        crop, transform = sample_crop_of_tensor(torch.from_numpy(picture), centre, scale, 64)
        assert transform == expected_transform
        assert crop.dtype == torch.uint8
        difference = np.abs(crop.numpy().astype(int) - expected)
        assert difference.max() <= most
        assert difference.mean() <= mean


def test_on_a_cpu_the_frame_stays_an_array_and_opencv_cuts() -> None:
    picture = noise_picture(0, 200, 150)
    brought = to_device(picture, CPU)
    assert brought is picture
    crop, _ = crop_frame(brought, (90.0, 70.0), 1.5, 32)
    np.testing.assert_array_equal(crop.numpy(), sample_crop(picture, (90.0, 70.0), 1.5, 32)[0])
    crop, _ = crop_frame(torch.from_numpy(picture), (90.0, 70.0), 1.5, 32)
    assert torch.equal(crop, sample_crop_of_tensor(torch.from_numpy(picture), (90.0, 70.0), 1.5, 32)[0])
