from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from torchvision import tv_tensors
from torchvision.transforms.v2 import functional as v2

from ltr.data.transforms import (
    AugmentationSettings,
    ColorJitter,
    Shared,
    apply_color,
    augment_frame,
    color_matrix,
    draw_shared,
    flip_horizontally,
    saturation_matrix,
    self_cutout,
)
from tests.fakes.datasets import draw_box, noise_picture
from tests.reference.crops import mask_bounds

STILL = ColorJitter(brightness=0, contrast=0, saturation=0, gain=0)
NOTHING = AugmentationSettings(flip=0, grayscale=0, color=STILL, blur=0, noise=0, jpeg=0, cutout=0)
ALONE = Shared(flip=False, gray=False, detail=1.0)
BOX = np.array([40, 30, 50, 40], dtype=np.float32)


def _augment(settings: AugmentationSettings, image: np.ndarray, shared: Shared = ALONE) -> np.ndarray:
    before = image.copy()
    changed = augment_frame(image, BOX, settings, shared, np.random.default_rng(0))
    np.testing.assert_array_equal(image, before)
    return changed


def test_nothing_changes_nothing() -> None:
    image = noise_picture(0)
    np.testing.assert_array_equal(_augment(NOTHING, image), image)


def test_flip_takes_the_box_along() -> None:
    image = draw_box(np.zeros((60, 90, 3), np.uint8), (10, 20, 30, 15), (255, 255, 255))
    flipped, box = flip_horizontally(image, np.array([10, 20, 30, 15], np.float32))
    np.testing.assert_array_equal(box, mask_bounds(flipped[..., 0] > 0))
    twice, back = flip_horizontally(flipped, box)
    np.testing.assert_array_equal(twice, image)
    np.testing.assert_array_equal(back, [10, 20, 30, 15])


def test_gray_is_opencv_gray() -> None:
    image = noise_picture(1)
    gray = _augment(NOTHING, image, replace(ALONE, gray=True))
    expected = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(int)
    assert np.abs(gray - expected[..., None]).max() <= 1


def test_coarse_pictures_have_the_means_of_blocks() -> None:
    image = noise_picture(3)[:80, :120]
    coarse = _augment(NOTHING, image, replace(ALONE, detail=0.25))
    blocks = torch.from_numpy(image).double().reshape(20, 4, 30, 4, 3).mean(dim=(1, 3)).permute(2, 0, 1)
    enlarged = torch.nn.functional.interpolate(blocks[None], scale_factor=4, mode="bilinear")[0].permute(1, 2, 0)
    assert np.abs(coarse - enlarged.numpy()).max() <= 1.5  # rounded twice


def test_what_is_shared_is_drawn_as_often_as_it_is_set() -> None:
    settings = AugmentationSettings(flip=0.5, grayscale=0.1, low_resolution=0.3, low_resolution_detail=(0.2, 0.7))
    rng = np.random.default_rng(0)
    drawn = [draw_shared(settings, rng) for _ in range(4000)]
    shares = np.mean([(shared.flip, shared.gray, shared.detail < 1) for shared in drawn], axis=0)
    np.testing.assert_allclose(shares, (0.5, 0.1, 0.3), atol=0.03)
    details = [shared.detail for shared in drawn if shared.detail < 1]
    assert min(details) >= 0.2
    assert max(details) <= 0.7
    assert np.mean(np.log(details)) == pytest.approx(np.log(0.2 * 0.7) / 2, abs=0.03)
    assert all(
        shared.detail == 1 for shared in (draw_shared(replace(settings, low_resolution=0), rng) for _ in range(50))
    )


def test_full_saturation_keeps_colors() -> None:
    np.testing.assert_allclose(saturation_matrix(1.0), np.eye(3))


@pytest.mark.parametrize(
    ("jitter", "check"),
    [
        (replace(STILL, brightness=0.5), lambda m: np.allclose(m[:, :3], m[0, 0] * np.eye(3)) and not m[:, 3].any()),
        (replace(STILL, contrast=0.5), lambda m: np.allclose(m @ [128, 128, 128, 1], 128) and m[0, 0] != 1),
        (replace(STILL, saturation=0.5), lambda m: np.allclose(m @ [90, 90, 90, 1], 90) and m[0, 1] != 0),
        (replace(STILL, gain=0.5), lambda m: len(set(np.diag(m))) == 3 and np.allclose(m[:, :3], np.diag(np.diag(m)))),
    ],
)
def test_each_jitter_does_its_part(jitter: ColorJitter, check) -> None:
    assert check(color_matrix(jitter, np.random.default_rng(0)))


def test_colors_are_a_matrix_and_are_clipped() -> None:
    image = np.array([[[10, 100, 250]]], np.uint8)
    matrix = np.array([[0, 1, 0, 0], [2, 0, 0, 5], [0, 0, 1, 60.0]])
    np.testing.assert_array_equal(apply_color(image, matrix), [[[100, 25, 255]]])


def test_blur_blurs() -> None:
    image = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    blurred = _augment(replace(NOTHING, blur=1), image)
    assert np.abs(np.diff(blurred.astype(int), axis=0)).mean() < 0.5 * np.abs(np.diff(image.astype(int), axis=0)).mean()


def test_noise_is_within_its_amplitude() -> None:
    image = np.full((60, 60, 3), 128, np.uint8)
    difference = _augment(replace(NOTHING, noise=1, noise_amplitude=5), image).astype(int) - 128
    assert (difference.min(), difference.max()) == (-5, 5)
    assert abs(difference.mean()) < 0.2


def test_compression_changes_little_but_something() -> None:
    image = noise_picture(2)
    difference = np.abs(_augment(replace(NOTHING, jpeg=1), image).astype(int) - image)
    assert 0 < difference.mean() < 12


def test_cover_hides_a_part_of_the_target_only() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (120, 160, 3), dtype=np.uint8)
    for _ in range(50):
        changed = (self_cutout(image, BOX, (0.3, 0.6), rng) != image).any(axis=-1)
        x, y, w, h = mask_bounds(changed)
        assert w <= 0.6 * BOX[2]
        assert h <= 0.6 * BOX[3]
        assert x + w > BOX[0]
        assert x < BOX[0] + BOX[2]
        assert y + h > BOX[1]
        assert y < BOX[1] + BOX[3]


def test_cover_of_a_target_at_the_edge_stays_in_the_picture() -> None:
    rng = np.random.default_rng(0)
    image = noise_picture(3)
    for box in ([-30, -30, 40, 40], [140, 100, 400, 300]):
        assert self_cutout(image, np.array(box, np.float32), (0.3, 0.6), rng).shape == image.shape


def _tensor(image: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(image).permute(2, 0, 1)


def _image(tensor: torch.Tensor) -> np.ndarray:
    return tensor.permute(1, 2, 0).numpy().astype(int)


def test_flip_is_torchvision_s() -> None:
    image = noise_picture(2)
    flipped, box = flip_horizontally(image, BOX)
    np.testing.assert_array_equal(flipped, _image(v2.horizontal_flip(_tensor(image))))
    corners = torch.tensor([[40.0, 30.0, 90.0, 70.0]])
    boxes = tv_tensors.BoundingBoxes(corners, format="XYXY", canvas_size=image.shape[:2])  # type: ignore[call-arg]
    expected = v2.horizontal_flip(boxes)[0]
    np.testing.assert_allclose([*box[:2], *(box[:2] + box[2:])], expected)


@pytest.mark.parametrize("sigma", [0.7, 1.5, 2.5])
def test_blur_is_torchvision_s(sigma: float) -> None:
    image = noise_picture(3)
    blurred = _augment(replace(NOTHING, blur=1.0, blur_sigma=(sigma, sigma)), image)
    size = 2 * round(4 * sigma) + 1
    expected = _image(v2.gaussian_blur(_tensor(image), [size, size], [sigma, sigma]))
    assert np.abs(blurred - expected)[5:-5, 5:-5].max() <= 1


def test_brightness_and_saturation_are_torchvision_s() -> None:
    image = noise_picture(4)
    bright = apply_color(image, np.column_stack([1.2 * np.eye(3), np.zeros(3)]))
    assert np.abs(bright - _image(v2.adjust_brightness(_tensor(image), 1.2))).max() <= 1
    pale = apply_color(image, np.column_stack([saturation_matrix(0.6), np.zeros(3)]))
    assert np.abs(pale - _image(v2.adjust_saturation(_tensor(image), 0.6))).max() <= 1
