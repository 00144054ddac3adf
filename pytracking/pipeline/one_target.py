"""``pytracking.track``: one target through a video, in one call."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from contextlib import closing, nullcontext
from os import PathLike, fspath
from typing import TYPE_CHECKING

import numpy as np

from ltr.utils.errors import InputError
from pytracking.api.boxes import check_box
from pytracking.api.frames import as_rgb
from pytracking.api.tracker import Tracker
from pytracking.tracker.base.output import TrackOutput
from pytracking.video.frame_source import open_frames

if TYPE_CHECKING:
    from pytracking.api.boxes import BoxLike
    from pytracking.api.frames import Frame

    Video = str | PathLike[str] | int | Iterable[Frame]


def track(video: Video, box: BoxLike, tracker: Tracker | None = None) -> Generator[TrackOutput]:
    """Follow the target in ``box`` through ``video``: an output for each frame, the first of which is ``box`` itself.

    The result is a generator, and a frame is read and tracked when its output is asked for::

        for output in pytracking.track("clip.mp4", (100, 80, 60, 90)):
            print(output.box, output.score, output.state)

    ``list(pytracking.track(...))`` tracks the whole video in one call. A file or camera is closed at the end of the
    video, after an error, and when the generator is closed or forgotten, as by leaving the loop. A generator of frames
    that is given stays open, and can be gone on with.

    Args:
        video: a video file, image folder, glob of images, camera index or URL; or frames, one after another: an
            iterable, or an array or tensor with an axis more, of what :meth:`Tracker.track` takes.
        box: (x, y, w, h) of the target in the first frame, pixels.
        tracker: other than ``Tracker()``. It is cloned, so it can be shared by several videos, and is not changed.
    Returns:
        A generator of :class:`TrackOutput`: box (x, y, w, h) in pixels of the frame, score (0..1) and state of each
        frame, in order. The first is the given box, with score 1 and state ``"tracking"``.
    Raises:
        InputError: the video has no frame, or the first frame or the box is invalid; at once, before anything is asked
            for. FileNotFoundError: there is no such video. Later, BrokenSourceError after the last good frame.
    """
    if not isinstance(tracker, Tracker | None):
        raise InputError(f"tracker: expected a Tracker, as Tracker('dimp'), got {tracker!r}")
    outputs = _outputs(video, box, tracker)
    next(outputs)  # up to the first frame, so that mistakes are told at once
    return outputs


def _outputs(video: Video, box: BoxLike, tracker: Tracker | None) -> Generator[TrackOutput]:
    """As :func:`track`, with one output more at the beginning, after which the video is open."""
    channels = tracker.channels if tracker else "RGB"
    if isinstance(video, str | int | PathLike):
        source = iter(open_frames(video if isinstance(video, int) else fspath(video)))
        opened = closing(source) if isinstance(source, Generator) else nullcontext()
        frames: Iterator[Frame] = (image if channels == "RGB" else image[..., ::-1] for image in source)
    elif _is_one_frame(video):
        raise InputError("video: expected frames, one after another, got a single frame; [frame] is a video of one")
    elif isinstance(video, Iterable):
        opened, frames = nullcontext(), iter(video)
    else:
        raise InputError(f"video: expected a file, folder, URL, camera or frames, got {type(video).__name__}")
    with opened:
        try:
            first = next(frames)
        except StopIteration:
            raise InputError("video: there are no frames") from None
        given = TrackOutput(check_box(box, as_rgb(first, channels)), 1.0, "tracking")  # before the network is loaded
        target = (tracker or Tracker()).clone()
        target.initialize(first, given.box)
        yield given
        yield given
        for frame in frames:
            yield target.track(frame)


def _is_one_frame(video: object) -> bool:
    """Whether an array or tensor is an image rather than a stack of images (of gray ones, if it has three axes)."""
    shape = getattr(video, "shape", None)
    if shape is None or len(shape) > 3:
        return False
    return len(shape) < 3 or shape[-1 if isinstance(video, np.ndarray) else 0] in (1, 3, 4)
