"""Reversed videos."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from pytracking.video.frame_source import BrokenSourceError, FrameSource, Image, frames_at

MEMORY = 2**30  # bytes of frames held at a time


def reverse_frames(source: FrameSource, numbers: Sequence[int], memory: int = MEMORY) -> FrameSource:
    """The frames ``numbers`` (ascending) of ``source`` from the last to the first, without times and audio.

    A video can only be read forward: it is read again for every ``memory`` bytes of its frames. Iterating raises
    BrokenSourceError at a missing frame, and at the end if some frames were damaged.
    """
    frames = partial(_reversed, source, numbers, memory)
    return replace(source, frames=frames, length=len(numbers), times=None, sound=None)


def _reversed(source: FrameSource, numbers: Sequence[int], memory: int) -> Iterator[Image]:
    first = next(iter(frames_at(source, numbers[:1])), None)
    if first is None:
        raise BrokenSourceError(f"{source.name}: has no frame {numbers[0]}")
    chunk, damage = max(1, memory // max(1, first.nbytes)), list[BrokenSourceError]()
    for end in range(len(numbers), 0, -chunk):
        part, images = numbers[max(0, end - chunk) : end], list[Image]()
        try:
            images.extend(frames_at(source, part))
        except BrokenSourceError as error:
            damage.append(error)
        if len(images) < len(part):
            raise damage[0] if damage else BrokenSourceError(f"{source.name}: has no frame {part[len(images)]}")
        while images:
            yield images.pop()
    if damage:
        raise damage[0]
