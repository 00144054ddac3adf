"""From frames with boxes to one training sample: jitter, crop, augment, label (as DiMP trains)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from ltr.data.batch import TrackingBatch
from ltr.data.crop import CropMode, box_to_crop, crop_scale, fit_area, sample_crop, share_inside
from ltr.data.image_loader import Frame, LazyImage
from ltr.data.labels import gaussian_label, label_sigma
from ltr.data.transforms import AugmentationSettings, Shared, augment_frame, draw_shared, flip_horizontally
from ltr.dataset.base_video_dataset import FrameSet
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class JitterSettings:
    """How far a search area is from where it should be.

    Its centre moves evenly by up to ``centre`` / 2 target sizes (sqrt of w h) in x and in y; the size that it
    is made for is the target's times exp(N(0, ``scale``)).
    """

    centre: float
    scale: float


@dataclass(frozen=True)
class ProcessingSettings:
    """Crops and labels. The defaults are DiMP's for a search area of 5 target sizes at 288 px (18 x 18 cells)."""

    search_area_factor: float = 5.0
    output_size: int = 288  # S, crop px
    stride: int = 16  # crop px per score cell
    kernel_size: int = 4  # of the target filter; an even one gives one score more than there are cells
    output_sigma_factor: float = 0.25  # sigma of the label in target sizes
    train_jitter: JitterSettings = JitterSettings(centre=3.0, scale=0.25)
    test_jitter: JitterSettings = JitterSettings(centre=4.5, scale=0.5)
    min_box_side: float = 6.0  # crop px; a thinner target is no sample
    min_inside: float = 0.5  # share of the target's area within the picture, and within the search area
    jitter_attempts: int = 10
    crop_mode: CropMode = "replicate"  # see ltr.data.crop.fit_area
    max_shrink: float = 1.5  # crop modes "inside" and "inside_major": by what the search area may get smaller
    augmentation: AugmentationSettings = field(default_factory=AugmentationSettings)

    def __post_init__(self) -> None:
        if self.output_size % self.stride:
            raise InputError(f"output_size {self.output_size} is not a multiple of stride {self.stride}")

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        positive = ("search_area_factor", "output_sigma_factor", "kernel_size", "jitter_attempts")
        values = {name: getattr(self, name) for name in positive}
        found = [f"{name}: expected more than 0, got {value}" for name, value in values.items() if not value > 0]
        if not 0 <= self.min_inside <= 1:
            found.append(f"min_inside: expected a share from 0 to 1, got {self.min_inside}")
        if not self.max_shrink >= 1:
            found.append(f"max_shrink: expected at least 1, got {self.max_shrink}")
        for name, jitter in (("train_jitter", self.train_jitter), ("test_jitter", self.test_jitter)):
            if not min(jitter.centre, jitter.scale) >= 0:
                found.append(f"{name}: expected a centre and a scale of at least 0, got {jitter}")
        return found + [f"augmentation.{line}" for line in self.augmentation.problems()]

    def for_validation(self) -> ProcessingSettings:
        """The same geometry, and pictures as they are: numbers of settings with other augmentation can be compared."""
        return replace(self, augmentation=self.augmentation.for_validation())

    @property
    def num_scores(self) -> int:
        """Side K of the score map."""
        return self.output_size // self.stride + (self.kernel_size + 1) % 2

    @property
    def sigma(self) -> float:
        """Standard deviation of the label in score cells."""
        return label_sigma(self.output_sigma_factor, self.search_area_factor, self.output_size / self.stride)


class DiMPProcessing:
    """Makes samples; holds nothing but its settings."""

    def __init__(self, settings: ProcessingSettings = ProcessingSettings()) -> None:
        self.settings = settings

    def __call__(
        self, train: FrameSet, test: FrameSet, rng: np.random.Generator, name: str = ""
    ) -> TrackingBatch | None:
        """One sample (a batch without its dimension B) named ``name``.

        None where a target cannot be cropped sensibly (too thin, or hardly inside the picture or its jittered search
        area): the sampler then draws another.
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
        # An odd filter's score belongs to the middle of a cell, an even one's to a corner between cells.
        offset = (settings.kernel_size % 2) * settings.stride / 2
        centres = test_boxes[:, :2] + test_boxes[:, 2:] / 2 - offset
        labels = gaussian_label(centres, settings.num_scores, settings.stride, settings.sigma)
        return TrackingBatch(train_images, train_boxes, test_images, test_boxes, labels, (name,))

    def _crop(
        self,
        image: Frame,
        box: np.ndarray,
        jitter: JitterSettings,
        shared: Shared,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, np.ndarray] | None:
        """A jittered, augmented crop ``uint8 [S, S, 3]`` and the box in it; None where ten draws give none."""
        size = image.size if isinstance(image, LazyImage) else (image.shape[1], image.shape[0])
        area = self._draw_area(box, size, jitter, rng)
        if area is None:
            return None
        (x, y), scale = area
        pixels, reduction = image.at_scale(scale) if isinstance(image, LazyImage) else (image, 1)
        centre = (x / reduction, y / reduction)
        crop, transform = sample_crop(pixels, centre, scale / reduction, self.settings.output_size)
        box_crop = box_to_crop(torch.from_numpy(box / np.float32(reduction)), transform).numpy()
        if shared.flip != (rng.random() < self.settings.augmentation.frame_flip):
            crop, box_crop = flip_horizontally(crop, box_crop)
        return augment_frame(crop, box_crop, self.settings.augmentation, shared, rng), box_crop

    def _draw_area(
        self, box: np.ndarray, image_size: tuple[int, int], jitter: JitterSettings, rng: np.random.Generator
    ) -> tuple[tuple[float, float], float] | None:
        """Centre and scale of a search area that holds enough of the target and shows it thick enough."""
        settings = self.settings
        size = box[2:].astype(float)
        if not share_inside(box, np.array(image_size)) >= settings.min_inside:
            return None
        middle = box[:2] + size / 2
        for _ in range(settings.jitter_attempts):
            made_for = size * np.exp(rng.normal(0, jitter.scale, 2))
            scale = crop_scale((made_for[0], made_for[1]), settings.search_area_factor, settings.output_size)
            x, y = middle + np.sqrt(made_for.prod()) * jitter.centre * (rng.random(2) - 0.5)
            (x, y), side = fit_area(
                (x, y), scale * settings.output_size, image_size, settings.crop_mode, settings.max_shrink
            )
            scale, half, offset = side / settings.output_size, side / 2, np.array([x, y]) - middle
            covered = np.minimum(size / 2, offset + half) - np.maximum(-size / 2, offset - half)
            inside = (covered.clip(min=0) / size).prod()
            if inside >= settings.min_inside and size.min() / scale >= settings.min_box_side:
                return (float(x), float(y)), scale
        return None


def _stack(crops: list[tuple[np.ndarray, np.ndarray]]) -> tuple[Tensor, Tensor]:
    """Crops and boxes as tensors: ``uint8 [F, 3, S, S]`` and ``float32 [F, 4]``."""
    images = torch.from_numpy(np.stack([image.transpose(2, 0, 1) for image, _ in crops]))
    return images, torch.from_numpy(np.stack([box for _, box in crops])).float()
