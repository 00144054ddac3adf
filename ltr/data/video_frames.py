"""Frames of video files: in order, or by random access for training."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.image_loader import decode_image, encode_jpeg
from ltr.data.pyav import VideoFrame, av
from ltr.data.video_scan import VideoInfo, scan_video
from ltr.data.video_stream import BrokenSourceError, RgbConverter, decode, open_container, reason, video_stream
from ltr.utils.errors import InputError

NEAR = 50  # frames: to these, a video is decoded from its beginning
BACK = 1.0  # seconds: a key frame so much earlier, since frames shown before a key frame may be stored after it
Numbered = tuple[int, VideoFrame, bool]


def count_frames(path: str | Path) -> int:
    """Number of displayed frames of a video.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a video that PyAV (FFmpeg) can read; the message names the file.
    """
    return scan_video(path).length


def read_frames(info: VideoInfo, numbers: Sequence[int] | None = None, threads: int = 0) -> Iterator[NDArray[np.uint8]]:
    """The frames ``numbers`` (ascending; all of them by default) of a video as RGB uint8 [H, W, 3].

    A damaged frame is replaced by the last good one, so that all others keep their numbers.

    threads: of the decoder; 0: its own choice.

    Raises:
        BrokenSourceError: after the last frame; names the damaged frames, and whether the video ends too early.
    """
    numbers = range(info.length) if numbers is None else numbers
    convert = RgbConverter(info.source, info.matrix)
    damaged: list[int] = []
    if not numbers:
        return
    wanted, message = numbers if isinstance(numbers, range) else frozenset(numbers), ""
    try:
        start = numbers[0] if info.numbered and info.fps else 0
        for number, frame, whole in _frames_from(info, start, threads):
            if number in wanted:
                yield convert(frame)
                damaged += [] if whole else [number]
            if number == numbers[-1]:
                break
        if info.cut and numbers[-1] == info.length - 1:
            message = f"breaks off at frame {info.length}: the file is cut short ({info.cut})"
    except BrokenSourceError as error:
        message = str(error)
    if damaged:
        message = "; ".join(filter(None, (_damage(damaged), message)))
    if message:
        raise BrokenSourceError(f"{info.source}: {message}")


def _frames_from(info: VideoInfo, start: int, threads: int) -> Iterator[Numbered]:
    """``_numbered`` from ``start`` on, or from a frame before it. Only what follows a close key frame is decoded."""
    with open_container(info.source) as container:
        stream = video_stream(container, info.source)
        stream.thread_count = threads
        frames = decode(container, stream)
        if start <= NEAR:
            yield from _numbered(info, frames)
            return
        try:
            seconds = info.begin + (info.times[start] if info.times else start / (info.fps or 1))
            container.seek(int((seconds - BACK) / float(stream.time_base or 1)), stream=stream)
            key = next((frame for frame in frames if frame is not None and frame.key_frame), None)
        except av.FFmpegError:
            key = None
        number = info.number_of(key) if key else None
        if key and number is not None and number <= start:
            yield from _numbered(info, chain([key], frames), number)
            return
    yield from _frames_from(info, 0, threads)


def _numbered(info: VideoInfo, frames: Iterator[VideoFrame | None], number: int = 0) -> Iterator[Numbered]:
    """Number, frame, and whether it is intact (otherwise the previous frame is given), for each of ``frames``.

    number: of the first one. BrokenSourceError if frames are missing at the end.
    """
    last, damaged, failed, why = None, False, False, "the file is cut short"
    try:
        for frame in frames:
            if frame is None:
                damaged = failed = True  # earlier frames may still follow, so the gap may come later
                continue
            # A gap in the times alone is not damage: files cut without re-encoding lack B-frames before their end.
            found = info.number_of(frame) if failed else number
            while found is not None and number < min(found, info.length):
                yield number, last or frame, False
                number += 1
            yield number, frame, not damaged or found is not None
            number, last, damaged = number + 1, frame, False
    except av.FFmpegError as error:
        why = reason(error)
    if number < info.length:
        raise BrokenSourceError(f"breaks off at frame {number} of {info.length}: {'damaged data' if damaged else why}")


def _damage(numbers: Sequence[int]) -> str:
    """Message about the damaged frames ``numbers`` (ascending)."""
    starts = [n for last, n in zip([None, *numbers], numbers, strict=False) if last is None or n != last + 1]
    ends = [n for n, after in zip(numbers, [*numbers[1:], None], strict=True) if after != n + 1]
    ranges = [f"{a} to {b}" if a < b else str(a) for a, b in zip(starts, ends, strict=True)]
    more = f" and {len(ranges) - 5} more places" if len(ranges) > 5 else ""
    some = f"frames {', '.join(ranges[:5])}{more} are" if len(numbers) > 1 else f"frame {numbers[0]} is"
    return f"{some} damaged and shown as the last whole one"


class VideoCache:
    """Random access to the frames of many short videos.

    Decoding a frame needs all frames since the last key frame. So a video is decoded once, and its frames are kept as
    JPEG in memory (about 25 KB each at 480 px, 1 ms to decode); above ``max_bytes`` the least recently used videos are
    dropped. Every worker process has its own cache.
    """

    def __init__(self, max_bytes: int = 512 * 2**20) -> None:
        self.max_bytes = max_bytes
        self._videos: OrderedDict[str, list[bytes]] = OrderedDict()
        self._bytes = 0

    def read(self, path: str | Path, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """The frames ``frame_ids`` (from 0) as RGB ``uint8 [H, W, 3]``.

        Raises:
            ValueError: the video cannot be read, is damaged, or ends before a requested frame.
        """
        frames = self._frames(str(path))
        if max(frame_ids) >= len(frames):
            raise InputError(f"{path} ends after {len(frames)} frames, frame {max(frame_ids)} was asked for")
        decoded = {i: decode_image(frames[i], f"frame {i} of {path}") for i in set(frame_ids)}
        return [decoded[i] for i in frame_ids]

    def _frames(self, path: str) -> list[bytes]:
        if path not in self._videos:
            # one thread: the loader's workers run in parallel
            self._videos[path] = [encode_jpeg(frame) for frame in read_frames(scan_video(path), threads=1)]
            self._bytes += sum(map(len, self._videos[path]))
        self._videos.move_to_end(path)
        while self._bytes > self.max_bytes and len(self._videos) > 1:
            self._bytes -= sum(map(len, self._videos.popitem(last=False)[1]))
        return self._videos[path]
