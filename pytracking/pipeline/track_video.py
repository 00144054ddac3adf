"""Following targets through any video: what run_video and the demo do frame by frame."""

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
class Start:
    """Where a target is shown: its box (x, y, w, h; pixels) in a frame, by the frame's number in the video.

    target: its id; one that is followed already is learned anew. end: the last frame in which it is followed.
    """

    box: Box
    frame: int
    target: int = 0
    end: int | None = None

    def is_over(self, frame: int) -> bool:
        """Whether ``frame`` lies behind the end, seen from the start."""
        return self.end is not None and abs(frame - self.frame) > abs(self.end - self.frame)


@dataclass(frozen=True)
class Step:
    """One frame done: its number in the video, the image, outputs by target id (in ascending order), seconds spent
    looking for them, when it is shown: seconds after frame 0 (None: not known), and the targets whose track begins
    here, as the frames are shown: those learned anew have jumped."""

    frame: int
    image: Image
    targets: dict[int, TrackOutput]
    seconds: float
    time: float | None = None
    begun: frozenset[int] = frozenset()


Sink = AbstractContextManager[Callable[[Step], None]]  # entered: writes one step after another


def follow(
    source: FrameSource,
    starts: Sequence[Start],
    targets: MultiTracker,
    numbers: Iterable[int],
    times: Iterable[float | None] | None = None,
) -> Iterator[Step]:
    """Follow the targets of ``starts``.

    numbers: those of the frames of ``source`` in the video. times: when they are shown, see :class:`Step`. In the frame
    where it starts, a target has the box that was given. Raises BrokenSourceError after the last good frame, also where
    that comes before a start.
    """
    waiting, followed = list(starts), dict[int, Start]()
    for number, image, shown in zip(numbers, source, repeat(None) if times is None else times, strict=False):
        for target, start in list(followed.items()):
            if start.is_over(number):
                targets.remove(target)
                del followed[target]
        begin = time.perf_counter()
        outputs = targets.track(image)
        seconds = time.perf_counter() - begin if outputs else 0.0
        shown_here = [start for start in waiting if start.frame == number]
        for start in shown_here:
            targets.add(image, start.box, start.target)
            outputs[start.target] = TrackOutput(start.box, 1.0, "tracking")
            followed[start.target] = start
            waiting.remove(start)
        begun = frozenset(start.target for start in shown_here)
        yield Step(number, image, dict(sorted(outputs.items())), seconds, shown, begun)
    if waiting:
        raise BrokenSourceError(f"{source.name}: ended before frame {waiting[0].frame}, where a target starts")


def frame_times(source: FrameSource, numbers: Iterable[int]) -> Iterator[float | None]:
    """When the frames ``numbers`` of ``source`` are shown, in seconds after frame 0; None where it is not known.

    Those of a live source are shown as they come: each is to be asked for when it is there.
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
