"""Which frames tracking fills in, and the filling, in steps that can be shown and canceled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from pytracking.annotation.editing import Project
from pytracking.annotation.model import AnnotatedBox
from pytracking.api.tracker import Tracker
from pytracking.pipeline.propagation import fill_between, follow_on
from pytracking.video.frame_source import FrameSource

BATCH = 10  # frames that are followed before they are shown


@dataclass(frozen=True)
class Span:
    """Frames to fill from the keyframe ``key`` up to frame ``last``.

    between: ``last`` is a keyframe too, and the frames between the two are filled from both sides.
    """

    target: int
    key: int
    last: int
    between: bool

    @property
    def work(self) -> int:
        """Number of frames to track."""
        return 2 * (self.last - self.key - 1) if self.between else abs(self.last - self.key)


def spans_around(project: Project, target: int, frame: int) -> list[Span]:
    """What has to be filled again after the keyframe ``frame`` was drawn: up to the keyframes next to it, and beyond
    the first and last keyframe as far as the target was followed there."""
    before, after = project.around(target, frame)
    boxes = project.track(target).boxes
    spans = [] if before is None else _segment(project, target, before, frame)
    if before is None and min(boxes) < frame:
        spans.append(Span(target, frame, min(boxes), False))
    if after is not None:
        spans += _segment(project, target, frame, after)
    elif max(boxes) > frame:
        spans.append(Span(target, frame, max(boxes), False))
    return spans


def spans_of(project: Project, target: int, back: bool = False) -> list[Span]:
    """What is not filled yet: between the keyframes, and from the last one to the end of the video, or, with ``back``,
    from the first one to its beginning."""
    keys, boxes = project.keys(target), project.track(target).boxes
    spans = [span for start, stop in pairwise(keys) for span in _segment(project, target, start, stop)]
    spans = [span for span in spans if any(frame not in boxes for frame in _inside(span))]
    if keys and back and keys[0] > 0:
        spans.append(Span(target, keys[0], 0, False))
    if keys and not back:
        num_frames = project.annotations.num_frames
        end = project.end_within(target, keys[-1], num_frames)
        spans += [Span(target, keys[-1], num_frames - 1 if end is None else end, False)]
    return [span for span in spans if span.work > 0]


def _inside(span: Span) -> range:
    return range(span.key + 1, span.last + (0 if span.between else 1))


def _segment(project: Project, target: int, start: int, stop: int) -> list[Span]:
    """Between two keyframes; if the target leaves there, up to where it does."""
    end = project.end_within(target, start, stop)
    span = Span(target, start, stop, True) if end is None else Span(target, start, end, False)
    return [span] if span.work > 0 else []


def fill_span(
    source: FrameSource, tracker: Tracker, project: Project, span: Span, progress: Callable[[], object]
) -> Iterator[dict[int, AnnotatedBox]]:
    """The boxes of a span, in parts as they are found. progress: called after each frame; its exception ends it."""
    boxes = project.track(span.target).boxes
    if span.between:
        keys = span.key, span.last
        yield fill_between(source, tracker, keys, (boxes[span.key].box, boxes[span.last].box), progress)
        return
    part: dict[int, AnnotatedBox] = {}
    for number, box in follow_on(source, tracker, span.key, boxes[span.key].box, span.last):
        part[number] = box
        progress()
        if len(part) == BATCH:
            yield part
            part = {}
    if part:
        yield part
