"""Naive loops for what ltr.data computes at once."""

import math

import numpy as np


def bilinear_crop(image: np.ndarray, center: tuple[float, float], scale: float, size: int) -> np.ndarray:
    """Crop ``float [size, size, 3]``: every pixel's center looked up in the image, the border repeated outside."""
    height, width = image.shape[:2]
    crop = np.zeros((size, size, image.shape[2]))
    for i in range(size):
        for j in range(size):
            # Index coordinates: a pixel's center lies half a pixel after its left, upper edge.
            x = center[0] + scale * (j + 0.5 - size / 2) - 0.5
            y = center[1] + scale * (i + 0.5 - size / 2) - 0.5
            x0, y0 = math.floor(x), math.floor(y)
            for dy in (0, 1):
                for dx in (0, 1):
                    weight = (1 - abs(x - x0 - dx)) * (1 - abs(y - y0 - dy))
                    row, column = min(max(y0 + dy, 0), height - 1), min(max(x0 + dx, 0), width - 1)
                    crop[i, j] += weight * image[row, column]
    return crop


def gaussian_label(center: tuple[float, float], num_cells: int, stride: float, sigma: float) -> np.ndarray:
    """``[num_cells, num_cells]``: exp(-d^2 / (2 sigma^2)), cell by cell."""
    label = np.zeros((num_cells, num_cells))
    for i in range(num_cells):
        for j in range(num_cells):
            squared = ((j * stride - center[0]) / stride) ** 2 + ((i * stride - center[1]) / stride) ** 2
            label[i, j] = math.exp(-squared / (2 * sigma**2))
    return label


def mask_bounds(mask: np.ndarray) -> tuple[int, int, int, int]:
    """(x, y, w, h) round the true pixels of ``mask [H, W]``."""
    points = [(x, y) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]]
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs) - min(xs) + 1, max(ys) - min(ys) + 1


def whole_pixel_area(
    center: tuple[float, float], side: float, image_size: tuple[int, int], crop_side: int, max_shrink: float
) -> tuple[tuple[float, float], float]:
    """Center and side of the patch that pytracking's ``sample_patch(mode="inside_major")`` cuts, step by step.

    It counts in whole pixels, of the picture that is left when every ``step``-th pixel is kept.
    """
    shrink = min(max(min(side / extent for extent in image_size), 1), max_shrink)
    side = int(side / shrink)
    step = max(int(side / crop_side - 0.1), 1)
    length = max(round(side / step), 2)
    middle = []
    for c, extent in zip(center, image_size, strict=True):
        index = int(c - 0.5)
        offset = index % step
        first = index // step - (length - 1) // 2
        kept = math.ceil((extent - offset) / step)
        first += max(-first, 0) - max(first + length - kept, 0)
        outside = (max(-first, 0) + max(first + length - kept, 0)) // 2
        if outside > 0:
            first = -outside
        middle.append(step * (first + length / 2) + offset)
    return (middle[0], middle[1]), float(step * length)
