"""Changes of the frame size during tracking."""

from __future__ import annotations

import warnings

import numpy as np

Size = tuple[int, int]


def size_of(frame: np.ndarray) -> Size:
    """(width, height) of ``[H, W, 3]``."""
    return frame.shape[1], frame.shape[0]


def size_factors(before: Size, now: Size) -> tuple[float, float]:
    """Scale factors of x and y from frames of size ``before`` to size ``now``.

    If the aspect ratio changes by more than a pixel, the mapping is unknown: (1, 1), with a warning.
    """
    x, y = now[0] / before[0], now[1] / before[1]
    if abs(now[0] - y * before[0]) <= 1 or abs(now[1] - x * before[1]) <= 1:
        return x, y
    warnings.warn(
        f"the frame size changed from {before[0]} x {before[1]} to {now[0]} x {now[1]} px, with another aspect ratio: "
        "the target is searched at its last position in pixels",
        stacklevel=2,
    )
    return 1.0, 1.0
