"""Frames that change their size while a target is tracked."""

from __future__ import annotations

import warnings

import numpy as np

Size = tuple[int, int]


def size_of(frame: np.ndarray) -> Size:
    """(width, height) of ``[H, W, 3]``."""
    return frame.shape[1], frame.shape[0]


def size_factors(before: Size, now: Size) -> tuple[float, float]:
    """By what x and y grow from frames of one size to those of another, of the same shape up to a pixel.

    Where the shape differs, nothing tells what has moved where: (1, 1), and a warning.
    """
    x, y = now[0] / before[0], now[1] / before[1]
    if abs(now[0] - y * before[0]) <= 1 or abs(now[1] - x * before[1]) <= 1:
        return x, y
    warnings.warn(
        f"a frame of {now[0]} x {now[1]} px after {before[0]} x {before[1]}, which has another shape: the target is "
        "looked for where it was in pixels",
        stacklevel=2,
    )
    return 1.0, 1.0
