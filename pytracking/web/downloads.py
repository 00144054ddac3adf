"""The annotated video of a page: made on request, then downloaded."""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ltr.utils.errors import InputError
from pytracking.pipeline.sinks import annotated_video
from pytracking.pipeline.track_video import FrameResult, frame_times
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import BrokenSourceError, FrameSource
from pytracking.visualization.boxes import Overlay

MAX_NAME = 80  # characters of a target's name
MAX_TRAIL = 1000  # frames
REPORT = 0.2  # seconds between reports of progress


class CanceledError(Exception):
    """The page does not want the video any more."""


def parse_overlay(text: str) -> Overlay:
    """The overlay that the page asks for: ``{"names": {"0": "ball"}, "trail": 30}``; InputError if invalid."""
    try:
        wanted = json.loads(text)
        names = {int(target_id): _name(name) for target_id, name in wanted["names"].items()}
        trail = wanted["trail"]
        if type(trail) is not int or not 0 <= trail <= MAX_TRAIL:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise InputError(f"expected names and a trail of 0 to {MAX_TRAIL} frames, got {text[:80]!r}") from None
    return Overlay(trail=trail, names=names)


def _name(value: Any) -> str:
    if not isinstance(value, str) or len(value) > MAX_NAME:
        raise ValueError
    return value


async def render(
    source: FrameSource,
    found: Mapping[int, dict[int, TrackOutput]],
    overlay: Overlay,
    folder: Path,
    report: Callable[[float], object],
    wanted: Callable[[], bool],
) -> Path:
    """An mp4 in ``folder`` of all frames of ``source`` with the targets ``found`` in them, by frame and id.

    report: called in the event loop with the part that is done. wanted: asked now and then; CanceledError if False.
    """
    loop = asyncio.get_running_loop()
    path = folder / f"{secrets.token_hex(8)}.mp4"
    stopped = False

    def progress(part: float) -> None:
        if stopped or not wanted():
            raise CanceledError
        loop.call_soon_threadsafe(report, part)

    try:
        await asyncio.to_thread(write_annotated, path, source, found, overlay, progress)
    finally:
        stopped = True  # the thread ends soon, if this task was canceled
    return path


def write_annotated(
    path: Path,
    source: FrameSource,
    found: Mapping[int, dict[int, TrackOutput]],
    overlay: Overlay,
    progress: Callable[[float], object],
) -> None:
    """Write the annotated video; a damaged source ends it. ``progress`` is called with the part done, 0..1."""
    numbers, seen, due = range(source.length or 2**31), set[int](), 0.0
    with annotated_video(path, source, overlay) as write:
        try:
            for number, image, shown in zip(numbers, source, frame_times(source, numbers), strict=False):
                targets = found.get(number, {})
                write(FrameResult(number, image, targets, 0.0, shown, frozenset(targets.keys() - seen)))
                seen |= targets.keys()
                if time.monotonic() > due:
                    progress(number / (source.length or number + 1))
                    due = time.monotonic() + REPORT
        except BrokenSourceError:
            pass  # the page says so while it plays
