"""Tracking from the last frame to the first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from pytracking.pipeline.track_video import FrameResult, frame_times
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import BrokenSourceError, FrameSource, frames_at
from pytracking.video.prefetch import prefetch


def count_frames(source: FrameSource) -> int:
    """Number of frames of ``source``; decodes all of them if it is not known."""
    return sum(1 for _ in source) if source.length is None else source.length


def in_forward_order(
    results: Iterable[FrameResult], source: FrameSource, numbers: Sequence[int]
) -> Iterator[FrameResult]:
    """Run ``results``, which go backward through the frames ``numbers`` of ``source``, and yield them in forward order.

    The images are read again. If the results break off, the frames not reached have no targets, and the error is raised
    at the end.
    """
    outputs: dict[int, tuple[dict[int, TrackOutput], float, frozenset[int]]] = {}
    ended: BaseException | None = None
    try:
        for result in results:
            outputs[result.frame] = result.targets, result.seconds, result.begun
    except (BrokenSourceError, KeyboardInterrupt) as error:
        ended = error
    if outputs:
        images = prefetch(replace(source, frames=partial(frames_at, source, numbers)))
        begun = frozenset[int]()
        for number, image, shown in zip(numbers, images, frame_times(source, numbers), strict=False):
            targets, seconds, learned = outputs.get(number, ({}, 0.0, frozenset()))
            yield FrameResult(number, image, targets, seconds, shown, begun)
            begun = learned  # a track that starts in a frame covers the frames before it
    if ended:
        raise ended
