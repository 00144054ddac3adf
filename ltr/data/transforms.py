"""Augmentation of crops, per sample and per frame.

Images are RGB ``uint8 [H, W, 3]``; boxes (x, y, w, h) in their pixels. No input is modified.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Annotated

import cv2
import numpy as np

from ltr.data.image_loader import decode_image, encode_jpeg
from ltr.utils.config import Range, UnitInterval

# ITU-R BT.601, the weights of OpenCV's and PIL's grayscale conversion
_LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class ColorJitter:
    """Largest relative changes; factors are uniform in 1 - x to 1 + x (``brightness`` and ``gain`` per channel)."""

    brightness: float = 0.2
    contrast: float = 0.15
    saturation: float = 0.3
    gain: float = 0.05


@dataclass(frozen=True)
class AugmentationSettings:
    """Probabilities and strengths; ``flip``, ``grayscale`` and ``low_resolution``: per sample, the rest per frame."""

    flip: UnitInterval = 0.5
    frame_flip: UnitInterval = 0.0  # of a single frame, in addition
    grayscale: UnitInterval = 0.05
    low_resolution: UnitInterval = 0.0  # of few pixels, as of a distant target
    low_resolution_detail: tuple[float, float] = (0.2, 0.7)  # image px per crop px then
    color: ColorJitter = field(default_factory=ColorJitter)
    blur: UnitInterval = 0.15
    blur_sigma: tuple[float, float] = (0.7, 2.5)  # crop px
    noise: UnitInterval = 0.1
    noise_amplitude: Annotated[int, Range(least=0, most=127)] = 8  # gray levels, uniform distribution
    jpeg: UnitInterval = 0.1
    jpeg_quality: tuple[int, int] = (30, 80)
    cutout: UnitInterval = 0.1
    cutout_side: tuple[float, float] = (0.3, 0.6)  # of the target's sides

    def problems(self) -> list[str]:
        """What is wrong with these settings, one line each."""
        found = []
        for name, most in {
            "low_resolution_detail": 1,
            "blur_sigma": math.inf,
            "jpeg_quality": 100,
            "cutout_side": 1,
        }.items():
            low, high = getattr(self, name)
            if not 0 < low <= high <= most:
                found.append(f"{name}: expected two rising numbers above 0, {most} at most, got {low}, {high}")
        return found

    def for_validation(self) -> AugmentationSettings:
        """Mirroring and grayscale of whole samples only, as pytracking validates."""
        return AugmentationSettings(
            self.flip,
            grayscale=self.grayscale,
            color=ColorJitter(0, 0, 0, 0),
            blur=0,
            noise=0,
            jpeg=0,
            cutout=0,
        )


@dataclass(frozen=True)
class Shared:
    """The augmentation that all frames of a sample share."""

    flip: bool
    gray: bool
    detail: float  # image px per crop px: 1, or less at low resolution


def draw_shared(settings: AugmentationSettings, rng: np.random.Generator) -> Shared:
    """Draw the augmentation that all frames of a sample share."""
    flip, gray = (bool(rng.random() < chance) for chance in (settings.flip, settings.grayscale))
    low_resolution = rng.random() < settings.low_resolution
    return Shared(flip, gray, math.exp(rng.uniform(*np.log(settings.low_resolution_detail))) if low_resolution else 1.0)


def color_matrix(jitter: ColorJitter, rng: np.random.Generator) -> np.ndarray:
    """A random affine change of color ``[3, 4]``: rgb' = M[:, :3] rgb + M[:, 3], contrast around mid gray (128)."""

    def factor(strength: float, size: int | None = None) -> np.ndarray | float:
        return 1 + rng.uniform(-strength, strength, size)

    contrast = factor(jitter.contrast)
    matrix = saturation_matrix(float(factor(jitter.saturation))) * (contrast * factor(jitter.brightness))
    matrix = factor(jitter.gain, 3)[:, None] * matrix  # type: ignore[index]
    return np.column_stack([matrix, np.full(3, 128 * (1 - contrast))])


def apply_color(image: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """``image`` with its colors changed by an affine ``matrix`` ``[3, 4]``, clipped to 0..255."""
    return cv2.transform(image, matrix)


def saturation_matrix(saturation: float) -> np.ndarray:
    """``[3, 3]``: 1 keeps the colors, 0 makes them gray."""
    return saturation * np.eye(3) + (1 - saturation) * np.tile(_LUMA, (3, 1))


def flip_horizontally(image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mirror image and box left to right."""
    x, y, w, h = box
    return cv2.flip(image, 1), np.array([image.shape[1] - x - w, y, w, h], dtype=box.dtype)


def reduce_resolution(image: np.ndarray, detail: float) -> np.ndarray:
    """``image`` downsampled to ``detail`` (0..1] times its sides, then enlarged to its size."""
    height, width = image.shape[:2]
    small = (max(round(width * detail), 1), max(round(height * detail), 1))
    return cv2.resize(cv2.resize(image, small, interpolation=cv2.INTER_AREA), (width, height))


def self_cutout(image: np.ndarray, box: np.ndarray, side: tuple[float, float], rng: np.random.Generator) -> np.ndarray:
    """Cover part of the target by a patch of the same image, which simulates an occlusion.

    The patch's sides are ``side`` times the box's sides, its center is uniform in the box.
    """
    height, width = image.shape[:2]
    size = np.clip(box[2:] * rng.uniform(*side, 2), 1, (width, height)).astype(int)
    limit = np.array([width, height]) - size
    target = np.clip(box[:2] + box[2:] * rng.random(2) - size / 2, 0, limit).astype(int)
    source = (rng.random(2) * (limit + 1)).astype(int)
    covered = image.copy()
    patch = image[source[1] : source[1] + size[1], source[0] : source[0] + size[0]]
    covered[target[1] : target[1] + size[1], target[0] : target[0] + size[0]] = patch
    return covered


def augment_frame(
    image: np.ndarray, box: np.ndarray, settings: AugmentationSettings, shared: Shared, rng: np.random.Generator
) -> np.ndarray:
    """Augment one (already flipped) crop of a sample: cutout, blur, color, noise, compression; the box stays valid."""
    if rng.random() < settings.cutout:
        image = self_cutout(image, box, settings.cutout_side, rng)
    if shared.detail < 1:
        image = reduce_resolution(image, shared.detail)
    if rng.random() < settings.blur:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(*settings.blur_sigma))
    matrix = color_matrix(settings.color, rng)
    if shared.gray:
        matrix[:, :3] = matrix[:, :3] @ saturation_matrix(0.0)
    image = apply_color(image, matrix)
    if rng.random() < settings.noise:
        amplitude = settings.noise_amplitude
        noise = rng.integers(-amplitude, amplitude, image.shape, dtype=np.int8, endpoint=True)
        image = np.clip(image.astype(np.int16) + noise, 0, 255).astype(np.uint8)
    if rng.random() < settings.jpeg:
        quality = int(rng.integers(*settings.jpeg_quality, endpoint=True))
        image = decode_image(encode_jpeg(image, quality), "a crop held in memory")
    return image
