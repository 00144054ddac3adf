"""Several starts a sequence, forwards and backwards: more of what a tracker can do shows on the same videos.

A start is a part of a sequence: the ``range`` of its frames, counted from 0, downwards where it is followed backwards.
It is tracked, and its result written and kept, like a sequence of its own, called ``NAME@FIRST-LAST``.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ltr.utils.errors import InputError

if TYPE_CHECKING:  # the analysis imports this, and OpenCV and PyAV only where they are needed
    from pytracking.evaluation.datasets.sequence import Sequence
    from pytracking.video.frame_source import FrameSource

FRAMES, SHORTEST = 150, 20  # of a start of ``spread``: it is followed over so many frames at most, and more than so few
ANCHORS_APART = 50  # frames (VOT2020)
SMALLEST = 4.0  # side of a box to start from, in pixels

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
    """At most ``count`` starts: half of them forwards, evenly from the beginning on; half backwards, from the end on.

    Of an odd number one more goes forwards. A start moves on to the next frame with a usable box and is followed over
    ``FRAMES`` frames; one that would be shorter than ``SHORTEST``, or the same as another, is left out.
    """
    usable, frames = _usable(truth), len(truth)
    starts: dict[range, None] = {}  # a set that keeps its order
    for order, number in ((range(frames), (count + 1) // 2), (range(frames)[::-1], count // 2)):
        number = min(number, frames)  # more would begin in the same places
        for i in range(number):
            left = order[i * frames // number :]
            if usable[left].any():
                first = int(usable[left].argmax())
                starts[left[first : first + FRAMES + 1]] = None
    return [start for start in starts if len(start) > SHORTEST]


def anchors(truth: Boxes) -> list[range]:
    """VOT's: every ``ANCHORS_APART`` frames and the last one, each followed to the farther end of the sequence.

    An anchor moves on, in the direction in which it is followed, to the next frame with a usable box.
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
    """What the result of ``start`` is called."""
    return f"{sequence}@{start[0]}-{start[-1]}"


def sequence_of(name: str) -> str:
    """The sequence of the start that is called ``name``; ``name`` itself where it is that of a sequence."""
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
