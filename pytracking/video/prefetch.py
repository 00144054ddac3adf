"""Prefetching: frames are decoded in a thread while the tracker runs."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pytracking.video.frame_source import FrameSource, Image

AHEAD = 4  # decoded frames in the queue: a few megabytes, enough to hide a slow one


def prefetch(source: FrameSource) -> FrameSource:
    """The frames of ``source``, decoded in a thread; in the same order, with the same error after the last good one.

    Not for cameras and streams, whose queued frames would be outdated.
    """
    return replace(source, frames=partial(_ahead, source))


def _ahead(source: FrameSource) -> Iterator[Image]:
    ready: queue.Queue[Image | BaseException | None] = queue.Queue(AHEAD)
    stopped = threading.Event()

    def put(item: Image | BaseException | None) -> None:
        while not stopped.is_set():
            try:
                return ready.put(item, timeout=0.1)
            except queue.Full:
                continue

    def decode() -> None:
        try:
            for image in source:
                put(image)
                if stopped.is_set():
                    return
            put(None)
        except BaseException as error:  # raised again in the consumer's thread
            put(error)

    thread = threading.Thread(target=decode, daemon=True)
    thread.start()
    try:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        stopped.set()
        thread.join()
