"""What every tracker gives back for a frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

Box = tuple[float, float, float, float]
TrackState = Literal["tracking", "uncertain", "lost"]


@dataclass(frozen=True)
class TrackOutput:
    """The target in one frame."""

    box: Box  # (x, y, w, h) in image pixels; not to be believed where the target is lost
    score: float  # confidence in 0..1
    state: TrackState


class BaseTracker(Protocol):
    """A tracker of one target; ``initialize`` starts it again on another."""

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame."""
