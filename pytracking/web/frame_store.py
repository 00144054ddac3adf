"""The frames of a video by number, as JPEGs for a page."""

import threading
from collections import OrderedDict
from collections.abc import Iterator

from ltr.utils.errors import InputError
from pytracking.video.frame_source import BrokenSourceError, FrameSource, Image, frames_at
from pytracking.web.pictures import encode_picture

KEPT = 300  # JPEGs, of about 100 kB
NEAR = 30  # frames: to these, reading goes on; others are sought
BEFORE = 12  # frames that are read before one that is sought: a person steps back, too


class FrameStore:
    """Gives any frame of ``source``, whose length is known. Can be called from several threads."""

    def __init__(self, source: FrameSource) -> None:
        assert source.length is not None
        self._source, self._length = source, source.length
        self._frames: Iterator[Image] = iter(())
        self._next = self._length  # number of the next frame of ``_frames``
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def jpeg(self, number: int) -> bytes:
        """Frame ``number`` as a JPEG; InputError if there is none, or it cannot be read."""
        if not 0 <= number < self._length:
            raise InputError(f"no frame {number}; the video has {self._length}, from 0")
        with self._lock:
            if number not in self._kept:
                self._read_to(number)
            self._kept.move_to_end(number)
            return self._kept[number]

    def _read_to(self, number: int) -> None:
        if not self._next <= number < self._next + NEAR:
            begin = max(0, number - BEFORE)
            self._frames, self._next = frames_at(self._source, range(begin, self._length)), begin
        try:
            while self._next <= number:
                image = next(self._frames)
                self._kept[self._next] = encode_picture(image)
                self._next += 1
        except (StopIteration, BrokenSourceError) as error:
            self._next = self._length
            raise InputError(f"frame {number} cannot be read ({str(error) or 'the video ends before it'})") from None
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
