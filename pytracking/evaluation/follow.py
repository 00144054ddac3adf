"""Following targets through any video: what run_video and the demo do frame by frame."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from pytracking.evaluation.data import Box
from pytracking.evaluation.multi_tracker import MultiTracker
from pytracking.evaluation.video import BrokenSourceError, FrameSource, Image
from pytracking.tracker.base.output import TrackOutput


@dataclass(frozen=True)
class Start:
    """Where a target is shown: its box (x, y, w, h; pixels) in a frame, by the frame's number in the video."""

    box: Box
    frame: int


@dataclass(frozen=True)
class Step:
    """One frame done: its number in the video, the image, outputs by target id, seconds spent looking for them."""

    frame: int
    image: Image
    targets: dict[int, TrackOutput]
    seconds: float


@dataclass(frozen=True)
class Recording:
    """What was followed: number of frames, frames a second of the tracking alone, why it ended early (or "")."""

    frames: int
    fps: float
    broken: str


Sink = AbstractContextManager[Callable[[Step], None]]  # entered: writes one step after another


def follow(
    source: FrameSource, starts: Sequence[Start], targets: MultiTracker, numbers: Iterable[int]
) -> Iterator[Step]:
    """Follow the targets of ``starts``, which get the ids 0, 1, ... in their order.

    numbers: those of the frames of ``source`` in the video. In the frame where it starts, a target has the box that was
    given. Raises BrokenSourceError after the last good frame, also where that comes before a start.
    """
    for number, image in zip(numbers, source, strict=False):
        begin = time.perf_counter()
        outputs = targets.track(image)
        seconds = time.perf_counter() - begin if outputs else 0.0
        for target_id, start in enumerate(starts):
            if start.frame == number:
                targets.add(image, start.box, target_id)
                outputs[target_id] = TrackOutput(start.box, 1.0, "tracking")
        yield Step(number, image, outputs, seconds)
    missed = [start.frame for target_id, start in enumerate(starts) if target_id not in targets.ids]
    if missed:
        raise BrokenSourceError(f"{source.name}: ended before frame {missed[0]}, where a target starts")


def record(steps: Iterable[Step], sinks: Sequence[Sink]) -> Recording:
    """Hand ``steps`` to all ``sinks``, as far as the source goes.

    Where the source breaks off, or the user presses Ctrl-C, all frames up to there are kept. Any other error leaves
    no file behind.
    """
    frames, tracked, seconds, broken = 0, 0, 0.0, ""
    with ExitStack() as stack:
        writers = [stack.enter_context(sink) for sink in sinks]
        try:
            for step in steps:
                for write in writers:
                    write(step)
                frames += 1
                tracked += step.seconds > 0
                seconds += step.seconds
        except BrokenSourceError as error:
            broken = str(error)
        except KeyboardInterrupt:
            broken = f"interrupted after {frames} frames"
        if not frames:
            raise ValueError(broken or "the video has no frames")
    return Recording(frames, tracked / seconds if seconds else 0.0, broken)
