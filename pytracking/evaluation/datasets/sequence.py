"""One sequence of a data set: its boxes at hand, its frames only when asked for."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError
from pytracking.tracker.base.output import Box
from pytracking.video.frame_source import FrameSource


@dataclass(frozen=True, eq=False)
class Sequence:
    """An annotated video.

    dataset: its tag, "otb" for instance. ground_truth: float64 [n, 4], x, y, w, h in pixels as published, one row a
    frame, NaN where there is no box or the target is flagged as absent; or a single row, the first box, where no more
    is public. source: opens the frames (it pickles, so that other processes can call it). image_size: width, height in
    pixels, where the data set's text files say it.
    """

    name: str
    dataset: str
    ground_truth: NDArray[np.float64]
    source: Callable[[], FrameSource]
    image_size: tuple[float, float] | None = None

    @property
    def start(self) -> int:
        """The first frame with a box of some area: where tracking begins. ValueError where there is none."""
        usable = (self.ground_truth[:, 2:] > 0).all(axis=1)
        if not usable.any():
            raise InputError(f"{self.dataset}, {self.name}: the ground truth has no box to start from")
        return int(usable.argmax())

    @property
    def first_box(self) -> Box:
        """x, y, w, h of frame ``start``."""
        x, y, w, h = self.ground_truth[self.start].tolist()
        return x, y, w, h

    @property
    def length(self) -> int | None:
        """Number of frames: that of the boxes, or of the images where only the first box is public, if known."""
        return len(self.ground_truth) if len(self.ground_truth) > 1 else self.source().length

    def open(self) -> FrameSource:
        """The frames; ValueError where they are not as many as the rows of the ground truth."""
        source, rows = self.source(), len(self.ground_truth)
        if rows > 1 and source.length not in (None, rows):
            raise InputError(f"{source.name}: {source.length} frames, but the ground truth has {rows} rows")
        return source
