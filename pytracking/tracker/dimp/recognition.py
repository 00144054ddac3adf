"""Whether what is followed is still the target: the filter as the first frame made it is asked.

The filter goes on learning, so whatever it takes for the target it will soon find with a high score. The first frame's
filter learned nothing but the target, and hardly sees anything in another object (``docs/results.md``). It must not
decide where to go: the target may look different for a while. But it can say that the box is not to be believed.
"""

from __future__ import annotations

import numpy as np

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState


def score_near(scores: np.ndarray, displacement: tuple[float, float]) -> float:
    """The highest score in the 3 x 3 cells round a place, between 0 and 1.

    Args:
        scores: of the first frame's filter, ``[K, K]``.
        displacement: of the place, (x, y) in cells from the map's centre.
    """
    last = len(scores) - 1
    column, row = (min(max(round(cells + last / 2), 0), last) for cells in displacement)
    near = scores[max(row - 1, 0) : row + 2, max(column - 1, 0) : column + 2]
    return min(max(float(near.max()), 0.0), 1.0)


def believed(state: TrackState, recognition: float, params: LocalizationParams) -> TrackState:
    """The state of a frame in the light of a running mean of :func:`score_near`, by the thresholds of scores."""
    if state == "lost" or recognition < params.not_found_threshold:
        return "lost"
    return "uncertain" if recognition < params.uncertain_threshold else state
