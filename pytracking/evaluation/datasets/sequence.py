"""One sequence of a data set: its boxes are in memory, its frames are loaded on demand."""

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

    dataset: its tag, "otb" for instance. ground_truth: float64 [n, 4], x, y, w, h in pixels as published, one row per
    frame, NaN if there is no box or the target is flagged as absent; or a single row, the first box, if only that is
    public. source: opens the frames (it can be pickled, so that other processes can call it). image_size: width,
    height in pixels, if the data set's text files give it.
    """

    name: str
    dataset: str
    ground_truth: NDArray[np.float64]
    source: Callable[[], FrameSource]
    image_size: tuple[float, float] | None = None

    @property
    def start(self) -> int:
        """The frame where tracking begins: the first one whose box has an area. ValueError if there is none."""
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
        """The number of frames: that of the boxes, or of the images if only the first box is public; None: unknown."""
        return len(self.ground_truth) if len(self.ground_truth) > 1 else self.source().length

    def open(self) -> FrameSource:
        """The frames; ValueError if their number differs from the rows of the ground truth."""
        source, rows = self.source(), len(self.ground_truth)
        if rows > 1 and source.length not in (None, rows):
            raise InputError(f"{source.name}: {source.length} frames, but the ground truth has {rows} rows")
        return source
