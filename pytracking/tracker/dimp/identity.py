"""Whether what is followed is still the target.

The filter goes on learning, so whatever it takes for the target it will soon find with a high score. The first frame's
filter learned nothing but the target, and hardly sees anything in another object (``docs/journal``). It must not
decide where to go: the target may look different for a while. But it can say that the box is not to be trusted.

After a loss, what is found again is followed but not learned from for some frames: where the target has left the
picture, the first thing that looks like it may be another one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState


def local_max_score(scores: np.ndarray, displacement: tuple[float, float]) -> float:
    """The highest score in the 3 x 3 cells around a place, between 0 and 1.

    Args:
        scores: of the first frame's filter, ``[K, K]``.
        displacement: of the place, (x, y) in cells from the map's center.
    """
    last = len(scores) - 1
    column, row = (min(max(round(cells + last / 2), 0), last) for cells in displacement)
    near = scores[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return min(max(float(near.max()), 0.0), 1.0)


def verify_state(state: TrackState, identity_score: float, params: LocalizationParams) -> TrackState:
    """The state of a frame, lowered where a running mean of :func:`local_max_score` is below the score thresholds."""
    if state == "lost" or identity_score < params.not_found_threshold:
        return "lost"
    return "uncertain" if identity_score < params.uncertain_threshold else state


@dataclass(frozen=True)
class Reacquisition:
    """Frames in a row without the target, and frames to come in which what is found is not learned from."""

    lost: int = 0
    remaining: int = 0

    @property
    def is_active(self) -> bool:
        """Whether what is found in the next frame is followed without being learned from."""
        return self.remaining > 0

    def after(self, lost: bool, params: LocalizationParams) -> Reacquisition:
        """When the next frame has been judged."""
        if not lost:
            return Reacquisition(0, max(self.remaining - 1, 0))
        frames = self.lost + 1
        return Reacquisition(frames, params.probation_frames if frames >= params.probation_after else self.remaining)
