"""The output of a tracker for one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]
TrackState = Literal["tracking", "uncertain", "lost"]


@dataclass(frozen=True)
class Candidate:
    """Something else in a frame that looks like the target."""

    id: int  # from 1, of this target's candidates; kept over frames, also where it is hidden for a short time
    box: Box  # (x, y, w, h) in image pixels; its place, and the target's size
    score: float  # height of its peak in 0..1, the same for what looks the same to the learning filter


@dataclass(frozen=True)
class TrackOutput:
    """The target in one frame.

    Attributes:
        box: (x, y, w, h), left, top, width and height in pixels of the frame.
        score: the probability that the box is on the target (an IoU above 0.5), 0..1; of other trackers, and of
            networks without fitted coefficients, a confidence in 0..1.
        state: ``"tracking"``; ``"uncertain"``: look at the box; ``"lost"``: do not trust the box, the target is
            searched for. The box is then at its last place, or around something else.
        box_std: standard deviation of x, y, w and h in pixels. 90 % of errors are within 1.36 of it, 50 % within 0.44.
            None in the first frame, where the tracker is not sure, and for trackers that cannot tell it.
        candidates: other things in the frame that look like the target, see :class:`Candidate`; empty for trackers that
            know none.
    """

    box: Box
    score: float
    state: TrackState
    box_std: Box | None = None
    candidates: tuple[Candidate, ...] = ()
