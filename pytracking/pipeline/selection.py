"""Which frames of a video are used, and in which order they are tracked."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.pipeline.backward import count_frames, replayed
from pytracking.pipeline.track_video import Start, Step, follow, frame_times
from pytracking.video.frame_source import FrameSource, slice_frames
from pytracking.video.prefetch import prefetch
from pytracking.video.reverse import reverse_frames


@dataclass(frozen=True)
class Selection:
    """Some frames of a video, tracked forward or from the last to the first.

    whole: the video. used: its part. numbers: those of the frames of the part, as far as they are known.
    """

    whole: FrameSource
    used: FrameSource
    numbers: range
    backward: bool = False

    @property
    def first(self) -> int:
        """The frame that is tracked first."""
        return self.numbers[-1] if self.backward else self.numbers[0]

    def to_track(self, starts: Sequence[Start]) -> FrameSource:
        """The frames in the order in which they are tracked."""
        if self.used.live:
            return self.used
        return prefetch(reverse_frames(self.whole, self._reached(starts)) if self.backward else self.used)

    def follow(
        self,
        source: FrameSource,
        starts: Sequence[Start],
        targets: MultiTracker,
        watched: Callable[[Iterable[Step]], Iterable[Step]] = iter,
    ) -> Iterator[Step]:
        """What is found in the frames of ``source`` (see :meth:`to_track`), in ascending order of the frames.

        watched: passes on the steps as they are done, to show how far it is.
        """
        if self.backward:
            steps = follow(source, starts, targets, reversed(self._reached(starts)))
            return replayed(watched(steps), self.whole, self.numbers)
        begin, stride = self.numbers.start, self.numbers.step
        times = frame_times(self.whole, count(begin, stride))
        return iter(watched(follow(source, starts, targets, count(begin, stride), times)))

    def _reached(self, starts: Sequence[Start]) -> range:
        """The frames up to that where the first target starts, seen from the end."""
        last = max((start.frame for start in starts), default=self.first)
        return self.numbers[: self.numbers.index(last) + 1]


def select(source: FrameSource, start: int, end: int | None, stride: int, backward: bool = False) -> Selection:
    """Every ``stride``-th frame of ``source`` from ``start`` to ``end`` (left out; None: to the last).

    Raises ValueError as :func:`slice_frames`, and where the last frame of a live source is asked for.
    """
    if backward and source.live:
        raise InputError(f"--backward: {source.name} has no last frame")
    used = slice_frames(source, start, end, stride)
    if backward:
        numbers = range(min(count_frames(source), end or sys.maxsize))[start::stride]
    else:
        known = sys.maxsize if used.length is None else start + used.length * stride
        numbers = range(start, min(known, end or known), stride)
    if not numbers:
        raise InputError(f"{source.name}: no frames from {start} to {end}")
    return Selection(source, used, numbers, backward)
