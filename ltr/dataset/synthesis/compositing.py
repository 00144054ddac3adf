"""Compositing of cut-outs on images: motion, drawing of a frame, and exact boxes of the objects.

All functions but :func:`paste` are pure. Pixel i covers [i, i + 1).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import cv2
import numpy as np

from ltr.data.transforms import apply_color

_OPAQUE = 128  # least alpha (of 255) of an object pixel
_SHORTEST_BLUR = 1.5  # px; a shorter motion blur is not visible


@dataclass(frozen=True)
class Cutout:
    """An object without its surroundings: RGB ``uint8 [h, w, 3]`` and alpha ``uint8 [h, w]``."""

    image: np.ndarray
    alpha: np.ndarray


@dataclass(frozen=True)
class Wave:
    """A quantity that oscillates in time: mean + amplitude sin(2 pi t / period + phase), t in frames."""

    mean: float
    amplitude: float = 0.0
    period: float = 1.0
    phase: float = 0.0

    def __call__(self, t: float) -> float:
        return self.mean + self.amplitude * math.sin(2 * math.pi * t / self.period + self.phase)


def random_wave(rng: np.random.Generator, mean: float, amplitude: float, period: tuple[float, float]) -> Wave:
    """A wave of at most ``amplitude``, with a log-uniform period (frames) and a random phase."""
    length = math.exp(rng.uniform(math.log(period[0]), math.log(period[1])))
    return Wave(mean, amplitude * rng.random(), length, rng.uniform(0, 2 * math.pi))


def swing_inside(rng: np.random.Generator, extent: float, margin: float, period: tuple[float, float]) -> Wave:
    """A random wave that stays ``margin`` away from the ends of 0 ... ``extent``."""
    mean = extent * rng.uniform(0.3, 0.7)
    return random_wave(rng, mean, min(mean, extent - mean) - margin, period)


@dataclass(frozen=True)
class Pose:
    """The pose of a layer in a frame: center (x, y) in px, scale, aspect (> 1: wider) and angle in radians."""

    x: float
    y: float
    scale: float
    aspect: float = 1.0
    angle: float = 0.0

    def matrix(self, width: float, height: float) -> np.ndarray:
        """``[2, 3]``: continuous coordinates of a layer of this size -> those of the frame."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        stretch = math.sqrt(self.aspect)
        linear = self.scale * np.array([[cos * stretch, -sin / stretch], [sin * stretch, cos / stretch]])
        return np.column_stack([linear, np.array([self.x, self.y]) - linear @ [width / 2, height / 2]])


@dataclass(frozen=True)
class Motion:
    """The pose of a layer in time."""

    x: Wave
    y: Wave
    log_scale: Wave
    log_aspect: Wave = field(default_factory=lambda: Wave(0.0))
    angle: Wave = field(default_factory=lambda: Wave(0.0))

    def at(self, t: float) -> Pose:
        """The pose at time ``t`` in frames."""
        return Pose(self.x(t), self.y(t), math.exp(self.log_scale(t)), math.exp(self.log_aspect(t)), self.angle(t))

    def motion_blur(self, t: float, exposure: float) -> tuple[float, float]:
        """Displacement (dx, dy) in px of the layer's center during the ``exposure`` (frames) around ``t``."""
        before, after = t - exposure / 2, t + exposure / 2
        return self.x(after) - self.x(before), self.y(after) - self.y(before)


@dataclass(frozen=True)
class Layer:
    """A cut-out in a frame: premultiplied RGB ``float32 [h, w, 3]``, alpha ``float32 [h, w, 1]`` in 0..1, its
    left, top corner in the frame, and the bounds (x, y, w, h) of the object without motion blur."""

    premultiplied: np.ndarray
    alpha: np.ndarray
    corner: tuple[int, int]
    box: tuple[float, float, float, float]


def place(cutout: Cutout, pose: Pose, motion_blur: tuple[float, float] = (0.0, 0.0)) -> Layer | None:
    """Transform a cut-out into a frame's coordinates; None if no pixel of it is left."""
    cutout, pose = _shrink(cutout, pose)
    height, width = cutout.alpha.shape
    matrix = pose.matrix(width, height)
    corners = matrix @ np.array([[0, width, 0, width], [0, 0, height, height], [1, 1, 1, 1]])
    margin = 2 + math.ceil(max(abs(motion_blur[0]), abs(motion_blur[1])) / 2)
    left, top = np.floor(corners.min(axis=1)).astype(int) - margin
    right, bottom = np.ceil(corners.max(axis=1)).astype(int) + margin
    size = (int(right - left), int(bottom - top))
    matrix[:, 2] -= (left, top)
    index_matrix = _between_pixel_indices(matrix)
    rgb = cv2.warpAffine(cutout.image, index_matrix, size, borderMode=cv2.BORDER_REPLICATE)
    alpha = cv2.warpAffine(cutout.alpha, index_matrix, size)
    x, y, w, h = cv2.boundingRect((alpha >= _OPAQUE).astype(np.uint8))
    if not (w and h):
        return None
    soft: np.ndarray = alpha[..., None].astype(np.float32) / 255
    premultiplied: np.ndarray = rgb * soft
    kernel = line_kernel(motion_blur)
    if kernel is not None:
        premultiplied = cv2.filter2D(premultiplied, -1, kernel)
        soft = cv2.filter2D(soft, -1, kernel)[..., None]
    corner = (int(left), int(top))
    return Layer(premultiplied, soft, corner, (float(x + left), float(y + top), float(w), float(h)))


def _shrink(cutout: Cutout, pose: Pose) -> tuple[Cutout, Pose]:
    """Downsample a cut-out that is drawn much smaller, by area averages: bilinear sampling alone would alias."""
    if pose.scale > 0.7:
        return cutout, pose
    height, width = cutout.alpha.shape
    size = (max(1, round(width * pose.scale)), max(1, round(height * pose.scale)))
    image = cv2.resize(cutout.image, size, interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(cutout.alpha, size, interpolation=cv2.INTER_AREA)
    return Cutout(image, alpha), Pose(pose.x, pose.y, 1.0, pose.aspect, pose.angle)


def _between_pixel_indices(matrix: np.ndarray) -> np.ndarray:
    """The same map for OpenCV, where pixel i has its center at i instead of i + 0.5."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return shifted


def line_kernel(motion_blur: tuple[float, float]) -> np.ndarray | None:
    """Kernel ``float32 [k, k]`` of a motion blur (dx, dy) in px; None if it is too short to be visible."""
    length = math.hypot(*motion_blur)
    if length < _SHORTEST_BLUR:
        return None
    half = math.ceil(max(map(abs, motion_blur)) / 2)
    kernel = np.zeros((2 * half + 1, 2 * half + 1), np.float32)
    for along in np.linspace(-0.5, 0.5, 4 * half + 1):
        kernel[round(half + along * motion_blur[1]), round(half + along * motion_blur[0])] += 1
    return kernel / kernel.sum()


def paste(frame: np.ndarray, layer: Layer) -> None:
    """Draw ``layer`` over ``frame`` (RGB ``uint8 [H, W, 3]``), in place."""
    inside, part = _overlap(frame.shape, layer)
    if not frame[inside].size:
        return
    mixed = frame[inside] * (1 - layer.alpha[part]) + layer.premultiplied[part]
    frame[inside] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def hidden_share(target: Layer, others: list[Layer]) -> float:
    """Fraction of the target's area (0..1) hidden by layers in front of it."""
    height, width = target.alpha.shape[:2]
    left, top = target.corner
    seen = np.ones((height, width, 1), np.float32)
    for other in others:
        shifted = Layer(other.premultiplied, other.alpha, (other.corner[0] - left, other.corner[1] - top), other.box)
        inside, part = _overlap(seen.shape, shifted)
        seen[inside] *= 1 - shifted.alpha[part]
    return 1 - float((target.alpha * seen).sum() / target.alpha.sum())


def _overlap(shape: tuple[int, ...], layer: Layer) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The overlap of a layer with a frame of ``shape``: slices of the frame, and of the layer."""
    frame_slices, layer_slices = [], []
    for extent, first, length in zip(shape[:2], layer.corner[::-1], layer.alpha.shape[:2], strict=True):
        start, stop = max(first, 0), min(first + length, extent)
        stop = max(stop, start)
        frame_slices.append(slice(start, stop))
        layer_slices.append(slice(start - first, stop - first))
    return (frame_slices[0], frame_slices[1]), (layer_slices[0], layer_slices[1])


def clip_box(box: tuple[float, float, float, float], width: int, height: int) -> np.ndarray:
    """The part of ``box`` inside a frame of this size, ``float32 [4]``; without area if it lies outside."""
    x, y, w, h = box
    left, top = min(max(x, 0), width), min(max(y, 0), height)
    right, bottom = min(max(x + w, 0), width), min(max(y + h, 0), height)
    return np.array([left, top, right - left, bottom - top], dtype=np.float32)


def draw_background(
    picture: np.ndarray, size: tuple[int, int], pose: Pose, motion_blur: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """A frame of ``size`` (width, height) with ``picture`` in this pose, mirrored beyond its borders."""
    matrix = _between_pixel_indices(pose.matrix(picture.shape[1], picture.shape[0]))
    frame = cv2.warpAffine(picture, matrix, size, borderMode=cv2.BORDER_REFLECT_101)
    kernel = line_kernel(motion_blur)
    return frame if kernel is None else cv2.filter2D(frame, -1, kernel)


def recolor(cutout: Cutout, matrix: np.ndarray) -> Cutout:
    """The cut-out with its colors changed by ``matrix`` ``[3, 4]``."""
    return Cutout(apply_color(cutout.image, matrix), cutout.alpha)
