"""Square crops of an image and the way of boxes into them and back; shared by the training and the tracker.

A crop of ``size`` pixels around ``centre`` (x, y) at ``scale`` image pixels per crop pixel maps, in
continuous coordinates where pixel i covers [i, i + 1):

    x_crop = (x_image - centre_x) / scale + size / 2
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class CropTransform:
    """Where a crop lies: ``centre`` (x, y) in image pixels, ``scale`` in image px per crop px, ``size`` in crop px."""

    centre: tuple[float, float]
    scale: float
    size: int


def crop_scale(box_size: tuple[float, float], search_area_factor: float, output_size: int) -> float:
    """Image pixels per crop pixel so that the crop's side is ``search_area_factor`` times sqrt(w h) of the box."""
    return math.sqrt(box_size[0] * box_size[1]) * search_area_factor / output_size


CropMode = Literal["replicate", "inside", "inside_major"]


def fit_area(
    centre: tuple[float, float],
    side: float,
    image_size: tuple[int, int],
    mode: CropMode,
    max_shrink: float,
) -> tuple[tuple[float, float], float]:
    """Change a square search area so that less of it lies outside the image (pytracking's crop types).

    Args:
        centre, side: of the area, in image pixels.
        image_size: (width, height).
        mode: "replicate": nothing is changed (the border is repeated outside the image). "inside": the area is made
            smaller until its side is that of the image's shorter side; "inside_major": of its longer side. Then it is
            moved into the image along every axis; where it is longer than the image, to the image's middle.
        max_shrink: by what its side may be divided at most; 1 only moves it.

    Returns:
        Centre and side.
    """
    if mode == "replicate":
        return centre, side
    limit = min(image_size) if mode == "inside" else max(image_size)
    side /= min(max(side / limit, 1.0), max_shrink)
    x, y = (
        min(max(c, side / 2), extent - side / 2) if side <= extent else extent / 2
        for c, extent in zip(centre, image_size, strict=True)
    )
    return (x, y), side


def box_to_crop(box: Tensor, transform: CropTransform) -> Tensor:
    """Boxes ``[..., 4]`` (x, y, w, h) in image pixels -> the same boxes in crop pixels."""
    offset = box.new_tensor([*transform.centre, 0.0, 0.0])
    shift = box.new_tensor([transform.size / 2, transform.size / 2, 0.0, 0.0])
    return (box - offset) / transform.scale + shift


def box_from_crop(box_crop: Tensor, transform: CropTransform) -> Tensor:
    """Inverse of :func:`box_to_crop`: boxes ``[..., 4]`` in crop pixels -> image pixels."""
    offset = box_crop.new_tensor([*transform.centre, 0.0, 0.0])
    shift = box_crop.new_tensor([transform.size / 2, transform.size / 2, 0.0, 0.0])
    return (box_crop - shift) * transform.scale + offset


def sample_crop(
    image: np.ndarray, centre: tuple[float, float], scale: float, output_size: int
) -> tuple[np.ndarray, CropTransform]:
    """Cut a square out of ``image`` and bring it to ``output_size`` pixels.

    One bilinear warp, after averaging blocks of round(scale) pixels where the crop shrinks the image (else it
    would alias). Outside the image its border pixels are repeated. Only the pixels under the crop are
    touched.

    Args:
        image: RGB ``uint8 [H, W, 3]``.
        centre: (x, y) of the crop's centre in image pixels; may lie outside the image.
        scale: image pixels per crop pixel, > 0.
        output_size: side S of the crop in pixels.

    Returns:
        The crop, ``uint8 [S, S, 3]``, and the transform that maps boxes.
    """
    if not (math.isfinite(scale) and scale > 0 and all(map(math.isfinite, centre))):
        raise ValueError(f"crop needs a finite centre and a scale > 0, got centre {centre} and scale {scale}")
    transform = CropTransform((float(centre[0]), float(centre[1])), float(scale), output_size)
    factor = max(1, round(scale))
    patch, origin = _reduced_patch(image, transform, factor)
    # Pixel i of the crop has its centre at i + 0.5; so has pixel j of the patch, in blocks of `factor` from
    # `origin`.
    step = scale / factor
    start = [(c + scale * (0.5 - output_size / 2) - o) / factor - 0.5 for c, o in zip(centre, origin, strict=True)]
    matrix = np.array([[step, 0.0, start[0]], [0.0, step, start[1]]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    crop = cv2.warpAffine(patch, matrix, (output_size, output_size), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return crop, transform


def _reduced_patch(image: np.ndarray, transform: CropTransform, factor: int) -> tuple[np.ndarray, list[int]]:
    """The part of the image under the crop, averaged in blocks of ``factor``; and its left, top in image pixels."""
    margin = 2 * factor
    half = transform.scale * transform.size / 2
    origin, length = [], []
    for middle, extent in zip(transform.centre, (image.shape[1], image.shape[0]), strict=True):
        first = min(max(math.floor(middle - half) - margin, 0), extent - 1)
        last = min(max(math.ceil(middle + half) + margin, first + 1), extent)
        origin.append(first)
        length.append(last - first)
    patch = image[origin[1] : origin[1] + length[1], origin[0] : origin[0] + length[0]]
    if factor == 1:
        return patch, origin
    right, bottom = (-length[0] % factor, -length[1] % factor)
    patch = cv2.copyMakeBorder(patch, 0, bottom, 0, right, cv2.BORDER_REPLICATE)
    reduced = (patch.shape[1] // factor, patch.shape[0] // factor)
    return cv2.resize(patch, reduced, interpolation=cv2.INTER_AREA), origin
