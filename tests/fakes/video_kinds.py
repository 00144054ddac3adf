"""Tiny videos of many kinds: containers, codecs, damage, cuts, odd times."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.packet import Packet
from av.video.stream import VideoStream

from tests.fakes.videos import numbered_frame

RATE = 25


def encode(
    path: Path,
    codec: str = "libx264",
    numbers: Sequence[int] = range(20),
    options: Mapping[str, str] | None = None,
    ticks: Sequence[int] | None = None,
    size: tuple[int, int] = (64, 48),
    noise: bool = False,
) -> Path:
    """The numbered frames ``numbers`` at 25 a second, or at ``ticks`` (25ths of a second); ``noise``: not compressible.

    size: width, height.
    """
    rng = np.random.default_rng(0)
    width, height = size
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options={"b": "5M", **(options or {})})
        stream.width, stream.height = size
        stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
        for i, number in enumerate(numbers):
            image = (
                rng.integers(0, 256, (height, width, 3), np.uint8) if noise else numbered_frame(number, height, width)
            )
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            if ticks is not None:
                frame.pts, frame.time_base = ticks[i], Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def copy_packets(
    source: Path, path: Path, change: Callable[[int, Packet[VideoStream]], list[Packet[VideoStream]]]
) -> Path:
    """``source`` without decoding it: ``change`` gives what is written for packet i."""
    with av.open(str(source)) as read, av.open(str(path), "w") as container:
        stream = read.streams.video[0]
        target = container.add_stream_from_template(stream)
        for i, packet in enumerate(p for p in read.demux(stream) if p.size):
            for changed in change(i, packet):
                changed.stream = target
                container.mux(changed)
    return path


def packet_places(path: Path) -> list[tuple[int, int]]:
    """Position and size, in bytes, of the video packets of an mp4 file."""
    with av.open(str(path)) as container:
        return [(p.pos or 0, p.size) for p in container.demux(video=0) if p.size]


def damage(path: Path, begin: int, size: int) -> Path:
    """Overwrite ``size`` bytes of ``path``."""
    data = bytearray(path.read_bytes())
    data[begin : begin + size] = b"\x55" * size
    path.write_bytes(data)
    return path


def cut(path: Path, share: float) -> Path:
    """Take off the end of ``path``, so that ``share`` of it is left."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def join(path: Path, *parts: Path) -> Path:
    """The files ``parts`` one after another, as ``cat`` does."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def with_hidden_frames(source: Path, path: Path, hidden: Sequence[int]) -> Path:
    """``source`` (VP8) with frames that are decoded and not shown before the packets ``hidden``, as encoders make."""

    def change(i: int, packet: Packet[VideoStream]) -> list[Packet[VideoStream]]:
        if i not in hidden:
            return [packet]
        data = bytearray(bytes(packet))
        data[0] &= ~0x10
        extra = Packet(bytes(data))
        extra.time_base, extra.pts, extra.dts = packet.time_base, (packet.pts or 0) - 10, (packet.pts or 0) - 10
        return [extra, packet]

    return copy_packets(source, path, change)
