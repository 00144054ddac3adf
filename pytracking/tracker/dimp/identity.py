"""Verification that the tracked object is still the target.

The filter keeps learning, so it soon gives a high score to whatever it mistakes for the target. The first frame's
filter has learned the target only, and its scores on other objects are low (``docs/journal``). It does not decide the
position, since the target's appearance may change for a while, but a low score marks the box as unreliable.

After a loss, the found object is tracked for some frames without being learned: if the target has left the frame, the
first similar object may be another one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState


def local_max_score(scores: np.ndarray, displacement: tuple[float, float]) -> float:
    """The highest score in the 3 x 3 cells around a position, clipped to 0..1.

    Args:
        scores: of the first frame's filter, ``[K, K]``.
        displacement: of the position, (x, y) in cells from the map's center.
    """
    last = len(scores) - 1
    column, row = (min(max(round(cells + last / 2), 0), last) for cells in displacement)
    near = scores[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return min(max(float(near.max()), 0.0), 1.0)


def verify_state(state: TrackState, identity_score: float, params: LocalizationParams) -> TrackState:
    """The state of a frame, lowered if the running mean of :func:`local_max_score` is below a score threshold."""
    if state == "lost" or identity_score < params.not_found_threshold:
        return "lost"
    return "uncertain" if identity_score < params.uncertain_threshold else state


@dataclass(frozen=True)
class Reacquisition:
    """The probation after a loss: the found object is tracked but not learned."""

    lost: int = 0  # consecutive frames without the target
    remaining: int = 0  # frames of probation to come

    @property
    def is_active(self) -> bool:
        """Whether the next frame is on probation."""
        return self.remaining > 0

    def after(self, lost: bool, params: LocalizationParams) -> Reacquisition:
        """The value after a frame in which the target was ``lost`` or found."""
        if not lost:
            return Reacquisition(0, max(self.remaining - 1, 0))
        frames = self.lost + 1
        return Reacquisition(frames, params.probation_frames if frames >= params.probation_after else self.remaining)
