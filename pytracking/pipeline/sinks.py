"""Sinks of frame results: an annotated video, a CSV table, a JSON file."""

import csv
import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from ltr.data.pyav import av
from ltr.utils.files import STDOUT, is_stream, text_output
from pytracking.pipeline.track_video import FrameResult
from pytracking.video.frame_source import FrameSource
from pytracking.video.writer import VideoWriter
from pytracking.visualization.boxes import Overlay

log = logging.getLogger(__name__)

CSV_COLUMNS = ("frame", "id", "x", "y", "w", "h", "score", "state", "time", "x_std", "y_std", "w_std", "h_std")
DECIMALS = 4  # of pixels, scores and seconds


@contextmanager
def annotated_video(path: Path, source: FrameSource, overlay: Overlay) -> Iterator[Callable[[FrameResult], None]]:
    """An mp4 file of the frames with ``overlay``, with the times and audio of ``source``."""
    shown = pace(source)
    if source.hdr:
        log.warning("%s: is HDR (%s), but %s is not: its colors look pale", source.name, source.hdr, path)
    with naming(path), VideoWriter(path, source.fps, source.sound, source.pixel_aspect) as writer:
        yield lambda result: writer.write(overlay.draw(result.image, result.targets, result.begun), shown(result))


def pace(source: FrameSource) -> Callable[[FrameResult], float | None]:
    """The time of a result's frame, in seconds after the first result's; None at a constant rate."""
    uneven, begin = source.live or source.times is not None, None

    def shown(result: FrameResult) -> float | None:
        nonlocal begin
        if not uneven or result.time is None:
            return None
        begin = result.time if begin is None else begin
        return result.time - begin

    return shown


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Errors in the block become an OSError that ``path`` cannot be written."""
    try:
        yield
    except (OSError, av.FFmpegError) as error:
        name = "standard output" if path == STDOUT else path
        raise OSError(f"{name}: cannot be written ({error.strerror or error})") from error


@contextmanager
def csv_table(path: Path, live: bool = False) -> Iterator[Callable[[FrameResult], None]]:
    """A CSV file of ``CSV_COLUMNS``, one row a frame and target; pixels, score and seconds with four decimals.

    live: written under its final name and flushed after each frame, since a live source has no end.
    """
    with naming(path), _growing(path) if live else text_output(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(CSV_COLUMNS)

        def write(result: FrameResult) -> None:
            shown = "" if result.time is None else f"{result.time:.{DECIMALS}f}"
            for target_id, target in result.targets.items():
                numbers = [f"{value:.{DECIMALS}f}" for value in (*target.box, target.score)]
                std = [f"{value:.{DECIMALS}f}" for value in target.box_std] if target.box_std else [""] * 4
                rows.writerow([result.frame, target_id, *numbers, target.state, shown, *std])
            if live or is_stream(path) or path == STDOUT:
                file.flush()

        yield write


@contextmanager
def _growing(path: Path) -> Iterator[TextIO]:
    if path == STDOUT:
        with text_output(path) as file:
            yield file
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def json_file(path: Path, about: dict[str, Any]) -> Iterator[Callable[[FrameResult], None]]:
    """A JSON object: ``about``, and "frames", a list of ``{"frame", "time", "targets": [{"id", "box", "score",
    "state", "box_std", "candidates": [{"id", "box", "score"}]}]}``.

    Frames are written one by one, each on a line, so that a long video takes no memory.
    """
    with naming(path), text_output(path) as file:
        file.write(json.dumps({**about, "frames": []}).removesuffix("]}"))
        separator = "\n"

        def write(result: FrameResult) -> None:
            nonlocal separator
            targets = [
                {
                    "id": target_id,
                    "box": [round(value, DECIMALS) for value in target.box],
                    "score": round(target.score, DECIMALS),
                    "state": target.state,
                    "box_std": target.box_std and [round(value, DECIMALS) for value in target.box_std],
                    "candidates": [
                        {
                            "id": other.id,
                            "box": [round(value, DECIMALS) for value in other.box],
                            "score": round(other.score, DECIMALS),
                        }
                        for other in target.candidates
                    ],
                }
                for target_id, target in result.targets.items()
            ]
            shown = None if result.time is None else round(result.time, DECIMALS)
            file.write(separator + json.dumps({"frame": result.frame, "time": shown, "targets": targets}))
            separator = ",\n"

        yield write
        file.write("\n]}\n")
