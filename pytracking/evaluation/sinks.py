"""What becomes of the steps of a video: an annotated copy, a table, a JSON file."""

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from time import monotonic
from typing import Any

from ltr.admin.files import replacing
from pytracking.evaluation.follow import Step
from pytracking.evaluation.video import FrameSource
from pytracking.evaluation.video_writer import VideoWriter
from pytracking.utils.drawing import Overlay

CSV_COLUMNS = ("frame", "id", "x", "y", "w", "h", "score", "state")
DECIMALS = 4  # of pixels and scores


@contextmanager
def annotated_video(path: Path, source: FrameSource, overlay: Overlay) -> Iterator[Callable[[Step], None]]:
    """An mp4 of the frames with ``overlay``, at their times and with the sound of ``source``."""
    clock = frame_clock(source)
    with VideoWriter(path, source.fps, source.sound) as writer:
        yield lambda step: writer.write(overlay.draw(step.image, step.targets), next(clock))


def frame_clock(source: FrameSource) -> Iterator[float | None]:
    """When the frames of ``source`` are shown, one after another: seconds after the first, or None for evenly.

    Those of a live source are shown as they came.
    """
    if source.live:
        begin = monotonic()
        yield 0.0
        while True:
            yield monotonic() - begin
    yield from source.times or repeat(None)


@contextmanager
def csv_table(path: Path) -> Iterator[Callable[[Step], None]]:
    """A CSV file of ``CSV_COLUMNS``, one row a frame and target; pixels and score with four decimals."""
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(CSV_COLUMNS)

        def write(step: Step) -> None:
            for target_id, target in step.targets.items():
                numbers = (f"{value:.{DECIMALS}f}" for value in (*target.box, target.score))
                rows.writerow([step.frame, target_id, *numbers, target.state])

        yield write


@contextmanager
def json_file(path: Path, about: dict[str, Any]) -> Iterator[Callable[[Step], None]]:
    """A JSON object: ``about``, and "frames", a list of ``{"frame", "targets": [{"id", "box", "score", "state"}]}``.

    It is written as it comes, a frame a line, so that a long video takes no memory.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        file.write(json.dumps({**about, "frames": []}).removesuffix("]}"))
        separator = "\n"

        def write(step: Step) -> None:
            nonlocal separator
            targets = [
                {
                    "id": target_id,
                    "box": [round(value, DECIMALS) for value in target.box],
                    "score": round(target.score, DECIMALS),
                    "state": target.state,
                }
                for target_id, target in step.targets.items()
            ]
            file.write(separator + json.dumps({"frame": step.frame, "targets": targets}))
            separator = ",\n"

        yield write
        file.write("\n]}\n")
