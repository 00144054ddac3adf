"""Latency of trackers, by stage, measured on several trackers side by side.

The speed of a shared machine varies. So all trackers process the same frame one after another (in alternating order),
and their ratios are more reliable than milliseconds.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import numpy as np

from pytracking.api.tracker import Tracker
from pytracking.evaluation.datasets.sequence import Box
from pytracking.profiling.paired_blocks import Ratio, paired_ratio
from pytracking.tracker.base.run_info import RunInfo
from pytracking.video.frame_source import FrameSource, Image
from pytracking.video.prefetch import prefetch

ROUNDS = 3  # of the loops that load images


Seconds = tuple[float, float]  # wall time, and processor time of the process


@dataclass(frozen=True)
class Times:
    """Milliseconds over many frames: mean, percentiles and maximum; median of processor time."""

    mean: float
    p50: float
    p95: float
    p99: float
    max: float
    cpu: float

    @classmethod
    def of(cls, seconds: Sequence[Seconds]) -> Times:
        """From at least one measurement."""
        wall, cpu = 1e3 * np.asarray(seconds).T
        values = (wall.mean(), *np.percentile(wall, (50, 95, 99, 100)), np.median(cpu))
        return cls(*(round(float(ms), 4) for ms in values))


@dataclass(frozen=True)
class Report:
    """One tracker's times.

    frame: without image loading. stages: parts of it, in the frames with that stage, and ``read``, image loading. fps:
    frames a second without image loading; fps_cpu: by processor time, as on an idle machine; fps_loading: with image
    loading in a separate thread. faster, faster_cpu: speed relative to the first tracker, by wall and processor time.
    initialize: seconds. stamp: of the tracker.
    """

    frame: Times
    stages: dict[str, Times]
    fps: float
    fps_cpu: float
    fps_loading: float
    faster: Ratio
    faster_cpu: Ratio
    initialize: float
    stamp: RunInfo

    def to_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "stamp": self.stamp.to_json()}


class Stopwatch:
    """``split()`` gives the seconds since the last split or the start."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def split(self) -> Seconds:
        wall, cpu = time.perf_counter(), time.process_time()
        seconds = wall - self._wall, cpu - self._cpu
        self._wall, self._cpu = wall, cpu
        return seconds


class StageClock:
    """Context manager that times the stages of a tracker by wrapping them; on a GPU, each stage synchronizes.

    Trackers without stages are timed as a whole.
    """

    def __init__(self, tracker: Tracker) -> None:
        self.seconds: dict[str, list[Seconds]] = defaultdict(list)
        staged = tracker.stages
        self._stages = {stage: (owner, name, getattr(owner, name)) for stage, (owner, name) in staged.items()}
        on_gpu = (tracker.run_info().device or "").startswith("cuda")
        self._wait = sys.modules["torch"].cuda.synchronize if on_gpu else lambda: None

    def __enter__(self) -> StageClock:
        for stage, (owner, name, part) in self._stages.items():
            setattr(owner, name, self._timed(stage, part))
        return self

    def __exit__(self, *_: object) -> None:
        for owner, name, part in self._stages.values():
            setattr(owner, name, part)

    def _timed(self, stage: str, part: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*args: Any) -> Any:
            self._wait()
            watch = Stopwatch()
            result = part(*args)
            self._wait()
            self.seconds[stage].append(watch.split())
            return result

        return timed


def measure(
    trackers: Mapping[str, Tracker], source: FrameSource, box: Box, frames: int, warm_up: int
) -> dict[str, Report]:
    """Time trackers, by name, on ``frames`` frames after ``warm_up`` others.

    At the end of ``source``, it and the trackers restart. box: x, y, w, h in pixels of its first frame.
    """
    first = next(iter(source))
    initialize = {name: _time_initialize(tracker, first, box) for name, tracker in trackers.items()}
    clocks = {name: StageClock(tracker) for name, tracker in trackers.items()}
    whole: dict[str, list[Seconds]] = {name: [] for name in trackers}
    reading: list[Seconds] = []
    for number, (seconds, image) in enumerate(_frames(trackers, source, box, warm_up + frames)):
        if number >= warm_up:
            reading.append(seconds)
        for name, tracker in list(trackers.items())[:: 1 if number % 2 else -1]:
            with clocks[name] if number >= warm_up else nullcontext():
                watch = Stopwatch()
                tracker.track(image)
                if number >= warm_up:
                    whole[name].append(watch.split())
    base, *_ = (np.array(seconds) for seconds in whole.values())
    ratios = {
        name: [paired_ratio(*pair) for pair in zip(base.T, np.array(own).T, strict=True)] for name, own in whole.items()
    }
    loops = [{name: _fps_loading(t, source, box, frames) for name, t in trackers.items()} for _ in range(ROUNDS)]
    return {
        name: Report(
            frame=Times.of(whole[name]),
            stages={stage: Times.of(times) for stage, times in {"read": reading, **clocks[name].seconds}.items()},
            fps=frames / sum(wall for wall, _ in whole[name]),
            fps_cpu=frames / sum(cpu for _, cpu in whole[name]),
            fps_loading=statistics.median(loop[name] for loop in loops),
            faster=ratios[name][0],
            faster_cpu=ratios[name][1],
            initialize=initialize[name],
            stamp=tracker.run_info(),
        )
        for name, tracker in trackers.items()
    }


def _time_initialize(tracker: Tracker, image: Image, box: Box) -> float:
    """Seconds of the second initialization; the first includes one-time setup."""
    tracker.initialize(image, box)
    begin = time.perf_counter()
    tracker.initialize(image, box)
    return time.perf_counter() - begin


def _frames(
    trackers: Mapping[str, Tracker], source: FrameSource, box: Box, count: int
) -> Iterator[tuple[Seconds, Image]]:
    """``count`` frames and the time of reading each; at the end of ``source``, it and the trackers restart."""
    while count > 0:
        images = iter(source)
        first = next(images)
        for tracker in trackers.values():
            tracker.initialize(first, box)
        watch = Stopwatch()
        for image in islice(images, count):
            yield watch.split(), image
            count -= 1
            watch = Stopwatch()


def _fps_loading(tracker: Tracker, source: FrameSource, box: Box, count: int) -> float:
    """Frames a second of one pass over at most ``count`` frames of the source, without its first frame."""
    images = iter(prefetch(source))
    tracker.initialize(next(images), box)
    begin, done = time.perf_counter(), 0
    for image in islice(images, count):
        tracker.track(image)
        done += 1
    return done / (time.perf_counter() - begin)


def peak_memory() -> float | None:
    """Peak memory of this process, MiB; None on Windows, which does not report it."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
