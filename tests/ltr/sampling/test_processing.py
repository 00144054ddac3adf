from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ltr.data.crop import CropMode
from ltr.data.image_loader import LazyImage
from ltr.data.transforms import AugmentationSettings, ColorJitter
from ltr.dataset.base_video_dataset import FrameSet
from ltr.models.target_classifier.kl_optimizer import PrDiMPSteepestDescentNewton
from ltr.models.target_classifier.optimizer import FilterOptimizerSettings
from ltr.models.tracking.settings import ClassifierSettings, DiMPnetSettings
from ltr.sampling.processing import DiMPProcessing, JitterSettings, ProcessingSettings
from tests.fakes.datasets import draw_box, noise_picture, write_picture
from tests.reference import crops as loops

STILL = JitterSettings(center=0.0, scale=0.0)
PLAIN = AugmentationSettings(flip=0, grayscale=0, color=ColorJitter(0, 0, 0, 0), blur=0, noise=0, jpeg=0, cutout=0)
BOX = (60, 44, 40, 30)
DEFAULT = ProcessingSettings()
NETWORK = DiMPnetSettings(search_area=5.0, crop_side=288)


def _processing(settings: ProcessingSettings = DEFAULT, **network: Any) -> DiMPProcessing:
    """For a network of 18 x 18 cells, with some of its settings changed."""
    changed = replace(NETWORK, **network)
    return DiMPProcessing(settings, changed, changed.score_grid)


def _frames(count: int, box: tuple[int, int, int, int] = BOX) -> FrameSet:
    picture = draw_box(noise_picture(0) // 2, box, (255, 255, 255))
    return FrameSet([picture] * count, np.tile(np.array(box, np.float32), (count, 1)))


def test_without_jitter_the_target_is_in_the_middle() -> None:
    settings = ProcessingSettings(train_jitter=STILL, test_jitter=STILL, augmentation=PLAIN)
    sample = _processing(settings)(_frames(2), _frames(3), np.random.default_rng(0), "who")
    assert sample is not None
    assert sample.train_images.shape == (2, 3, 288, 288)
    assert sample.train_images.dtype == torch.uint8
    assert sample.test_images.shape == (3, 3, 288, 288)
    assert sample.test_labels.shape == (3, 19, 19)
    assert sample.ids == ("who",)
    factor = 288 / 5 / (40 * 30) ** 0.5
    expected = torch.tensor([144 - 20 * factor, 144 - 15 * factor, 40 * factor, 30 * factor])
    torch.testing.assert_close(sample.test_boxes, expected.repeat(3, 1))
    label = loops.gaussian_label((144, 144), 19, 16, 0.25 / 5 * 18)
    torch.testing.assert_close(sample.test_labels[1], torch.from_numpy(label).float())


def _assert_on_target(image: Tensor, box: Tensor) -> None:
    """``box`` is that of the light target in ``image``, but for what is outside the crop."""
    x, y, w, h = loops.mask_bounds(image[0].numpy() > 190)
    left, top = box[:2].clamp(min=0).tolist()
    right, bottom = (box[:2] + box[2:]).clamp(max=288).tolist()
    np.testing.assert_allclose((x, y, x + w, y + h), (left, top, right, bottom), atol=3)


def test_jittered_and_flipped_boxes_lie_on_the_target() -> None:
    settings = ProcessingSettings(augmentation=replace(PLAIN, flip=0.5))
    rng = np.random.default_rng(0)
    for _ in range(10):
        sample = _processing(settings)(_frames(1), _frames(2), rng)
        assert sample is not None
        for image, box in zip(sample.test_images, sample.test_boxes, strict=True):
            _assert_on_target(image, box)


def test_jitter_stays_within_its_limits() -> None:
    settings = ProcessingSettings(
        train_jitter=JitterSettings(center=1.0, scale=0.0), test_jitter=STILL, augmentation=PLAIN
    )
    sample = _processing(settings)(_frames(200), _frames(1), np.random.default_rng(0))
    assert sample is not None
    offsets = (sample.train_boxes[:, :2] + sample.train_boxes[:, 2:] / 2 - 144) / (288 / 5)  # in target sizes
    assert 0.45 < offsets.abs().max() <= 0.5
    assert offsets.mean(dim=0).abs().max() < 0.06


def test_at_least_half_of_the_target_is_inside() -> None:
    settings = ProcessingSettings(test_jitter=JitterSettings(center=6.0, scale=0.5), augmentation=PLAIN)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(20):
        sample = _processing(settings)(_frames(1), _frames(4), rng)
        assert sample is not None
        corner = sample.test_boxes[:, :2]
        inside = (corner + sample.test_boxes[:, 2:]).clamp(max=288) - corner.clamp(min=0)
        shares += (inside.prod(dim=1) / sample.test_boxes[:, 2:].prod(dim=1)).tolist()
    assert min(shares) >= 0.5 - 1e-4
    assert min(shares) < 1


@pytest.mark.parametrize("thin", [(20, 50, 140, 1), (20, 50, 0, 0)])
def test_a_target_too_thin_is_no_sample(thin: tuple[int, int, int, int]) -> None:
    assert _processing()(_frames(1, thin), _frames(1, thin), np.random.default_rng(0)) is None


def test_frames_of_one_picture_differ_and_the_sample_is_given_by_the_generator() -> None:
    samples = [_processing()(_frames(2), _frames(2), np.random.default_rng(4)) for _ in range(2)]
    first, again = samples
    assert first is not None
    assert again is not None
    assert torch.equal(first.test_images, again.test_images)
    assert not torch.equal(first.test_images[0], first.test_images[1])
    assert not torch.equal(first.train_images[0], first.test_images[0])


@pytest.mark.parametrize(("filter_size", "num_scores"), [(3, 18), (4, 19)])
def test_the_label_is_the_one_that_the_filter_learns(filter_size: int, num_scores: int) -> None:
    """The oracle is PrDiMP's label density, which the filter is fitted to; for an odd filter its cells lie half a cell
    further on."""
    processing = _processing(
        ProcessingSettings(augmentation=PLAIN), classifier=ClassifierSettings(filter_size=filter_size)
    )
    sample = processing(_frames(1), _frames(2), np.random.default_rng(0))
    assert sample is not None
    optimizer = PrDiMPSteepestDescentNewton(FilterOptimizerSettings(), label_sigma=NETWORK.label_sigma, feat_stride=16)
    density = optimizer.label_density(sample.test_boxes[:, None], filter_size, num_scores)[:, 0]
    labels = sample.test_labels / sample.test_labels.sum(dim=(1, 2), keepdim=True)
    torch.testing.assert_close(labels, density)


OUTSIDE = {
    "far away": (5000, 5000, 40, 30),
    "beside the border": (-40, 44, 40, 30),
    "mostly over the border": (139, 44, 45, 30),  # 21 of 45 columns are in the picture
    "over a corner": (-12, -10, 40, 30),  # 28/40 x 20/30: less than half
    "for a larger picture": (240, 176, 160, 120),
    "corners instead of sizes": (100, 74, 140, 104),
}


@pytest.mark.parametrize("box", OUTSIDE.values(), ids=OUTSIDE.keys())
def test_a_target_outside_the_picture_is_no_sample(box: tuple[int, int, int, int]) -> None:
    outside = replace(_frames(2), boxes=np.tile(np.array(box, np.float32), (2, 1)))
    for train, test in ((outside, _frames(1)), (_frames(1), outside)):
        assert _processing()(train, test, np.random.default_rng(0)) is None


@pytest.mark.parametrize("box", [(137, 44, 45, 30), (-10, -8, 40, 30)])
def test_a_target_of_which_half_is_in_the_picture_is_one(box: tuple[int, int, int, int]) -> None:
    frames = replace(_frames(1), boxes=np.array([box], np.float32))
    assert _processing()(frames, frames, np.random.default_rng(0)) is not None


@pytest.mark.parametrize("crop_mode", ["replicate", "inside", "inside_major"])
def test_files_decoded_small_give_the_same_sample(tmp_path: Path, crop_mode: CropMode) -> None:
    """A target so large that crops shrink the picture two to eight times: boxes equal, pixels nearly."""
    box = (500, 300, 400, 360)
    picture = draw_box(noise_picture(0, 1280, 960) // 2, box, (255, 255, 255))
    write_picture(tmp_path / "a.png", picture)
    write_picture(tmp_path / "a.jpg", picture)
    boxes = np.tile(np.array(box, np.float32), (4, 1))
    processing = _processing(ProcessingSettings(augmentation=PLAIN), crop_mode=crop_mode)
    samples = []
    for images in ([picture] * 4, [LazyImage(tmp_path / "a.jpg")] * 4):
        sample = processing(FrameSet(images[:2], boxes[:2]), FrameSet(images[2:], boxes[2:]), np.random.default_rng(2))
        assert sample is not None
        samples.append(sample)
    whole, reduced = samples
    torch.testing.assert_close(reduced.test_boxes, whole.test_boxes, rtol=1e-5, atol=1e-3)
    torch.testing.assert_close(reduced.test_labels, whole.test_labels, rtol=1e-4, atol=1e-4)
    difference = (reduced.test_images.int() - whole.test_images.int()).abs().float()
    assert difference.mean() < 3
    assert not torch.equal(reduced.test_images, whole.test_images)  # it was decoded smaller


@pytest.mark.parametrize("crop_mode", ["inside", "inside_major"])
def test_inside_crops_hold_the_target_and_less_border(crop_mode: CropMode) -> None:
    """Boxes still lie on the target where the search area was made smaller and moved."""
    settings = ProcessingSettings(augmentation=PLAIN, test_jitter=JitterSettings(1.0, 0.1))
    processing, rng = _processing(settings, crop_mode=crop_mode), np.random.default_rng(0)
    for _ in range(10):
        sample = processing(_frames(1), _frames(2), rng)
        assert sample is not None
        for image, box in zip(sample.test_images, sample.test_boxes, strict=True):
            _assert_on_target(image, box)
            # 5 target sizes are 173 px of a picture of 160 x 120: a smaller area shows the target larger.
            assert float(box[2] * box[3]) ** 0.5 > 288 / 5


def test_single_frames_are_flipped_too() -> None:
    settings = ProcessingSettings(
        train_jitter=STILL, test_jitter=STILL, augmentation=replace(PLAIN, flip=0.0, frame_flip=0.5)
    )
    picture = draw_box(noise_picture(0), BOX, (255, 255, 255))
    picture[44:74, 60:80] = (255, 0, 0)  # the target's left half is red
    frames = FrameSet([picture] * 60, np.tile(np.array(BOX, np.float32), (60, 1)))
    sample = _processing(settings)(frames, frames, np.random.default_rng(0))
    assert sample is not None
    left_is_red = sample.train_images[:, 2, 144, 130] < 100
    assert 15 < int(left_is_red.sum()) < 45
