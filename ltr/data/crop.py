"""Square crops of an image, and transforms of boxes into them and back; used by training and tracking.

A crop of ``side`` pixels around ``center`` (x, y) at ``scale`` image pixels per crop pixel maps, in
continuous coordinates where pixel i covers [i, i + 1):

    x_crop = (x_image - center_x) / scale + side / 2
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

import cv2
import numpy as np

from ltr.utils.config import Range
from ltr.utils.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

AnyImage = TypeVar("AnyImage", np.ndarray, "Tensor")
AnyBox = TypeVar("AnyBox", np.ndarray, "Tensor")


@dataclass(frozen=True)
class CropTransform:
    """Where a crop lies: ``center`` (x, y) in image pixels, ``scale`` in image px per crop px, ``side`` in crop px."""

    center: tuple[float, float]
    scale: float
    side: int


CropMode = Literal["replicate", "inside", "inside_major"]


@dataclass(frozen=True)
class CropSettings:
    """The search region of a frame, in training and tracking."""

    search_area: Annotated[float, Range(above=1, most=100)] = (
        6.0  # side of the search area, in sqrt(w h) of the target (pytracking's search_area_scale)
    )
    crop_side: Annotated[int, Range(least=64, most=1024)] = (
        352  # S: side of the crop in pixels (pytracking's image_sample_size, output_sz)
    )
    crop_mode: CropMode = "replicate"  # for areas beyond the image: see fit_area (pytracking's border_mode)
    max_shrink: Annotated[float, Range(least=1)] = (
        1.5  # largest divisor of the area's side in the other modes (pytracking's patch_max_scale_change)
    )

    def search_region(
        self, center: tuple[float, float], target_size: tuple[float, float], image_size: tuple[int, int]
    ) -> tuple[tuple[float, float], float]:
        """Center of the crop in image pixels, and image pixels per crop pixel, for a target of (w, h) around ``center``
        in an image of (width, height)."""
        side = math.sqrt(target_size[0] * target_size[1]) * self.search_area
        center, side = fit_area(center, side, image_size, self.crop_mode, self.max_shrink)
        return center, side / self.crop_side


def fit_area(
    center: tuple[float, float],
    side: float,
    image_size: tuple[int, int],
    mode: CropMode,
    max_shrink: float,
) -> tuple[tuple[float, float], float]:
    """Change a square search area so that less of it lies outside the image (pytracking's crop types).

    Args:
        center, side: of the area, in image pixels.
        image_size: (width, height).
        mode: "replicate": no change (the border pixels are repeated). "inside": the side is reduced to the image's
            shorter side; "inside_major": to its longer side. Then the area is shifted into the image along each axis,
            or centered where it is longer than the image.
        max_shrink: largest divisor of the side; 1 only shifts the area.

    Returns:
        Center and side.
    """
    if mode == "replicate":
        return center, side
    limit = min(image_size) if mode == "inside" else max(image_size)
    side /= min(max(side / limit, 1.0), max_shrink)
    x, y = (
        min(max(c, side / 2), extent - side / 2) if side <= extent else extent / 2
        for c, extent in zip(center, image_size, strict=True)
    )
    return (x, y), side


def share_inside(boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Fraction of the area of ``boxes [..., 4]`` (x, y, w, h) inside images of ``sizes [..., 2]`` (width, height).

    Returns:
        ``float64 [...]``, 0..1; 0 for boxes without area or not finite.
    """
    low, extent = boxes[..., :2].astype(float), boxes[..., 2:].astype(float)
    usable = np.isfinite(boxes).all(-1) & (extent > 0).all(-1)
    inside = (np.minimum(low + extent, sizes) - np.maximum(low, 0)).clip(min=0).prod(-1)
    return np.where(usable, inside, 0.0) / np.where(usable, extent.prod(-1), 1.0)


def box_to_crop(box: AnyBox, transform: CropTransform) -> AnyBox:
    """Boxes ``[..., 4]`` (x, y, w, h) in image pixels -> the same boxes in crop pixels."""
    return (box - _position(box, *transform.center)) / transform.scale + _position(box, *[transform.side / 2] * 2)


def box_from_crop(box_crop: AnyBox, transform: CropTransform) -> AnyBox:
    """Inverse of :func:`box_to_crop`: boxes ``[..., 4]`` in crop pixels -> image pixels."""
    middle = _position(box_crop, *[transform.side / 2] * 2)
    return (box_crop - middle) * transform.scale + _position(box_crop, *transform.center)


def _position(like: AnyBox, x: float, y: float) -> AnyBox:
    """(x, y, 0, 0) as an array of the same kind."""
    values = [x, y, 0.0, 0.0]
    return np.array(values, like.dtype) if isinstance(like, np.ndarray) else like.new_tensor(values)


def sample_crop(
    image: np.ndarray, center: tuple[float, float], scale: float, crop_side: int
) -> tuple[np.ndarray, CropTransform]:
    """Crop a square of ``image``, resized to ``crop_side`` pixels.

    One bilinear warp, after averaging blocks of round(scale) pixels if the crop shrinks the image (to avoid aliasing).
    Border pixels are repeated outside the image. Only the pixels under the crop are read.

    Args:
        image: RGB ``uint8 [H, W, 3]``.
        center: (x, y) of the crop's center in image pixels; may lie outside the image.
        scale: image pixels per crop pixel, > 0.
        crop_side: side S of the crop in pixels.

    Returns:
        The crop, ``uint8 [S, S, 3]``, and the transform that maps boxes.
    """
    transform, plan = plan_crop((image.shape[1], image.shape[0]), center, scale, crop_side)
    patch = plan.cut(image)
    if plan.factor > 1:
        right, bottom = plan.padding
        patch = cv2.copyMakeBorder(patch, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
        reduced = (patch.shape[1] // plan.factor, patch.shape[0] // plan.factor)
        patch = cv2.resize(patch, reduced, interpolation=cv2.INTER_AREA)
    matrix = np.array([[plan.step, 0.0, plan.start[0]], [0.0, plan.step, plan.start[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(patch, matrix, (crop_side, crop_side), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return crop, transform


@dataclass(frozen=True)
class CropPlan:
    """How a crop is sampled: a patch of the image is averaged in blocks, then interpolated.

    origin, length: (x, y) of the patch's first pixel, and its size, in image pixels. factor: side of the blocks.
    start, step: pixel i of the crop lies at start + step i of the averaged patch, both counted at pixel centers.
    """

    origin: tuple[int, int]
    length: tuple[int, int]
    factor: int
    start: tuple[float, float]
    step: float

    def cut(self, image: AnyImage) -> AnyImage:
        """The patch of an image ``[H, W, 3]``: a view."""
        (left, top), (width, height) = self.origin, self.length
        return image[top : top + height, left : left + width]

    @property
    def padding(self) -> tuple[int, int]:
        """Columns and rows to add for whole blocks."""
        return -self.length[0] % self.factor, -self.length[1] % self.factor


def plan_crop(
    image_size: tuple[int, int], center: tuple[float, float], scale: float, crop_side: int
) -> tuple[CropTransform, CropPlan]:
    """The transform and the plan of a crop of an image of (width, height); the others as in :func:`sample_crop`."""
    if not (math.isfinite(scale) and scale > 0 and all(map(math.isfinite, center))):
        raise InputError(f"crop needs a finite center and a scale > 0, got center {center} and scale {scale}")
    factor = max(1, round(scale))
    margin, half = 2 * factor, scale * crop_side / 2

    def extent_and_start(middle: float, extent: int) -> tuple[int, int, float]:
        first = min(max(math.floor(middle - half) - margin, 0), extent - 1)
        last = min(max(math.ceil(middle + half) + margin, first + 1), extent)
        # Pixel centers lie at i + 0.5, in the crop and in the blocks of the patch, which start at `first`.
        return first, last - first, (middle + scale * (0.5 - crop_side / 2) - first) / factor - 0.5

    x, y = (extent_and_start(*axis) for axis in zip(center, image_size, strict=True))
    plan = CropPlan((x[0], y[0]), (x[1], y[1]), factor, (x[2], y[2]), scale / factor)
    return CropTransform((float(center[0]), float(center[1])), float(scale), crop_side), plan
