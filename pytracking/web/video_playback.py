"""Playback of a video to a page."""

import json
import time
from collections.abc import Iterator
from itertools import islice

from pytracking.evaluation.datasets.demo import demo_sequence
from pytracking.tracker.base.output import Box
from pytracking.video.frame_source import BrokenSourceError, FrameSource, Image, frames_at

DEFAULT_FPS = 25.0  # of videos without a rate


class VideoPlayback:
    """Plays the frames of ``source``, at most at its frame rate. Initially paused before the first frame.

    size: width and height of the frames, pixels. suggestion: a box of the first frame that the page offers. number: of
    the last frame read, from 0. playing: False if paused or ended.
    """

    def __init__(self, source: FrameSource, size: tuple[int, int], suggestion: Box | None = None) -> None:
        self.source, self.size, self.suggestion = source, size, suggestion
        self._period = 1 / (source.fps or DEFAULT_FPS)
        self.playing = False
        self.seek(0)

    def seek(self, frame: int) -> None:
        """Go to ``frame`` (or the last one, if there are not as many), which is read next."""
        length = self.source.length
        self.number = (min(frame, length - 1) if length else frame) - 1
        rest = range(self.number + 1, length or 0)
        source = self.source
        self._frames: Iterator[Image] | None = frames_at(source, rest) if rest else islice(source, frame, None)
        self._broken = ""
        self._due = 0.0

    def play(self) -> None:
        """Continue; at the end, from the start."""
        if self._frames is None:
            self.seek(0)
        self.playing = True

    def delay(self, now: float) -> float | None:
        """Seconds until the next frame is due, or None if paused. now: of the monotonic clock."""
        return max(0.0, self._due - now) if self.playing else None

    def read(self) -> Image | None:
        """The next frame, RGB uint8 [H, W, 3]; None at the end, where playback stops."""
        now = time.monotonic()
        self._due = max(self._due + self._period, now)  # a delay is not caught up
        try:
            image = next(self._frames, None) if self._frames else None
        except BrokenSourceError as error:
            image, self._broken = None, str(error)
        if image is None:
            self._frames, self.playing = None, False
        else:
            self.number += 1
        return image

    def message(self) -> str:
        """The message at the beginning."""
        width, height = self.size
        source = self.source
        fps = None if source.times else source.fps
        message = {"type": "video", "width": width, "height": height, "frames": source.length, "fps": fps}
        return json.dumps({**message, "suggestion": self.suggestion})

    def ended_message(self) -> str:
        """The message at the end: the number of frames, and the error if the file is damaged."""
        return json.dumps({"type": "ended", "frames": self.number + 1, "broken": self._broken})


def open_demo() -> VideoPlayback:
    """The demo clip, with the box of its target."""
    sequence = demo_sequence()
    source = sequence.open()
    first = next(iter(source))
    return VideoPlayback(source, (first.shape[1], first.shape[0]), sequence.first_box)
