"""Our trackers behind the interface of OpenCV's: ``init`` and ``update``, with frames in BGR.

tracker = OpenCvTracker.create()         # instead of cv2.TrackerMIL.create()
tracker.init(frame, (x, y, w, h))
found, (x, y, w, h) = tracker.update(next_frame)
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from pytracking.api.tracker import Tracker

IntBox = tuple[int, int, int, int]


class OpenCvTracker:
    """The interface of ``cv2.Tracker``: a program that uses one of OpenCV's trackers can use ours by another line.

    Args:
        tracker: cloned, so that several targets can share it and its network; by default ``Tracker()``.
    """

    def __init__(self, tracker: Tracker | None = None) -> None:
        self._tracker = (tracker or Tracker()).clone()
        self._score = 0.0

    @classmethod
    def create(cls, name: str = "dimp", parameter: str | None = None, **settings: Any) -> Self:
        """With a tracker of these arguments of :class:`Tracker`: ``create("opencv", "mil")``, ``create(seed=1)``."""
        return cls(Tracker(name, parameter, **settings))

    def init(self, image: NDArray[np.uint8], boundingBox: tuple[float, ...]) -> None:
        """Learn a target. image: BGR uint8 ``[H, W, 3]``. boundingBox: x, y, w, h in pixels.

        Raises InputError for a frame or box that is none (OpenCV raises ``cv2.error``, or crashes).
        """
        self._tracker.initialize(self._frame(image), boundingBox)
        self._score = 1.0

    def update(self, image: NDArray[np.uint8]) -> tuple[bool, IntBox]:
        """Whether the target is found in the next frame, and its box x, y, w, h in whole pixels (if not: a guess)."""
        output = self._tracker.track(self._frame(image))
        self._score = output.score
        x, y, w, h = output.box
        left, top, right, bottom = round(x), round(y), round(x + w), round(y + h)
        return output.state != "lost", (left, top, max(1, right - left), max(1, bottom - top))

    def getTrackingScore(self) -> float:
        """The score of the last frame, 0..1."""
        return self._score

    def _frame(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """In the channel order of the tracker."""
        is_color = image.ndim == 3 and image.shape[-1] >= 3
        if not is_color or getattr(self._tracker, "channels", "RGB") == "BGR":
            return image
        return np.ascontiguousarray(image[..., 2::-1])
