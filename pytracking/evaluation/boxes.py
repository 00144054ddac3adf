"""Boxes that users give."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracking.tracker.base.output import Box

LARGEST = 4  # times the frame's width or height; a target that is partly outside can be larger than the frame


def check_box(box: Any, frame: NDArray[np.uint8]) -> Box:
    """``box`` as four floats (x, y, w, h).

    Raises:
        ValueError: it is not four finite numbers, is smaller than a pixel or far larger than the ``frame``
            (``[H, W, 3]``), or does not overlap it.
    """
    height, width = frame.shape[:2]
    x, y, w, h = numbers = _four_numbers(box)
    if w <= 0 or h <= 0:
        raise ValueError(f"box: expected a width and height above 0, got {numbers}")
    if w < 1 and h < 1:
        raise ValueError(f"box: {numbers} is smaller than a pixel; expected pixels, not parts of the frame")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise ValueError(f"box: {numbers} lies outside the {width} x {height} frame")
    if w > LARGEST * width or h > LARGEST * height:
        raise ValueError(f"box: {numbers} is more than {LARGEST} times as large as the {width} x {height} frame")
    return numbers


def _four_numbers(box: Any) -> Box:
    values = box.tolist() if hasattr(box, "tolist") else box  # of an array or a tensor
    try:
        x, y, w, h = numbers = tuple(map(float, () if isinstance(values, str) else values))
    except (TypeError, ValueError):
        numbers = ()
    if not (numbers and all(map(math.isfinite, numbers))):
        got = tuple(values) if isinstance(values, list | tuple) else values
        raise ValueError(f"box: expected four finite numbers x, y, w, h, got {got!r}")
    return x, y, w, h
