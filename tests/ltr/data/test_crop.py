import math

import numpy as np
import pytest
import torch

from ltr.data.crop import (
    CropMode,
    CropSettings,
    CropTransform,
    box_from_crop,
    box_to_crop,
    fit_area,
    sample_crop,
    share_inside,
)
from tests.fakes.datasets import draw_box, noise_picture
from tests.reference import crops as loops


@pytest.mark.parametrize(
    ("center", "scale", "size"),
    [((80.0, 60.0), 1.0, 32), ((71.3, 44.8), 0.37, 24), ((3.2, 115.0), 1.4, 40), ((-20.0, 50.0), 1.1, 33)],
)
def test_crop_is_the_bilinear_loop(center: tuple[float, float], scale: float, size: int) -> None:
    image = noise_picture(0)
    crop, transform = sample_crop(image, center, scale, size)
    # OpenCV rounds the weights of the four neighbors to 1/32.
    assert np.abs(crop - loops.bilinear_crop(image, center, scale, size)).max() <= 2.5
    assert transform == CropTransform(center, scale, size)


def test_even_crop_at_scale_one_copies_pixels() -> None:
    image = noise_picture(1)
    crop, _ = sample_crop(image, (50.0, 40.0), 1.0, 20)
    np.testing.assert_array_equal(crop, image[30:50, 40:60])


@pytest.mark.parametrize("scale", [2.0, 3.3, 4.0, 7.6])
def test_shrinking_keeps_a_ramp_in_place(scale: float) -> None:
    x, y = np.arange(400) + 0.5, np.arange(300) + 0.5
    image = np.stack(np.broadcast_arrays(x[None] / 2, y[:, None] / 2, 0 * y[:, None]), axis=-1).astype(np.uint8)
    crop, _ = sample_crop(image, (201.7, 148.1), scale, 24)
    along = scale * (np.arange(24) + 0.5 - 12)
    assert np.abs(crop[..., 0] - (201.7 + along)[None] / 2).max() < 1.6
    assert np.abs(crop[..., 1] - (148.1 + along)[:, None] / 2).max() < 1.6


def test_shrinking_by_a_whole_number_averages_blocks() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    crop, _ = sample_crop(image, (30.0, 30.0), 4.0, 8)
    blocks = image[14:46, 14:46].reshape(8, 4, 8, 4, 3).mean(axis=(1, 3))
    assert np.abs(crop - blocks).max() <= 1


def test_far_outside_the_image_the_border_is_repeated() -> None:
    image = noise_picture(2)
    crop, _ = sample_crop(image, (1000.0, 60.5), 1.0, 15)
    np.testing.assert_array_equal(crop, np.repeat(image[53:68, -1:], 15, axis=1))


def test_boxes_go_there_and_back() -> None:
    boxes = torch.rand(6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 100
    transform = CropTransform((31.5, -4.25), 1.7, 288)
    torch.testing.assert_close(box_from_crop(box_to_crop(boxes, transform), transform), boxes)


@pytest.mark.parametrize(("center", "scale"), [((70.0, 60.0), 0.5), ((66.0, 58.0), 0.35), ((80.0, 70.0), 2.0)])
def test_a_drawn_box_lies_where_box_to_crop_says(center: tuple[float, float], scale: float) -> None:
    box = (56, 44, 20, 28)
    image = draw_box(np.zeros((120, 160, 3), np.uint8), box, (255, 255, 255))
    crop, transform = sample_crop(image, center, scale, 96)
    found = loops.mask_bounds(crop[..., 0] > 127)
    np.testing.assert_allclose(found, box_to_crop(torch.tensor(box, dtype=torch.float64), transform), atol=1.0)


def test_scale_makes_the_crop_a_multiple_of_the_target() -> None:
    center, scale = CropSettings(5.0, 160).search_region((3.0, 4.0), (16.0, 64.0), (100, 100))
    assert (center, scale * 160) == ((3.0, 4.0), pytest.approx(5 * 32))


def test_image_is_not_modified() -> None:
    image = noise_picture(3)
    before = image.copy()
    crop, _ = sample_crop(image, (80.0, 60.0), 1.0, 32)
    crop[:] = 0
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    ("center", "scale"), [((0.0, 0.0), 0.0), ((float("nan"), 0.0), 1.0), ((0.0, 0.0), float("inf"))]
)
def test_impossible_crops_are_refused(center: tuple[float, float], scale: float) -> None:
    with pytest.raises(ValueError, match="finite center and a scale > 0"):
        sample_crop(noise_picture(0), center, scale, 16)


IMAGE = (200, 100)  # width, height


@pytest.mark.parametrize(
    ("mode", "center", "side", "max_shrink", "expected"),
    [
        ("replicate", (-50.0, 10.0), 400.0, 1.5, ((-50.0, 10.0), 400.0)),
        # Small enough: moved inside, no further than needed.
        ("inside", (10.0, 95.0), 40.0, 1.5, ((20.0, 80.0), 40.0)),
        ("inside_major", (10.0, 95.0), 40.0, 1.5, ((20.0, 80.0), 40.0)),
        ("inside", (100.0, 50.0), 40.0, 1.5, ((100.0, 50.0), 40.0)),
        # Made as large as the shorter side, or as the longer one; and centered where it is longer than the image.
        ("inside", (190.0, 20.0), 140.0, 1.5, ((150.0, 50.0), 100.0)),
        ("inside_major", (190.0, 20.0), 140.0, 1.5, ((130.0, 50.0), 140.0)),
        ("inside_major", (20.0, 20.0), 240.0, 1.5, ((100.0, 50.0), 200.0)),
        # By max_shrink at most.
        ("inside", (20.0, 20.0), 180.0, 1.5, ((60.0, 50.0), 120.0)),
        ("inside_major", (20.0, 20.0), 450.0, 1.5, ((100.0, 50.0), 300.0)),
        ("inside", (20.0, 20.0), 180.0, 1.0, ((90.0, 50.0), 180.0)),
    ],
)
def test_areas_are_fitted_to_the_image(
    mode: CropMode,
    center: tuple[float, float],
    side: float,
    max_shrink: float,
    expected: tuple[tuple[float, float], float],
) -> None:
    assert fit_area(center, side, IMAGE, mode, max_shrink) == expected


def _outside(center: tuple[float, float], side: float) -> float:
    """Fraction of the area outside the image."""
    inside = 1.0
    for c, extent in zip(center, IMAGE, strict=True):
        inside *= max(0.0, min(c + side / 2, extent) - max(c - side / 2, 0.0)) / side
    return 1 - inside


@pytest.mark.parametrize("mode", ["inside", "inside_major"])
def test_fitting_never_adds_outside_nor_loses_the_center_s_side(mode: CropMode) -> None:
    rng = np.random.default_rng(0)
    for _ in range(300):
        center, side = (float(rng.uniform(-40, 240)), float(rng.uniform(-40, 140))), float(rng.uniform(20, 500))
        fitted, smaller = fit_area(center, side, IMAGE, mode, 1.5)
        assert side / 1.5 - 1e-9 <= smaller <= side
        assert _outside(fitted, smaller) <= _outside(center, side) + 1e-9
        again = fit_area(fitted, smaller, IMAGE, mode, 1.0)
        assert again == (pytest.approx(fitted), smaller)


def test_the_share_of_boxes_in_their_pictures_is_that_of_their_pixels() -> None:
    rng = np.random.default_rng(0)
    boxes = np.concatenate([rng.integers(-30, 40, (200, 2)), rng.integers(1, 40, (200, 2))], axis=1)
    sizes = rng.integers(20, 40, (200, 2))
    shares = [np.mean([(0 <= x + i < w) & (0 <= y + j < h) for i in range(bw) for j in range(bh)])
              for (x, y, bw, bh), (w, h) in zip(boxes.tolist(), sizes.tolist(), strict=True)]  # fmt: skip
    np.testing.assert_allclose(share_inside(boxes.astype(np.float32), sizes), shares)


@pytest.mark.parametrize("box", [(1, 1, 0, 5), (1, 1, -3, -3), (np.nan, 1, 3, 3), (1, 1, np.inf, 3), (-5e30, 0, 5, 5)])
def test_boxes_without_an_area_are_not_inside(box: tuple[float, ...]) -> None:
    assert share_inside(np.array(box, np.float32), np.array([10, 10])) == 0


# At step 2 and more, pytracking's rounding to every step-th pixel is a part of a crop's pixel more.
@pytest.mark.parametrize(("size", "tolerance"), [((20, 60), 1.0), ((60, 115), 1.0), ((115, 300), 1.25)])
def test_crops_at_the_border_are_pytracking_s(size: tuple[int, int], tolerance: float) -> None:
    """Of super_dimp, near and over the border: the whole pixels that it cuts, restated, lie within one pixel of ours
    (of the picture, or of the crop where that is coarser)."""
    settings, rng, image = CropSettings(6.0, 352, "inside_major", 1.5), np.random.default_rng(0), (640, 480)
    far = []
    for _ in range(500):
        w, h = rng.uniform(*size, 2).tolist()
        x, y = (rng.uniform(0.2 * -side, extent + 0.2 * side) for side, extent in zip((w, h), image, strict=True))
        ours, scale = settings.search_region((x, y), (w, h), image)
        theirs, side = loops.whole_pixel_area((x, y), math.sqrt(w * h) * 6, image, 352, 1.5)
        difference = np.abs([*np.subtract(ours, theirs), scale * 352 - side])
        far.append(difference / max(scale, 1.0))
    assert np.max(far) <= tolerance
