"""Selection of the frames of a video, and the order in which they are tracked."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from ltr.utils.errors import InputError
from pytracking.api.multi_tracker import MultiTracker
from pytracking.pipeline.backward import count_frames, in_forward_order
from pytracking.pipeline.track_video import FrameResult, InitialBox, frame_times, track_video
from pytracking.video.frame_source import FrameSource, slice_frames
from pytracking.video.prefetch import prefetch
from pytracking.video.reverse import reverse_frames


@dataclass(frozen=True)
class Selection:
    """Selected frames of a video, tracked forward or backward.

    whole: the video. used: the selected part. numbers: frame numbers of that part; up to sys.maxsize if the end is
    unknown.
    """

    whole: FrameSource
    used: FrameSource
    numbers: range
    backward: bool = False

    @property
    def first(self) -> int:
        """The frame that is tracked first."""
        return self.numbers[-1] if self.backward else self.numbers[0]

    def to_track(self, starts: Sequence[InitialBox]) -> FrameSource:
        """The frames in the order in which they are tracked."""
        if self.used.live:
            return self.used
        return prefetch(reverse_frames(self.whole, self._reached(starts)) if self.backward else self.used)

    def track(
        self,
        source: FrameSource,
        starts: Sequence[InitialBox],
        targets: MultiTracker,
        progress: Callable[[Iterable[FrameResult]], Iterable[FrameResult]] = iter,
    ) -> Iterator[FrameResult]:
        """The results in the frames of ``source`` (see :meth:`to_track`), in ascending order of the frames.

        progress: wraps the results in the order of tracking, to show a progress bar.
        """
        if self.backward:
            results = track_video(source, starts, targets, reversed(self._reached(starts)))
            return in_forward_order(progress(results), self.whole, self.numbers)
        begin, stride = self.numbers.start, self.numbers.step
        times = frame_times(self.whole, count(begin, stride))
        return iter(progress(track_video(source, starts, targets, count(begin, stride), times)))

    def _reached(self, starts: Sequence[InitialBox]) -> range:
        """The frames up to the last one in which a target starts."""
        last = max((start.frame for start in starts), default=self.first)
        return self.numbers[: self.numbers.index(last) + 1]


def select(source: FrameSource, start: int, end: int | None, stride: int, backward: bool = False) -> Selection:
    """Every ``stride``-th frame of ``source`` from ``start`` to ``end`` (exclusive; None: to the last).

    Raises InputError as :func:`slice_frames`, and for a live source that is tracked backward.
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
