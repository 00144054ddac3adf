"""Reading the newest frame of a camera, independent of the tracker's speed."""

import threading
import time
from collections.abc import Iterator
from itertools import count, repeat
from types import TracebackType

from pytracking.video.frame_source import FrameSource, Image


class LatestFrameReader:
    """Iterates over the newest frames of ``source``; frames that come in between are dropped.

    A context manager and an iterator. It reads in its own thread, a file at its frame rate. Iteration ends with the
    source, and raises the source's error.
    """

    def __init__(self, source: FrameSource) -> None:
        self._source = source
        self._times: Iterator[float] = repeat(0.0)  # a camera sets the rate
        if source.fps and not source.live:
            self._times = iter(source.times or (i / source.fps for i in count()))
        self._changed = threading.Condition()
        self._newest: Image | None = None
        self._error: Exception | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._read, name="camera", daemon=True)

    def __enter__(self) -> "LatestFrameReader":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended = True
        self._thread.join(timeout=2.0)  # a camera that hangs must not block the program

    def __iter__(self) -> Iterator[Image]:
        return self

    def __next__(self) -> Image:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._ended)
            image, self._newest = self._newest, None
        if image is not None:
            return image
        if self._error:
            raise self._error
        raise StopIteration

    def _read(self) -> None:
        begin = time.monotonic()
        try:
            for image, due in zip(self._source, self._times, strict=False):
                time.sleep(max(0.0, begin + due - time.monotonic()))
                if self._ended:
                    return
                with self._changed:
                    self._newest = image
                    self._changed.notify()
        except Exception as error:  # raised in the consumer's thread
            self._error = error
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()
