"""From frames with boxes to one training sample: jitter, crop, augment, label (as DiMP trains)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from ltr.data.batch import TrackingBatch
from ltr.data.crop import CropSettings, box_to_crop, sample_crop, share_inside
from ltr.data.image_loader import Frame, LazyImage
from ltr.data.labels import ScoreGrid
from ltr.data.transforms import AugmentationSettings, Shared, augment_frame, draw_shared, flip_horizontally
from ltr.dataset.base_video_dataset import FrameSet
from ltr.utils.config import NonNegativeFloat, PositiveInt, UnitInterval


@dataclass(frozen=True)
class JitterSettings:
    """Random displacement of a search area.

    The center is shifted uniformly by up to ``center`` / 2 target sizes (sqrt of w h) in x and in y; the assumed target
    size is the true one times exp(N(0, ``scale``)).
    """

    center: NonNegativeFloat
    scale: NonNegativeFloat


@dataclass(frozen=True)
class ProcessingSettings:
    """How samples are drawn; crop and label belong to the network. The defaults are DiMP's for a search area of 5
    target sizes."""

    train_jitter: JitterSettings = JitterSettings(center=3.0, scale=0.25)
    test_jitter: JitterSettings = JitterSettings(center=4.5, scale=0.5)
    min_box_side: NonNegativeFloat = 6.0  # crop px; thinner targets are rejected
    min_inside: UnitInterval = 0.5  # fraction of the target's area within the image, and within the search area
    jitter_attempts: PositiveInt = 10
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)

    def for_validation(self) -> ProcessingSettings:
        """The same geometry without augmentation, so that validation numbers are comparable between settings."""
        return replace(self, augmentation=self.augmentation.for_validation())


class DiMPProcessing:
    """Makes samples; stateless.

    Args:
        settings: how samples are drawn.
        crop: the network's crop settings.
        grid: the network's score grid.
    """

    def __init__(self, settings: ProcessingSettings, crop: CropSettings, grid: ScoreGrid) -> None:
        self.settings, self.crop, self.grid = settings, crop, grid

    def __call__(
        self, train: FrameSet, test: FrameSet, rng: np.random.Generator, name: str = ""
    ) -> TrackingBatch | None:
        """One sample (a batch without its dimension B) named ``name``.

        None if a target is too thin, or too far outside the image or its jittered search area: the sampler then draws
        another sample.
        """
        settings = self.settings
        shared = draw_shared(settings.augmentation, rng)
        sets = []
        for frames, jitter in ((train, settings.train_jitter), (test, settings.test_jitter)):
            crops = []
            for image, box in zip(frames.images, frames.boxes, strict=True):
                crop = self._crop(image, box, jitter, shared, rng)
                if crop is None:
                    return None
                crops.append(crop)
            sets.append(_stack(crops))
        (train_images, train_boxes), (test_images, test_boxes) = sets
        labels = self.grid.label(test_boxes)
        return TrackingBatch(train_images, train_boxes, test_images, test_boxes, labels, (name,))

    def _crop(
        self,
        image: Frame,
        box: np.ndarray,
        jitter: JitterSettings,
        shared: Shared,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """A jittered, augmented crop ``uint8 [S, S, 3]`` and the box in it; None if all draws fail."""
        size = image.size if isinstance(image, LazyImage) else (image.shape[1], image.shape[0])
        area = self._draw_area(box, size, jitter, rng)
        if area is None:
            return None
        (x, y), scale = area
        pixels, reduction = image.at_scale(scale) if isinstance(image, LazyImage) else (image, 1)
        center = (x / reduction, y / reduction)
        crop, transform = sample_crop(pixels, center, scale / reduction, self.crop.crop_side)
        box_crop = box_to_crop(torch.from_numpy(box / np.float32(reduction)), transform).numpy()
        if shared.flip != (rng.random() < self.settings.augmentation.frame_flip):
            crop, box_crop = flip_horizontally(crop, box_crop)
        return augment_frame(crop, box_crop, self.settings.augmentation, shared, rng), box_crop

    def _draw_area(
        self, box: np.ndarray, image_size: tuple[int, int], jitter: JitterSettings, rng: np.random.Generator
    ) -> tuple[tuple[float, float], float] | None:
        """Center and scale of a search area with enough of the target, at a sufficient size."""
        settings = self.settings
        size = box[2:].astype(float)
        if not share_inside(box, np.array(image_size)) >= settings.min_inside:
            return None
        middle = box[:2] + size / 2
        for _ in range(settings.jitter_attempts):
            made_for = size * np.exp(rng.normal(0, jitter.scale, 2))
            x, y = middle + np.sqrt(made_for.prod()) * jitter.center * (rng.random(2) - 0.5)
            (x, y), scale = self.crop.search_region((x, y), (made_for[0], made_for[1]), image_size)
            half, offset = scale * self.crop.crop_side / 2, np.array([x, y]) - middle
            covered = np.minimum(size / 2, offset + half) - np.maximum(-size / 2, offset - half)
            inside = (covered.clip(min=0) / size).prod()
            if inside >= settings.min_inside and size.min() / scale >= settings.min_box_side:
                return (float(x), float(y)), scale
        return None


def _stack(crops: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
    """Crops and boxes as tensors: ``uint8 [F, 3, S, S]`` and ``float32 [F, 4]``."""
    images = torch.from_numpy(np.stack([image.transpose(2, 0, 1) for image, _ in crops]))
    return images, torch.from_numpy(np.stack([box for _, box in crops])).float()
