"""The video stream of a file or URL: opening, decoding, rotation."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ltr.data.pyav import Disposition, InputContainer, VideoFrame, VideoReformatter, VideoStream, av
from ltr.utils.errors import InputError

Matrix = tuple[int, int, int, int]  # a, b, c, d, each -1, 0 or 1: x' = a x + c y, y' = b x + d y (y points down)

TIMEOUT = 15.0  # seconds without a response
UPRIGHT: Matrix = (1, 0, 0, 1)
VP8_SHOWN = 0x10  # bit of a frame's first byte (RFC 6386, 9.1); other frames are only references

log = logging.getLogger(__name__)


class BrokenSourceError(InputError):
    """Frames that could not be read. The message names the source and the frames (from 0)."""


def address(source: str | Path) -> str:
    """``source`` for FFmpeg: a URL unchanged, a file by its absolute path (a:b.mp4 would mean protocol a)."""
    text = str(source)
    return text if "://" in text else os.path.abspath(text)


def open_container(source: str | Path) -> InputContainer:
    """Open ``source``, a file or URL; FileNotFoundError or ValueError if it holds no readable video."""
    options = {"rtsp_transport": "tcp"} if str(source).startswith("rtsp") else {}  # lost UDP packets are gray blocks
    try:
        # Metadata may be in any encoding; it is not used.
        container = av.open(address(source), timeout=TIMEOUT, options=options, metadata_errors="replace")
    except FileNotFoundError:
        raise FileNotFoundError(f"{source}: no such video") from None
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{source}: not a video that FFmpeg can read ({reason(error)})") from None
    try:
        video_stream(container, source)
    except ValueError:
        container.close()
        raise
    return container


def video_stream(container: InputContainer, source: str | Path) -> VideoStream:
    """The first video stream of ``container`` that is not a cover image; ValueError if there is none."""
    streams = [stream for stream in container.streams.video if stream.codec_context is not None]
    for stream in streams:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    what = "only a cover picture, no video" if streams else "no video that FFmpeg can read"
    raise InputError(f"{source}: holds {what}")


def reason(error: Exception) -> str:
    """The reason of an FFmpeg error, as text."""
    if isinstance(error, av.error.ExitError):  # raised by a timeout
        return f"no answer for {TIMEOUT:g} s"
    return getattr(error, "strerror", None) or str(error)


def decode(container: InputContainer, stream: VideoStream, tolerant: bool = False) -> Iterator[VideoFrame | None]:
    """The frames of ``stream`` in display order; None where damaged data begins.

    Frames after damaged data, up to the next key frame, depend on it and are skipped, unless ``tolerant``. A stream
    that starts between key frames starts with the first decodable frame.
    """
    started, whole = None, True
    lost: int | None = None  # time of the last damaged frame: an earlier key frame was only delayed
    for packet in container.demux(stream):
        started = starts_whole(packet, stream) if started is None else started
        frames: list[Any]
        try:
            frames = list(packet.decode())
        except av.FFmpegError:
            frames, lost = [None], packet.pts
        if lost is not None and packet.is_keyframe and packet.pts is not None and packet.pts < lost:
            lost = None  # another recording begins
        for frame in frames:
            if tolerant and frame is not None:
                yield frame
            elif frame is None or frame.is_corrupt:
                if started and whole:
                    yield None
                whole = whole and not started
            elif whole or (frame.key_frame and (lost is None or frame.pts is None or frame.pts > lost)):
                started = whole = True
                yield frame


def starts_whole(packet: av.Packet[VideoStream], stream: VideoStream) -> bool:
    """Whether a stream that begins with ``packet`` begins with a key frame."""
    index = stream.index_entries  # valid for damaged data, too
    return packet.is_keyframe or (len(index) > 0 and index[0].is_keyframe)


def is_hidden(packet: av.Packet[VideoStream], stream: VideoStream) -> bool:
    """Whether ``packet`` gives no frame: skipped by an edit list, or only a reference in VP8."""
    return packet.is_discard or (stream.codec_context.name == "vp8" and not memoryview(packet)[0] & VP8_SHOWN)


def display_matrix(frame: VideoFrame, source: str | Path) -> Matrix:
    """Rotation and mirroring of ``frame`` by its header; ``UPRIGHT``, with a warning, if not by quarter turns."""
    data: Any = frame.side_data.get("DISPLAYMATRIX")
    if data is None:
        return UPRIGHT
    a, b, c, d = (np.frombuffer(data, np.int32)[[0, 1, 3, 4]] / 65536).round(2).tolist()
    if (a and d and not b and not c) or (b and c and not a and not d):
        return tuple(int(np.sign(v)) for v in (a, b, c, d))  # type: ignore[return-value]
    log.warning("%s: its header turns it by %.0f degrees; it is used as stored", source, np.degrees(np.arctan2(b, a)))
    return UPRIGHT


class RgbConverter:
    """Converts frames to RGB uint8 [H, W, 3], rotated by ``matrix`` (by default that of the first frame).

    If a stream changes its size, later frames are scaled to the first size, with a warning.
    """

    def __init__(self, source: str | Path, matrix: Matrix | None = None) -> None:
        self._source, self._matrix = source, matrix
        self._reformatter = VideoReformatter()  # creating one costs more than a conversion
        self._size: tuple[int, int] | None = None
        self._told = False

    def __call__(self, frame: VideoFrame) -> NDArray[np.uint8]:
        """``frame`` converted."""
        size = (frame.width, frame.height)
        if self._matrix is None:
            self._matrix = display_matrix(frame, self._source)
        self._size = self._size or size
        if size != self._size and not self._told:
            text = "%s: its frames change from %d x %d to %d x %d px; they are scaled to the first size"
            log.warning(text, self._source, *self._size, *size)
            self._told = True
        rgb = self._reformatter.reformat(frame, *self._size, format="rgb24").to_ndarray()
        return upright(rgb, self._matrix)


def upright(image: NDArray[Any], matrix: Matrix) -> NDArray[np.uint8]:
    """``image`` [H, W, 3] rotated by ``matrix``: [H, W, 3] or [W, H, 3]."""
    a, b, c, d = matrix
    turned = image.swapaxes(0, 1) if b else image
    return np.ascontiguousarray(turned[:: b + d, :: a + c], np.uint8)
