"""Validation of boxes given by users."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError
from pytracking.tracker.base.output import Box

if TYPE_CHECKING:  # commands check their boxes before the slow import of torch
    from torch import Tensor

    BoxLike = Sequence[float] | NDArray[Any] | Tensor  # x, y, w, h

LEAST_INSIDE = 0.25  # of the box: a target is learned from what the frame shows of it
LARGEST = 4  # in frame widths or heights; a target that is partly outside can be larger than the frame


def check_box(box: BoxLike, frame: NDArray[np.uint8]) -> Box:
    """``box`` as four floats (x, y, w, h).

    Raises:
        InputError: it is not four finite numbers, has less than a pixel, is far larger than the ``frame``
            (``[H, W, 3]``), or lies outside it by more than three quarters.
    """
    height, width = frame.shape[:2]
    x, y, w, h = numbers = _four_numbers(box)
    if w <= 0 or h <= 0:
        raise InputError(f"box: expected a width and height above 0, got {numbers}")
    if w * h < 1:
        raise InputError(f"box: {numbers} is smaller than a pixel; expected pixels, not parts of the frame")
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        raise InputError(f"box: {numbers} lies outside the {width} x {height} frame")
    if w > LARGEST * width or h > LARGEST * height:
        raise InputError(f"box: {numbers} is more than {LARGEST} times as large as the {width} x {height} frame")
    inside = (min(x + w, width) - max(x, 0)) * (min(y + h, height) - max(y, 0))
    shown = inside / (min(w, width) * min(h, height))  # of what a frame can show of such a box
    if shown < LEAST_INSIDE:
        raise InputError(
            f"box: the {width} x {height} frame shows {100 * shown:.2g} % of {numbers}; expected "
            f"{100 * LEAST_INSIDE:.0f} % or more: give left, top, width and height of the part that is seen"
        )
    return numbers


def _four_numbers(box: Any) -> Box:
    """The four finite numbers of a sequence, array or tensor; InputError for anything else."""
    try:
        values = box.tolist() if hasattr(box, "tolist") else list(box) if isinstance(box, Sequence) else []
        values = [value.item() if hasattr(value, "item") else value for value in values]
        if all(isinstance(value, Real) and not isinstance(value, bool) for value in values):
            x, y, w, h = map(float, values)
            if all(map(math.isfinite, (x, y, w, h))):
                return x, y, w, h
    except (TypeError, ValueError, OverflowError, RuntimeError):  # each library raises its own kind
        pass
    got = tuple(box) if isinstance(box, list | tuple) else box
    raise InputError(f"box: expected four finite numbers x, y, w, h, got {reprlib.repr(got)}")
