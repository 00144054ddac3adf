"""An uploaded video that is played to a page."""

import json
import time
from collections.abc import Iterator

from pytracking.video.frame_source import BrokenSourceError, FrameSource, Image

DEFAULT_FPS = 25.0  # of videos that do not say


class Film:
    """Frames of ``source`` one by one, at most at its frame rate. It starts stopped, before the first.

    size: width and height of the frames, pixels. number: of the frame read last, from 0. playing: whether
    :meth:`delay` ever comes to 0.
    """

    def __init__(self, source: FrameSource, size: tuple[int, int]) -> None:
        self.source, self.size = source, size
        self._period = 1 / (source.fps or DEFAULT_FPS)
        self.rewind()

    def rewind(self) -> None:
        """Back to the beginning, stopped."""
        self._frames: Iterator[Image] | None = iter(self.source)
        self.number = -1
        self.playing = False
        self._broken = ""
        self._due = 0.0

    def play(self) -> None:
        """Go on; does nothing at the end."""
        self.playing = self._frames is not None

    def delay(self, now: float) -> float | None:
        """Seconds until the next frame is due, or None where the film is stopped. now: of the monotonic clock."""
        return max(0.0, self._due - now) if self.playing else None

    def read(self) -> Image | None:
        """The next frame, RGB uint8 [H, W, 3], or None at the end, where the film stops."""
        now = time.monotonic()
        self._due = max(self._due + self._period, now)  # a film that was held up does not hurry afterwards
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
        """What the page is told at the beginning; ``again``: it has seen this video before."""
        width, height = self.size
        message = {"type": "video", "width": width, "height": height, "frames": self.source.length, "again": again}
        return json.dumps(message)

    def ended_message(self) -> str:
        """What the page is told at the end: the number of frames, and why there are no more if the file is damaged."""
        return json.dumps({"type": "ended", "frames": self.number + 1, "broken": self._broken})
