"""Following targets through any video: what run_video and the demo do frame by frame."""

import csv
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ltr.admin.files import replacing
from pytracking.evaluation.data import Box
from pytracking.evaluation.video import BrokenSourceError, FrameSource, Image
from pytracking.evaluation.video_writer import VideoWriter
from pytracking.tracker.base.output import BaseTracker, TrackOutput
from pytracking.utils.drawing import draw_target

CSV_COLUMNS = ("frame", "id", "x", "y", "w", "h", "score", "state")


@dataclass(frozen=True)
class Step:
    """One frame done: its number in the video, the image, an output for each target, seconds spent tracking."""

    frame: int
    image: Image
    targets: tuple[TrackOutput, ...]
    seconds: float


@dataclass(frozen=True)
class Recording:
    """What was followed: number of frames, seconds spent tracking after the first, why it ended early (or "")."""

    frames: int
    seconds: float
    broken: str

    @property
    def fps(self) -> float:
        """Frames a second of the tracking alone, the first frame (which teaches the target) left out."""
        return (self.frames - 1) / self.seconds if self.seconds else 0.0


def follow(
    source: FrameSource, boxes: Sequence[Box], trackers: Sequence[BaseTracker], first_number: int = 0
) -> Iterator[Step]:
    """Track the targets that ``boxes`` (x, y, w, h, pixels) show in the first frame, one of ``trackers`` for each.

    first_number: the number that the first frame has in the video. Raises BrokenSourceError after the last good frame.
    """
    for number, image in enumerate(source, first_number):
        begin = time.perf_counter()
        if number == first_number:
            for tracker, box in zip(trackers, boxes, strict=True):
                tracker.initialize(image, box)
            outputs = tuple(TrackOutput(box, 1.0, "tracking") for box in boxes)
        else:
            outputs = tuple(tracker.track(image) for tracker in trackers)
        yield Step(number, image, outputs, time.perf_counter() - begin)


def record(steps: Iterable[Step], fps: float | None, video: Path | None, table: Path | None) -> Recording:
    """Write ``steps`` to an annotated mp4 ``video`` and a CSV ``table`` (None: not), as far as the source goes.

    Where the source breaks off, or the user presses Ctrl-C, all frames up to there are kept. Any other error leaves
    no file behind.
    """
    frames, seconds, broken = 0, 0.0, ""
    with ExitStack() as stack:
        writer = stack.enter_context(VideoWriter(video, fps)) if video else None
        rows = stack.enter_context(CsvWriter(table)) if table else None
        try:
            for step in steps:
                if rows:
                    rows.write(step)
                if writer:
                    writer.write(draw_step(step))
                seconds += step.seconds if frames else 0.0
                frames += 1
        except BrokenSourceError as error:
            broken = str(error)
        except KeyboardInterrupt:
            broken = f"interrupted after {frames} frames"
        if not frames:
            raise ValueError(broken or "the video has no frames")
    return Recording(frames, seconds, broken)


def draw_step(step: Step) -> Image:
    """A copy of the frame with its targets drawn."""
    image = step.image.copy()
    for number, target in enumerate(step.targets):
        draw_target(image, target.box, number, target.score, target.state)
    return image


class CsvWriter:
    """The CSV of boxes, one row a frame and target, under a temporary name until it is closed without an error."""

    def __init__(self, path: Path) -> None:
        self._stack = ExitStack()
        temporary = self._stack.enter_context(replacing(path))
        file = self._stack.enter_context(temporary.open("w", encoding="utf-8", newline=""))
        self._rows = csv.writer(file, lineterminator="\n")
        self._rows.writerow(CSV_COLUMNS)

    def write(self, step: Step) -> None:
        """Append the targets of one frame; pixels and score with four decimals."""
        for number, target in enumerate(step.targets):
            box = [f"{value:.4f}" for value in target.box]
            self._rows.writerow([step.frame, number, *box, f"{target.score:.4f}", target.state])

    def __enter__(self) -> "CsvWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)
