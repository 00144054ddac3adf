"""Trackers of the real interface that need no network."""

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from ltr.utils.errors import InputError
from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo


@dataclass(frozen=True)
class FakeBuilder:
    """In place of ``build_tracker``. Fields as of :class:`FakeTracker`; log: file with a line for every tracker."""

    fail_on_width: int = 0
    slow: float = 0.0
    log: str = ""

    def __call__(self, config: TrackerConfig) -> "FakeTracker":
        if self.log:
            with open(self.log, "a") as file:
                file.write(f"built in {os.getpid()}\n")
        return FakeTracker(config.seed, self.fail_on_width, self.slow)


class FakeTracker:
    """Moves its box by random steps; raises on images of ``fail_on_width`` px; takes ``slow`` seconds a frame."""

    def __init__(self, seed: int = 0, fail_on_width: int = 0, slow: float = 0.0) -> None:
        self.seed, self.fail_on_width, self.slow = seed, fail_on_width, slow

    def clone(self) -> "FakeTracker":
        return FakeTracker(self.seed, self.fail_on_width, self.slow)

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        self.rng, self.box, self.frames = np.random.default_rng(self.seed), box, 0

    def track(self, frame: np.ndarray) -> TrackOutput:
        time.sleep(self.slow)
        if frame.shape[1] == self.fail_on_width:
            raise RuntimeError("this tracker cannot do that width")
        self.frames += 1
        dx, dy = self.rng.normal(size=2)
        self.box = (self.box[0] + dx, self.box[1] + dy, *self.box[2:])
        return TrackOutput(self.box, 0.25, "lost" if self.frames % 2 else "uncertain")

    def track_batch(self, clones: Sequence["FakeTracker"], frame: np.ndarray) -> list[TrackOutput]:
        return [clone.track(frame) for clone in clones]

    def run_info(self) -> RunInfo:
        return RunInfo(tracker="fake", seed=self.seed, device="cpu", versions={"numpy": np.__version__})


@dataclass(frozen=True)
class DeadlyBuilder(FakeBuilder):
    """Its tracker kills the process that runs it on images of ``fail_on_width`` px, as running out of memory does.

    once: a file that is made before the first death, and keeps from dying again.
    """

    once: str = ""

    def __call__(self, config: TrackerConfig) -> FakeTracker:
        tracker = super().__call__(config)
        tracker.fail_on_width = 0
        tracker.initialize = partial(self.start, tracker)  # type: ignore[method-assign]
        return tracker

    def start(self, tracker: FakeTracker, frame: np.ndarray, box: Box) -> None:
        if frame.shape[1] == self.fail_on_width and not (self.once and os.path.exists(self.once)):
            if self.once:
                Path(self.once).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        FakeTracker.initialize(tracker, frame, box)


def unbuildable(config: TrackerConfig) -> FakeTracker:
    """A tracker that does not exist."""
    raise InputError("unknown tracker 'nix'; there are dimp")
