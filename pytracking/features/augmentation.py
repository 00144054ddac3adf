"""Augmented crops of the first frame: the initial training samples of the filter."""

from __future__ import annotations

import math

import cv2
import numpy as np

from ltr.data.crop import CropTransform, sample_crop
from pytracking.parameter.dimp.base import AugmentationParams

EXPANSION = 2.0  # side of the patch that is transformed, in crop sides (pytracking: augmentation_expansion_factor)


def augmented_crops(
    frame: np.ndarray,
    box: tuple[float, float, float, float],
    crop: CropTransform,
    params: AugmentationParams,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """The plain crop and its augmentations.

    Args:
        frame: RGB ``uint8 [H, W, 3]``.
        box: of the target, (x, y, w, h) in image pixels.
        crop: position of the plain crop, and side S of all crops.
        params: the augmentations.
        seed: of the random shifts.
    Returns:
        Crops ``uint8 [n, S, S, 3]`` and boxes ``float32 [n, 4]`` in crop pixels, the plain one first.
    """
    center = box[0] + box[2] / 2, box[1] + box[3] / 2
    patch, _ = sample_crop(frame, center, crop.scale, int(crop.side * EXPANSION))
    place, size = np.subtract(center, crop.center) / crop.scale, np.asarray(box[2:]) / crop.scale
    crops: list[np.ndarray] = []
    boxes: list[np.ndarray] = []

    generator = np.random.default_rng(seed)

    def add(shift: np.ndarray, angle: float = 0, zoom: float = 1, mirror: bool = False) -> None:
        offset = place + shift
        crops.append(_warp(patch, crop.side, offset, angle, zoom, mirror))
        boxes.append(np.concatenate([crop.side / 2 + offset - zoom * size / 2, zoom * size]))

    def random_shift() -> np.ndarray:
        return (generator.random(2) - 0.5) * params.random_shift * crop.side

    add(np.zeros(2))
    for shift in params.shifts:
        add(np.asarray(shift) * size)
    for shift in params.crop_shifts:
        add(np.asarray(shift) * crop.side / 2)
    for angle in params.rotations:
        add(random_shift(), angle=angle)
    for zoom in params.scales:
        add(random_shift(), zoom=zoom)
    if params.flip:
        add(random_shift(), mirror=True)
    for sigma_x, sigma_y in params.blurs:
        add(random_shift())
        crops[-1] = cv2.GaussianBlur(crops[-1], (0, 0), sigma_x, sigmaY=sigma_y)
    return np.stack(crops), np.stack(boxes).astype(np.float32)


def _warp(patch: np.ndarray, crop_side: int, offset: np.ndarray, angle: float, zoom: float, mirror: bool) -> np.ndarray:
    """Rotate and scale the patch about its center (the target's), which moves to the crop's center plus ``offset``."""
    cos, sin = math.cos(math.radians(angle)) * zoom, math.sin(math.radians(angle)) * zoom
    linear = np.array([[cos, sin], [-sin, cos]]) @ np.diag([-1.0 if mirror else 1.0, 1.0])
    # Pixel centers lie at half-integers; in cv2 they lie at integers.
    origin = np.full(2, (patch.shape[0] - 1) / 2)
    target = np.full(2, (crop_side - 1) / 2) + offset
    matrix = np.column_stack([linear, target - linear @ origin])
    return cv2.warpAffine(patch, matrix, (crop_side, crop_side), borderMode=cv2.BORDER_REPLICATE)
