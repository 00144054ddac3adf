"""Frames of video files in any order, as training asks for them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ltr.data.image_loader import decode_image, encode_jpeg
from ltr.data.pyav import VideoReformatter, av


def count_frames(path: str | Path) -> int:
    """Number of frames that the header of the video promises (the packets are counted where it says nothing).

    Raises:
        FileNotFoundError: no such file.
        ValueError: no video that PyAV (FFmpeg) can read; the message names the file.
    """
    with _open(path) as container:
        stream = container.streams.video[0]
        return stream.frames or sum(1 for packet in container.demux(stream) if packet.size)


def _open(path: str | Path) -> av.container.InputContainer:
    try:
        container = av.open(str(path))
    except FileNotFoundError:
        raise FileNotFoundError(f"no such video: {path}") from None
    except av.FFmpegError as error:
        raise ValueError(f"cannot read video {path}: {error}") from None
    if not container.streams.video:
        container.close()
        raise ValueError(f"cannot read video {path}: no video stream in it")
    return container


class VideoCache:
    """Random access to the frames of many short videos.

    A compressed video gives a frame only together with all since its last key frame. So a video is decoded
    once, as a whole, and its frames are kept as JPEG in memory (about 25 KB each at 480 px, 1 ms to decode),
    the least recently used videos being dropped above ``max_bytes``. Every worker process has its own.
    """

    def __init__(self, max_bytes: int = 512 * 2**20) -> None:
        self.max_bytes = max_bytes
        self._videos: OrderedDict[str, list[bytes]] = OrderedDict()
        self._bytes = 0

    def read(self, path: str | Path, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """The frames ``frame_ids`` (from 0) as RGB ``uint8 [H, W, 3]``.

        Raises:
            ValueError: the video cannot be read, or ends before a frame that was asked for.
        """
        frames = self._frames(str(path))
        if max(frame_ids) >= len(frames):
            raise ValueError(f"{path} ends after {len(frames)} frames, frame {max(frame_ids)} was asked for")
        decoded = {i: decode_image(frames[i], f"frame {i} of {path}") for i in set(frame_ids)}
        return [decoded[i] for i in frame_ids]

    def _frames(self, path: str) -> list[bytes]:
        if path not in self._videos:
            self._videos[path] = _decode_to_jpegs(path)
            self._bytes += sum(map(len, self._videos[path]))
        self._videos.move_to_end(path)
        while self._bytes > self.max_bytes and len(self._videos) > 1:
            self._bytes -= sum(map(len, self._videos.popitem(last=False)[1]))
        return self._videos[path]


def _decode_to_jpegs(path: str) -> list[bytes]:
    converter = VideoReformatter()  # one for all frames: setting it up costs more than a conversion
    with _open(path) as container:
        container.streams.video[0].thread_count = 1  # the loader's workers are the parallelism
        try:
            frames = (converter.reformat(frame, format="rgb24") for frame in container.decode(video=0))
            return [encode_jpeg(frame.to_ndarray()) for frame in frames]
        except av.FFmpegError as error:
            raise ValueError(f"cannot decode video {path}: {error}") from None
