"""OpenCV's trackers as a BaseTracker."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np

from ltr.utils.errors import InputError
from pytracking.parameter.opencv.base import OpenCVParams
from pytracking.tracker.base.frame_size import size_factors, size_of
from pytracking.tracker.base.output import Box, TrackOutput

_SEEDING = threading.Lock()  # C's random numbers are shared by all threads of the process


class OpenCVTracker:
    """A tracker of one target (:class:`~pytracking.tracker.base.tracker.BaseTracker`).

    OpenCV's boxes are whole pixels. Most of its trackers only report whether they found the target: their score is 1 or
    0. The seed matters for trackers that draw random numbers (MIL); on Windows only half of these are seeded.

    Args:
        create: makes a new ``cv2.Tracker``.
        params: its requirements.
        seed: of every ``initialize``.
    """

    def __init__(self, create: Callable[[], Any], params: OpenCVParams, seed: int = 0) -> None:
        self.create, self.params, self.seed = create, params, seed

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h; pixels) of ``frame`` (RGB uint8 ``[H, W, 3]``).

        Raises:
            InputError: OpenCV cannot track this box, mostly because it is very small, thin or large.
        """
        whole = _whole_pixels(box, self.params, *frame.shape[:2])
        with _SEEDING, self._explained("learn", frame, whole):
            _seed(self.seed)
            tracker = self.create()  # not all trackers can be initialized twice
            tracker.init(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR), whole)
        self.tracker, self.box, self.frame_size = tracker, box, size_of(frame)

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame, scaled to the size of the first; InputError if OpenCV fails."""
        factors = size_factors(self.frame_size, size_of(frame))
        if factors != (1, 1):
            frame = cv2.resize(frame, self.frame_size)
        with self._explained("find", frame, self.box):
            found, (x, y, w, h) = self.tracker.update(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        found = bool(found and w > 0 and h > 0)  # KCF may report an empty box as found
        if found:
            self.box = (float(x), float(y), float(w), float(h))
        (x, y, w, h), (by_x, by_y) = self.box, factors
        box = (x * by_x, y * by_y, w * by_x, h * by_y)
        return TrackOutput(box, self._score(found), "tracking" if found else "lost")

    def _score(self, found: bool) -> float:
        """The tracker's own score; without one (no such method, or -1), 1 or 0."""
        score = self.tracker.getTrackingScore() if hasattr(self.tracker, "getTrackingScore") else -1.0
        return min(float(score), 1.0) if score >= 0 else float(found)

    @contextmanager
    def _explained(self, action: str, frame: np.ndarray, box: Box) -> Iterator[None]:
        """Turn OpenCV's errors into messages that name the box."""
        try:
            yield
        except cv2.error as error:
            height, width = frame.shape[:2]
            raise InputError(
                f"OpenCV {cv2.__version__} ({self.params.create}) failed to {action} the target, box {box} in a "
                f"{width} x {height} frame: {str(error).strip()}"
            ) from error


def _whole_pixels(box: Box, params: OpenCVParams, height: int, width: int) -> tuple[int, int, int, int]:
    """The box nearest to ``box`` that the tracker accepts in a frame of this size."""
    x, y, w, h = (round(value) for value in box)
    w, h = max(w, params.min_side), max(h, params.min_side)
    if params.inside:
        left, top = min(max(x, 0), width - params.min_side), min(max(y, 0), height - params.min_side)
        right, bottom = min(x + w, width), min(y + h, height)
        return left, top, max(right - left, params.min_side), max(bottom - top, params.min_side)
    return x, y, w, h


def _seed(seed: int) -> None:
    """Seed OpenCV's random numbers of this thread, and C's, which MIL draws its features with."""
    cv2.setRNGSeed(seed % 2**31)
    if sys.platform != "win32":  # a Windows process has several C libraries
        ctypes.CDLL(None).srand(ctypes.c_uint(seed + 1))  # 0 and 1 are one seed to C
