"""Several starts per sequence, forward and backward: they test a tracker more thoroughly on the same videos.

A start is a part of a sequence: the ``range`` of its frames, counted from 0, descending if it is tracked backward. It
is tracked, and its result is written and kept, like a separate sequence with the name ``NAME@FIRST-LAST``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError

if TYPE_CHECKING:  # the analysis imports this module, and OpenCV and PyAV only if needed
    from pytracking.evaluation.datasets.sequence import Sequence
    from pytracking.video.frame_source import FrameSource

FRAMES, SHORTEST = 150, 20  # lengths of a start of ``spread``: largest and smallest
ANCHORS_APART = 50  # frames (VOT2020)
SMALLEST = 4.0  # smallest side of a box to start from, in pixels

Boxes = NDArray[np.float64]
Rule = Callable[[Boxes], list[range]]  # true boxes [n, 4] of a sequence -> its starts


def find_rule(text: str) -> Rule:
    """The rule that ``--starts`` names: a number of them (see :func:`spread`), or "anchors" (see :func:`anchors`)."""
    if text == "anchors":
        return anchors
    if not (text.isascii() and text.isdecimal()) or int(text) < 1:
        raise InputError(f"--starts {text}: expected a number, 1 or more, or anchors")
    return partial(spread, count=int(text))


def spread(truth: Boxes, count: int) -> list[range]:
    """At most ``count`` starts: half of them forward, evenly from the beginning; half backward, from the end.

    Of an odd number, one more goes forward. A start moves on to the next frame with a usable box and is tracked over
    ``FRAMES`` frames; one that would be shorter than ``SHORTEST``, or equal to another, is left out.
    """
    usable, frames = _usable(truth), len(truth)
    starts: dict[range, None] = {}  # a set that keeps its order
    for order, number in ((range(frames), (count + 1) // 2), (range(frames)[::-1], count // 2)):
        number = min(number, frames)  # more would begin at the same frames
        for i in range(number):
            left = order[i * frames // number :]
            if usable[left].any():
                first = int(usable[left].argmax())
                starts[left[first : first + FRAMES + 1]] = None
    return [start for start in starts if len(start) > SHORTEST]


def anchors(truth: Boxes) -> list[range]:
    """VOT's starts: every ``ANCHORS_APART`` frames and the last one, each tracked to the farther end of the sequence.

    An anchor moves on, in the direction of tracking, to the next frame with a usable box.
    """
    usable, frames = _usable(truth), len(truth)
    starts: dict[range, None] = {}
    for place in (*range(0, frames - 1, ANCHORS_APART), frames - 1):
        left = range(place, frames) if 2 * place < frames else range(place, -1, -1)
        if usable[left].any():
            starts[left[int(usable[left].argmax()) :]] = None
    return [start for start in starts if len(start) > 1]


def _usable(truth: Boxes) -> NDArray[np.bool_]:
    from ltr.dataset.base_video_dataset import visible_boxes

    return visible_boxes(truth, SMALLEST)


def name_of_start(sequence: str, start: range) -> str:
    """The name of the result of ``start``."""
    return f"{sequence}@{start[0]}-{start[-1]}"


def sequence_of(name: str) -> str:
    """The sequence of the start with the name ``name``; ``name`` itself if it is that of a sequence."""
    return re.sub(r"@\d+-\d+$", "", name)


def sequences_of_starts(sequences: "list[Sequence]", rule: Rule) -> "Iterator[Sequence]":
    """Each start of each of ``sequences`` as a sequence."""
    for sequence in sequences:
        for start in rule(sequence.ground_truth):
            yield replace(
                sequence,
                name=name_of_start(sequence.name, start),
                ground_truth=sequence.ground_truth[start],
                source=partial(_open_start, sequence.source, start),
            )


def _open_start(source: "Callable[[], FrameSource]", start: range) -> "FrameSource":
    from pytracking.video.frame_source import slice_frames
    from pytracking.video.reverse import reverse_frames

    frames = source()
    return slice_frames(frames, start[0], start[-1] + 1) if start.step > 0 else reverse_frames(frames, start[::-1])
