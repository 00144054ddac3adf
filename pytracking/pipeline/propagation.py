"""Boxes between keyframes, and beyond them, by tracking: forward, backward, or both blended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from pytracking.annotation.model import AnnotatedBox
from pytracking.api.tracker import Tracker
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.video.frame_source import FrameSource, frames_at
from pytracking.video.reverse import reverse_frames

UNSURE = 0.25  # of the sides: the standard deviation of a box where the tracker gives none
LOST_WEIGHT = 0.01  # of a lost target's box, relative to the same score
LEAST_SCORE = 1e-3
SPREAD = 0.25  # of the sides: a standard deviation as doubtful as a score of 0.5


def track_from(
    source: FrameSource, tracker: Tracker, frame: int, box: Box, last: int
) -> Iterator[tuple[int, TrackOutput]]:
    """Track the target in ``box`` of ``frame`` up to frame ``last``, forward or backward; frame numbers and outputs,
    without ``frame``. Raises BrokenSourceError at frames that cannot be read.
    """
    target = tracker.clone()
    numbers: Sequence[int] = range(min(frame, last), max(frame, last) + 1)
    if last >= frame:
        images = frames_at(source, numbers)
    else:
        images, numbers = iter(reverse_frames(source, numbers)), numbers[::-1]
    for number, image in zip(numbers, images, strict=False):
        if number == frame:
            target.initialize(image, box)
        else:
            yield number, target.track(image)


def fill_between(
    source: FrameSource,
    tracker: Tracker,
    keys: tuple[int, int],
    boxes: tuple[Box, Box],
    progress: Callable[[], object] = lambda: None,
) -> dict[int, AnnotatedBox]:
    """The boxes between two keyframes: tracked forward from the first and backward from the last, and blended.

    keys: the numbers of the keyframes. boxes: x, y, w, h in them, pixels. progress: called after each frame tracked; an
    exception of it ends the work.
    """
    start, stop = keys
    outputs: list[dict[int, TrackOutput]] = []
    for key, box, last in ((start, boxes[0], stop - 1), (stop, boxes[1], start + 1)):
        found: dict[int, TrackOutput] = {}
        for number, output in track_from(source, tracker, key, box, last):
            found[number] = output
            progress()
        outputs.append(found)
    return blend(outputs[0], outputs[1], start, stop)


def follow_on(
    source: FrameSource, tracker: Tracker, frame: int, box: Box, last: int
) -> Iterator[tuple[int, AnnotatedBox]]:
    """The boxes beyond a keyframe, up to frame ``last`` (forward or backward) or until the target is lost."""
    for number, output in track_from(source, tracker, frame, box, last):
        if output.state == "lost":
            return
        yield number, _annotated([(1.0, output)])


def blend(
    forward: Mapping[int, TrackOutput], backward: Mapping[int, TrackOutput], start: int, stop: int
) -> dict[int, AnnotatedBox]:
    """One box for each frame between the keyframes ``start`` and ``stop``.

    Both are weighted by their score and by how near their keyframe is, so the boxes run into those of the keyframes.
    ``box_std`` includes how far the two are apart: it is large where they disagree.
    """
    filled: dict[int, AnnotatedBox] = {}
    for frame in range(start + 1, stop):
        part = (frame - start) / (stop - start)
        sides = ((1 - part, forward.get(frame)), (part, backward.get(frame)))
        outputs = [(share * _confidence(output), output) for share, output in sides if output]
        if outputs:
            filled[frame] = _annotated(outputs)
    return filled


def _confidence(output: TrackOutput) -> float:
    return max(output.score, LEAST_SCORE) * (LOST_WEIGHT if output.state == "lost" else 1)


def _annotated(outputs: Sequence[tuple[float, TrackOutput]]) -> AnnotatedBox:
    """The mean of weighted outputs. Variances add up: those of each, and that of their means."""
    weights = np.array([weight for weight, _ in outputs])
    weights /= weights.sum()
    boxes = np.array([output.box for _, output in outputs])
    spread = np.array([_spread(output) for _, output in outputs])
    mean = weights @ boxes
    x, y, w, h = mean.tolist()
    std = np.sqrt(weights @ (spread**2 + (boxes - mean) ** 2)).tolist()
    score = float(weights @ [0.0 if output.state == "lost" else output.score for _, output in outputs])
    return AnnotatedBox((x, y, w, h), keyframe=False, score=score, box_std=(std[0], std[1], std[2], std[3]))


def _spread(output: TrackOutput) -> Box:
    w, h = output.box[2:]
    return output.box_std or (UNSURE * w, UNSURE * h, UNSURE * w, UNSURE * h)


def doubt(box: AnnotatedBox) -> float:
    """How much a box needs a look, 0..1; from 0.5 on, it should be looked at. 0 for keyframes."""
    if box.keyframe:
        return 0.0
    by_score = 0.0 if box.score is None else 1 - box.score
    sides = (*box.box[2:], *box.box[2:])
    wide = max((std / side for std, side in zip(box.box_std, sides, strict=True)), default=0.0) if box.box_std else 0.0
    return float(min(1.0, max(by_score, 0.5 * wide / SPREAD)))
