"""Tracking targets through a video, frame by frame."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import repeat

from pytracking.api.multi_tracker import MultiTracker
from pytracking.evaluation.datasets.sequence import Box
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import BrokenSourceError, FrameSource, Image


@dataclass(frozen=True)
class InitialBox:
    """Box (x, y, w, h; pixels) of a target in the frame with the given number.

    target: its id; a target that is tracked already is reinitialized. end: the last frame in which it is tracked.
    """

    box: Box
    frame: int
    target: int = 0
    end: int | None = None

    def is_over(self, frame: int) -> bool:
        """Whether ``frame`` lies beyond the end, in the direction of tracking."""
        return self.end is not None and abs(frame - self.frame) > abs(self.end - self.frame)


@dataclass(frozen=True)
class FrameResult:
    """The result of one frame."""

    frame: int  # number in the video
    image: Image
    targets: dict[int, TrackOutput]  # by target id, in ascending order
    seconds: float  # of tracking
    time: float | None = None  # of the frame, in seconds after frame 0, if known
    begun: frozenset[int] = frozenset()  # targets whose track starts here, in the order of display


Sink = AbstractContextManager[Callable[[FrameResult], None]]  # entered, it gives the function that writes one result


def track_video(
    source: FrameSource,
    starts: Sequence[InitialBox],
    targets: MultiTracker,
    numbers: Iterable[int],
    times: Iterable[float | None] | None = None,
) -> Iterator[FrameResult]:
    """Track the targets of ``starts``.

    numbers: of the frames of ``source`` in the video. times: of these frames, see :class:`FrameResult`. In the frame
    where it starts, a target has the given box. Raises BrokenSourceError after the last good frame, also if that comes
    before a start.
    """
    waiting, tracked = list(starts), dict[int, InitialBox]()
    for number, image, shown in zip(numbers, source, repeat(None) if times is None else times, strict=False):
        for target, start in list(tracked.items()):
            if start.is_over(number):
                targets.remove(target)
                del tracked[target]
        begin = time.perf_counter()
        outputs = targets.track(image)
        seconds = time.perf_counter() - begin if outputs else 0.0
        begun = [start for start in waiting if start.frame == number]
        for start in begun:
            targets.add(image, start.box, start.target)
            outputs[start.target] = TrackOutput(start.box, 1.0, "tracking")
            tracked[start.target] = start
            waiting.remove(start)
        ids = frozenset(start.target for start in begun)
        yield FrameResult(number, image, dict(sorted(outputs.items())), seconds, shown, ids)
    if waiting:
        raise BrokenSourceError(f"{source.name}: ended before frame {waiting[0].frame}, where a target starts")


def frame_times(source: FrameSource, numbers: Iterable[int]) -> Iterator[float | None]:
    """Times of the frames ``numbers`` of ``source``, in seconds after frame 0; None if unknown.

    For a live source, the time since the first call, so each must be read when its frame arrives.
    """
    if source.live:
        begin = time.monotonic()
        yield 0.0
        while True:
            yield time.monotonic() - begin
    for number in numbers:
        yield _frame_time(source, number)


def _frame_time(source: FrameSource, number: int) -> float | None:
    times, fps = source.times, source.fps
    if not times:
        return number / fps if fps else None
    if number < len(times):
        return times[number]
    return times[-1] + (number - len(times) + 1) / (fps or 1)
