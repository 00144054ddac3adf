"""The output of a tracker for one frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Box = tuple[float, float, float, float]
TrackState = Literal["tracking", "uncertain", "lost"]


@dataclass(frozen=True)
class TrackOutput:
    """The target in one frame."""

    box: Box  # (x, y, w, h) in image pixels; unreliable if the target is lost
    score: float  # confidence in 0..1; of DiMP with a calibrated network: the probability of an IoU above 0.5
    state: TrackState
    box_std: Box | None = None  # standard deviation of x, y, w and h in pixels; None where nothing tells it
