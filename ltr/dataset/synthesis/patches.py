"""Random patches of images as targets, so that a network learns targets that are not whole objects."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, FrameSource, SequenceInfo


@dataclass(frozen=True)
class PatchSettings:
    """Properties of the patches; sides in image pixels."""

    min_side: float = 24.0  # of sqrt(w h)
    max_fraction: float = 0.4  # of the image's shorter side
    aspect: float = 0.35  # standard deviation of log(w / h)
    min_contrast: float = 12.0  # standard deviation of its gray levels: uniform patches look like their neighbors
    attempts: int = 10


class Patches(BaseVideoDataset):
    """One-frame sequences: a random box of an image at every call of :meth:`get_frames`.

    Trained on whole objects only, a box branch learns to find the object that contains the target: the box of a face
    grows to the person. The edges of a patch are given by the reference frame alone.

    Args:
        pictures: source of the images (the first frame of each item is used).
        settings: properties of the patches.
        name: of the data set in reports.
    """

    is_video = False

    def __init__(self, pictures: FrameSource, settings: PatchSettings = PatchSettings(), name: str = "patches") -> None:
        self.name = name
        self.pictures = pictures
        self.settings = settings

    def __len__(self) -> int:
        return len(self.pictures)

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo(f"{self.name}/{seq_id}", np.ones(1, dtype=bool))

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        (image,) = self.pictures.read_images(seq_id, [0])
        box = draw_patch(image, self.settings, rng)
        return FrameSet([image] * len(frame_ids), np.tile(box, (len(frame_ids), 1)))


def draw_patch(image: np.ndarray, settings: PatchSettings, rng: np.random.Generator) -> np.ndarray:
    """A random box ``float32 [4]`` (x, y, w, h) inside ``image`` (RGB ``uint8 [H, W, 3]``): the first
    draw with enough contrast, or else the one with the most."""
    height, width = image.shape[:2]
    gray = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    longest = max(settings.max_fraction * min(height, width), settings.min_side)
    best, best_contrast = np.zeros(4, np.float32), -1.0
    for _ in range(settings.attempts):
        side = math.exp(rng.uniform(math.log(settings.min_side), math.log(longest)))
        stretch = math.exp(rng.normal(0, settings.aspect) / 2)
        w, h = min(side * stretch, width), min(side / stretch, height)
        x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
        contrast = float(gray[int(y) : math.ceil(y + h), int(x) : math.ceil(x + w)].std())
        if contrast > best_contrast:
            best, best_contrast = np.array([x, y, w, h], np.float32), contrast
        if contrast >= settings.min_contrast:
            break
    return best
