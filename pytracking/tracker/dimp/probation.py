"""After a loss, what is found again is on probation: it is followed, but not learned from yet.

Where the target has left the picture, the first thing that looks like it may be another one. If it were learned from at
once, the target would come back to a filter that knows it no more.
"""

from __future__ import annotations

from dataclasses import dataclass

from pytracking.parameter.dimp.base import LocalizationParams


@dataclass(frozen=True)
class Probation:
    """What the next frame has to know of those before it."""

    lost: int = 0  # frames in a row without the target, up to now
    left: int = 0  # what is found in so many frames to come is on probation

    @property
    def holds(self) -> bool:
        """Whether what is found in the next frame is on probation."""
        return self.left > 0

    def after(self, lost: bool, params: LocalizationParams) -> Probation:
        """When the next frame has been judged."""
        if not lost:
            return Probation(0, max(self.left - 1, 0))
        frames = self.lost + 1
        return Probation(frames, params.probation_frames if frames >= params.probation_after else self.left)
