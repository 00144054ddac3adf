"""Following from the last frame to the first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from pytracking.pipeline.track_video import Step, frame_times
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import BrokenSourceError, FrameSource, frames_at
from pytracking.video.prefetch import prefetch


def count_frames(source: FrameSource) -> int:
    """The number of frames of ``source``, which are all decoded where it is not known."""
    return sum(1 for _ in source) if source.length is None else source.length


def replayed(steps: Iterable[Step], source: FrameSource, numbers: Sequence[int]) -> Iterator[Step]:
    """``steps`` (from the last to the first of the frames ``numbers`` of ``source``), then given in ascending order.

    Their images are read once more. Where the steps break off, the frames that were not reached have no targets, and
    the error follows after all of them.
    """
    outputs: dict[int, tuple[dict[int, TrackOutput], float, frozenset[int]]] = {}
    ended: BaseException | None = None
    try:
        for step in steps:
            outputs[step.frame] = step.targets, step.seconds, step.begun
    except (BrokenSourceError, KeyboardInterrupt) as error:
        ended = error
    if outputs:
        images = prefetch(replace(source, frames=partial(frames_at, source, numbers)))
        begun = frozenset[int]()
        for number, image, shown in zip(numbers, images, frame_times(source, numbers), strict=False):
            targets, seconds, learned = outputs.get(number, ({}, 0.0, frozenset()))
            yield Step(number, image, targets, seconds, shown, begun)
            begun = learned  # a track that begins in a frame leads to the frames before it, not after
    if ended:
        raise ended
