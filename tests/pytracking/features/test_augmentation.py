import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from ltr.data.crop import CropTransform, box_to_crop, sample_crop
from pytracking.features.augmentation import augmented_crops
from pytracking.parameter.dimp.base import AugmentationParams
from tests.fakes.datasets import noise_picture

NONE = AugmentationParams(shifts=(), rotations=(), blurs=(), scales=(), flip=False)
CENTRE, SIZE, CROP = (83.0, 61.5), (24.0, 16.0), 96


def _box(centre: tuple[float, float]) -> tuple[float, float, float, float]:
    return (centre[0] - SIZE[0] / 2, centre[1] - SIZE[1] / 2, *SIZE)


def _blob(offset: tuple[float, float] = (0, 0)) -> np.ndarray:
    """A bright disc of radius 5 px at ``CENTRE`` + ``offset`` on black, 160 x 120."""
    frame = np.zeros((120, 160, 3), np.uint8)
    place = [round((c + o - 0.5) * 256) for c, o in zip(CENTRE, offset, strict=True)]
    cv2.circle(frame, place, 5 * 256, (255, 255, 255), -1, cv2.LINE_AA, shift=8)
    return frame


def _centroid(crop: np.ndarray) -> np.ndarray:
    """(x, y) of the light in continuous crop pixels."""
    light = crop.sum(axis=2).astype(float)
    rows, columns = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
    return np.array([(light * columns).sum(), (light * rows).sum()]) / light.sum()


def _augment(frame: np.ndarray, scale: float = 0.75, **changes: object) -> tuple[np.ndarray, np.ndarray]:
    params = AugmentationParams(**{**vars(NONE), **changes})  # type: ignore[arg-type]
    return augmented_crops(frame, _box(CENTRE), CropTransform(CENTRE, scale, CROP), params)


@pytest.mark.parametrize("scale", [0.5, 1.0, 1.3])
@pytest.mark.parametrize("centre", [CENTRE, (4.0, 117.0)])
def test_plain_crop_is_that_of_the_tracker(scale: float, centre: tuple[float, float]) -> None:
    frame = noise_picture(3)
    crops, boxes = augmented_crops(frame, _box(centre), CropTransform(centre, scale, CROP), NONE)
    expected, _ = sample_crop(frame, centre, scale, CROP)
    assert crops.shape == (1, CROP, CROP, 3)
    assert crops.dtype == np.uint8
    assert np.abs(crops[0].astype(int) - expected).max() <= 1
    w, h = SIZE[0] / scale, SIZE[1] / scale
    np.testing.assert_allclose(boxes, [[CROP / 2 - w / 2, CROP / 2 - h / 2, w, h]], rtol=1e-6)
    assert boxes.dtype == np.float32


@pytest.mark.parametrize(
    "changes",
    [
        {"shifts": ((0.3, 0.3), (-0.5, 0.2))},
        {"rotations": (10.0, -45.0)},
        {"scales": (0.8, 1.25)},
        {"flip": True},
        {"blurs": ((3.0, 0.5), (2.0, 2.0))},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_boxes_follow_the_target(changes: dict[str, object]) -> None:
    crops, boxes = _augment(_blob(), **changes)
    assert len(crops) == len(boxes) == 1 + len(np.atleast_1d(next(iter(changes.values()))))  # type: ignore[call-overload]
    for crop, box in zip(crops, boxes, strict=True):
        np.testing.assert_allclose(_centroid(crop), box[:2] + box[2:] / 2, atol=0.1)


def test_shift_is_in_target_sizes() -> None:
    _, boxes = _augment(_blob(), shifts=((0.5, -0.25),))
    np.testing.assert_allclose(boxes[1] - boxes[0], [0.5 * 32, -0.25 * 16 / 0.75, 0, 0], rtol=1e-5, atol=1e-4)


def test_zoom_scales_light_and_box() -> None:
    crops, boxes = _augment(_blob(), scales=(0.8, 1.25))
    light = crops.reshape(3, -1).sum(axis=1, dtype=float)
    for i, zoom in ((1, 0.8), (2, 1.25)):
        assert light[i] / light[0] == pytest.approx(zoom**2, rel=0.03)
        np.testing.assert_allclose(boxes[i, 2:], boxes[0, 2:] * zoom, rtol=1e-6)


def test_rotation_and_flip_move_what_lies_beside_the_target() -> None:
    crops, _ = _augment(_blob((12.0, 0.0)), rotations=(90.0,), flip=True)
    beside = 12 / 0.75
    for crop, offset in zip(crops, [(beside, 0), (0, -beside), (-beside, 0)], strict=True):
        np.testing.assert_allclose(_centroid(crop) - CROP / 2, offset, atol=0.1)


def test_blur_really_blurs_along_its_axis() -> None:
    crops, _ = _augment(_blob(), blurs=((3.0, 0.5), (0.5, 3.0)))

    def spread(crop: np.ndarray) -> np.ndarray:
        light = crop.sum(axis=2).astype(float)
        rows, columns = np.mgrid[: light.shape[0], : light.shape[1]] + 0.5
        x, y = _centroid(crop)
        return np.sqrt(np.array([(light * (columns - x) ** 2).sum(), (light * (rows - y) ** 2).sum()]) / light.sum())

    plain, wide, tall = (spread(crop) for crop in crops)
    assert math.isclose(wide[0] ** 2 - plain[0] ** 2, 9, rel_tol=0.1)
    assert math.isclose(tall[1] ** 2 - plain[1] ** 2, 9, rel_tol=0.1)
    assert wide[1] < plain[1] + 0.2
    assert tall[0] < plain[0] + 0.2


def test_the_plain_crop_may_lie_beside_the_target() -> None:
    """As where it was moved into the frame: the variations are still those of the target."""
    transform = CropTransform((CENTRE[0] - 21, CENTRE[1] + 9), 0.75, CROP)
    params = replace(NONE, rotations=(30.0,), scales=(1.15,), flip=True)
    crops, boxes = augmented_crops(_blob(), _box(CENTRE), transform, params)
    expected, _ = sample_crop(_blob(), transform.center, transform.scale, CROP)
    assert np.abs(crops[0].astype(int) - expected).max() <= 1
    np.testing.assert_allclose(boxes[0], box_to_crop(np.array(_box(CENTRE)), transform))
    for crop, box in zip(crops, boxes, strict=True):
        np.testing.assert_allclose(_centroid(crop), box[:2] + box[2:] / 2, atol=0.05)


def test_shifted_crops_show_the_picture_beyond_the_crop() -> None:
    """A shift moves in what lies outside the plain crop, where the picture has it; no border is made up."""
    frame = noise_picture(5)
    crops, _ = _augment(frame, scale=0.75, shifts=((0.25, 0.0),))  # 8 crop px
    expected, _ = sample_crop(frame, (CENTRE[0] - 6, CENTRE[1]), 0.75, CROP)
    assert np.abs(crops[1].astype(int) - expected).max() <= 3


def test_default_has_the_plain_crop_first_and_fifteen_or_so_more() -> None:
    params = AugmentationParams()
    crops, boxes = augmented_crops(noise_picture(1), _box(CENTRE), CropTransform(CENTRE, 1.0, CROP), params)
    made = len(params.shifts) + len(params.rotations) + len(params.scales) + len(params.blurs) + params.flip
    assert len(crops) == len(boxes) == 1 + made


def test_shifts_in_half_crop_sides() -> None:
    crops, boxes = _augment(noise_picture(5), scale=0.75, crop_shifts=((0.5, -0.25),))
    np.testing.assert_allclose(boxes[1] - boxes[0], [0.25 * CROP, -0.125 * CROP, 0, 0], atol=1e-4)
    expected, _ = sample_crop(
        noise_picture(5), (CENTRE[0] - 0.75 * 0.25 * CROP, CENTRE[1] + 0.75 * 0.125 * CROP), 0.75, CROP
    )
    assert np.abs(crops[1].astype(int) - expected).max() <= 3


def test_random_shifts_are_those_of_the_seed_within_their_width() -> None:
    params = replace(NONE, rotations=(10.0,) * 20, random_shift=1 / 3, shifts=((0.5, 0.5),))
    transform = CropTransform(CENTRE, 0.75, CROP)
    crops, boxes = augmented_crops(_blob(), _box(CENTRE), transform, params, seed=1)
    again = augmented_crops(_blob(), _box(CENTRE), transform, params, seed=1)[1]
    other = augmented_crops(_blob(), _box(CENTRE), transform, params, seed=2)[1]
    np.testing.assert_array_equal(boxes, again)
    assert not np.allclose(boxes[2:], other[2:])
    np.testing.assert_array_equal(boxes[:2], other[:2])  # the plain one, and a fixed shift
    moved = (boxes[2:] - boxes[0])[:, :2] / CROP
    assert np.abs(moved).max() <= 1 / 6
    assert np.abs(moved).max() > 0.1
    for crop, box in zip(crops, boxes, strict=True):
        np.testing.assert_allclose(_centroid(crop), box[:2] + box[2:] / 2, atol=0.1)
