"""Real time: frames arrive at a fixed rate, and those that arrive while the tracker works are not seen.

Frame ``i`` of a sequence arrives ``i / fps`` seconds after its first one. When the tracker has finished a frame it
takes the newest that has arrived meanwhile, or waits for the next; the last output is used for every frame in between.
The time is simulated, without waiting.
"""

import time
from dataclasses import dataclass, replace

import numpy as np

from ltr.utils.errors import InputError
from pytracking.api.builder import build_tracker
from pytracking.evaluation.running import StampedBuilder, StampedTracker
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo

_ROUNDING = 1e-9  # frames


@dataclass
class ArrivingFrames:
    """Selects the seen frames of a video. fps: of the video. free: when the tracker is free, in frames from 0."""

    fps: float
    free: float = 0.0

    def sees(self, frame: int) -> bool:
        """Whether the tracker takes ``frame``: no later one arrives before it is free. Call with ascending frames."""
        return frame + 1 > self.free + _ROUNDING

    def work(self, frame: int, seconds: float) -> None:
        """Record that the tracker took ``frame`` and worked on it for ``seconds``."""
        self.free = max(self.free, frame) + seconds * self.fps


class RealTimeTracker:
    """``tracker`` on frames that arrive in real time, including that of ``initialize``.

    If a frame is not seen, ``track`` returns the last output, and ``unseen`` is true until the next frame. fps: frames
    per second. latency: seconds that the tracker takes per frame; None: the measured time.
    """

    def __init__(self, tracker: StampedTracker, fps: float, latency: float | None = None) -> None:
        self._tracker, self._fps, self._latency = tracker, fps, latency

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h) of ``frame`` (RGB uint8 [H, W, 3]), frame 0."""
        self._frames, self._number, self.unseen = ArrivingFrames(self._fps), 0, False
        begin = time.perf_counter()
        self._tracker.initialize(frame, box)
        self._output = TrackOutput(box, 1.0, "tracking")
        self._took(begin)

    def track(self, frame: np.ndarray) -> TrackOutput:
        """The target in the next frame, or the last output if the tracker does not see that frame."""
        self._number += 1
        self.unseen = not self._frames.sees(self._number)
        if not self.unseen:
            begin = time.perf_counter()
            self._output = self._tracker.track(frame)
            self._took(begin)
        return self._output

    def _took(self, begin: float) -> None:
        seconds = time.perf_counter() - begin if self._latency is None else self._latency
        self._frames.work(self._number, seconds)

    def run_info(self) -> RunInfo:
        """The tracker's run info, with the frame rate and the latency in seconds (None: as measured)."""
        return replace(self._tracker.run_info(), realtime={"fps": self._fps, "latency": self._latency})


@dataclass(frozen=True)
class RealTimeBuilder:
    """Builds the tracker of ``build_tracker`` for frames in real time; fps, latency: see :class:`RealTimeTracker`."""

    fps: float
    latency: float | None = None
    build_tracker: StampedBuilder = build_tracker

    def __post_init__(self) -> None:
        if not 0 < self.fps < float("inf"):
            raise InputError(f"--realtime {self.fps}: expected frames a second, above 0")
        if self.latency is not None and not 0 <= self.latency < float("inf"):
            raise InputError(f"--latency {1000 * self.latency}: expected milliseconds a frame, 0 or more")

    def __call__(self, config: TrackerConfig) -> RealTimeTracker:
        return RealTimeTracker(self.build_tracker(config), self.fps, self.latency)
