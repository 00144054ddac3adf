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
    """The target in one frame."""

    box: Box  # (x, y, w, h) in image pixels; unreliable if the target is lost
    score: float  # confidence in 0..1; of DiMP with a calibrated network: the probability of an IoU above 0.5
    state: TrackState
    box_std: Box | None = None  # standard deviation of x, y, w and h in pixels; None where nothing tells it
    candidates: tuple[Candidate, ...] = ()  # the others; empty for trackers that know none
