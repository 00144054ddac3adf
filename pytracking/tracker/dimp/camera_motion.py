"""Motion of the camera, from small gray copies of two frames by phase correlation.

Only its translation: enough to know which part of the scene has been searched.
"""

from __future__ import annotations

import cv2
import numpy as np

from pytracking.tracker.base.frame_size import Size, size_of

SIDE = 160  # longer side of a copy, in pixels
MIN_RESPONSE = 0.3  # phase correlation's peak (0..1) below which the pictures do not match: another scene


def small_gray(frame: np.ndarray) -> np.ndarray:
    """A small gray copy, uint8 ``[h, w]``, of a frame, RGB uint8 ``[H, W, 3]``."""
    width, height = size_of(frame)
    scale = min(SIDE / max(width, height), 1.0)
    size = max(round(width * scale), 2), max(round(height * scale), 2)
    return cv2.cvtColor(cv2.resize(frame, size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


def camera_motion(before: np.ndarray, now: np.ndarray, frame_size: Size) -> tuple[float, float]:
    """How far (x, y) the scene has moved in the picture, in pixels of frames of ``frame_size`` (width, height).

    (0, 0) where the copies (of :func:`small_gray`) do not match or differ in size.
    """
    if before.shape != now.shape:
        return 0.0, 0.0
    size = size_of(now)
    window = cv2.createHanningWindow(size, cv2.CV_32F)
    (x, y), response = cv2.phaseCorrelate(before.astype(np.float32), now.astype(np.float32), window)
    if not response >= MIN_RESPONSE:
        return 0.0, 0.0
    return x * frame_size[0] / size[0], y * frame_size[1] / size[1]
