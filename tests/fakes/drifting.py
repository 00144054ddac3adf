"""A tracker whose error is known: the numbered frames tell it the truth, from which it drifts."""

from pytracking.tracker.base.output import Box, TrackOutput
from tests.fakes.trackers import FakeTracker
from tests.fakes.videos import number_of

DRIFT = 0.5  # pixels a frame


def true_box(frame: int) -> Box:
    """The target in the numbered frame ``frame``."""
    return (5.0 + 2 * frame, 8.0, 12.0, 10.0)


class DriftingTracker(FakeTracker):
    """Right by ``DRIFT`` px for each frame since the first; ``signed``: left, where it goes backward.

    lost_from: frames from this one on are "lost".
    """

    def __init__(self, signed: bool = False, lost_from: int = 1000) -> None:
        super().__init__()
        self.signed, self.lost_from = signed, lost_from

    def clone(self) -> "DriftingTracker":
        return DriftingTracker(self.signed, self.lost_from)

    def initialize(self, frame, box: Box) -> None:
        self.begin = number_of(frame)

    def track(self, frame) -> TrackOutput:
        number = number_of(frame)
        away = number - self.begin
        x, *rest = true_box(number)
        box = (x + DRIFT * (away if self.signed else abs(away)), *rest)
        return TrackOutput(box, 0.8, "lost" if number >= self.lost_from else "tracking", (0.0, 0.0, 0.0, 0.0))
