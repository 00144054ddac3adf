"""Playback of an uploaded video to a page."""

import json
import time
from collections.abc import Iterator

from pytracking.video.frame_source import BrokenSourceError, FrameSource, Image

DEFAULT_FPS = 25.0  # of videos without a rate


class VideoPlayback:
    """Plays the frames of ``source``, at most at its frame rate. Initially paused before the first frame.

    size: width and height of the frames, pixels. number: of the last frame read, from 0. playing: False if paused or
    ended.
    """

    def __init__(self, source: FrameSource, size: tuple[int, int]) -> None:
        self.source, self.size = source, size
        self._period = 1 / (source.fps or DEFAULT_FPS)
        self.rewind()

    def rewind(self) -> None:
        """Return to the beginning, paused."""
        self._frames: Iterator[Image] | None = iter(self.source)
        self.number = -1
        self.playing = False
        self._broken = ""
        self._due = 0.0

    def play(self) -> None:
        """Continue; no effect at the end."""
        self.playing = self._frames is not None

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

    def message(self, again: bool) -> str:
        """The message at the beginning; ``again``: the page has shown this video before."""
        width, height = self.size
        message = {"type": "video", "width": width, "height": height, "frames": self.source.length, "again": again}
        return json.dumps(message)

    def ended_message(self) -> str:
        """The message at the end: the number of frames, and the error if the file is damaged."""
        return json.dumps({"type": "ended", "frames": self.number + 1, "broken": self._broken})
