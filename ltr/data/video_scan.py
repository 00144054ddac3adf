"""Number and times of the displayed frames of a video file, without decoding it if that is safe."""

from __future__ import annotations

import logging
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from ltr.data.pyav import InputContainer, VideoFrame, VideoStream, av
from ltr.data.video_stream import (
    UPRIGHT,
    Matrix,
    decode,
    display_matrix,
    is_hidden,
    open_container,
    starts_whole,
    video_stream,
)

NO_PICTURES = {"skip_loop_filter": "all"}  # option of decoders whose images are not used: a third faster
PROBED = 4  # frames decoded first: which packet gives the first frame, and does each packet give one?
MAX_REORDERED = 8  # frames: a larger step back begins another recording
TOLERANCE = 0.5  # seconds that a complete file may be shorter than its header states
BROADCAST = ("mpegts", "mpeg")  # formats that may be cut anywhere
TELL_DURATION = ("matroska", "flv")  # headers with a duration; others count frames, or FFmpeg estimates
HDR = {16: "PQ", 18: "HLG"}  # transfer characteristics of ITU-T H.273

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class VideoInfo:
    """A video file, or a URL that has an end.

    source: path or URL. length: number of displayed frames. fps: mean frames per second. times: display times in
    seconds after the first frame, if they are not even. begin: display time of the first frame in seconds on the
    clock of file and sound. numbered: whether the time of a frame determines its number. cut: why the
    file ends too early, or "". matrix: rotation of its frames. pixel_aspect: displayed width of a pixel / its height.
    hdr: "PQ", "HLG" or "". has_sound: whether it has a sound track.
    """

    source: str
    length: int = 0
    fps: float | None = None
    times: tuple[float, ...] | None = None
    begin: float = 0.0
    numbered: bool = False
    cut: str = ""
    matrix: Matrix = UPRIGHT
    pixel_aspect: Fraction = Fraction(1)
    hdr: str = ""
    has_sound: bool = False

    def number_of(self, frame: VideoFrame) -> int | None:
        """The number of ``frame``, from 0, by its time; None if that is not known."""
        if not (self.numbered and self.fps) or frame.time is None:
            return None
        seconds = frame.time - self.begin
        return bisect_left(self.times, seconds - 1e-6) if self.times else round(seconds * self.fps)


@dataclass
class _Packets:
    """Demuxed packets: ticks of displayed packets and of key frames, the first frames, number of packets.

    end: of the last packet, seconds. torn: time of the first missing data (known in TS), seconds. joined: whether time
    goes back, as in concatenated recordings. starts_whole: whether the first packet is a key frame; damaged: whether
    that one cannot be decoded.
    """

    ticks: list[int | None] = field(default_factory=list)
    keys: list[int] = field(default_factory=list)
    head: list[VideoFrame] = field(default_factory=list)
    count: int = 0
    end: float = 0.0
    torn: float | None = None
    joined: bool = False
    starts_whole: bool = False
    damaged: bool = False


def scan_video(source: str | Path) -> VideoInfo:
    """The properties of the video ``source``; FileNotFoundError or ValueError if it cannot be read.

    A header is trusted if it counts evenly spaced frames, has an index of the same length, and the last frame has the
    expected time (files cut without re-encoding lack B-frames before their end). Otherwise the packets are counted.
    All frames are decoded if the first frames do not match the first packets (fields of interlaced video), if packets
    have no times, and in concatenated files.
    """
    return _scan(source, believed=True)


def _scan(source: str | Path, believed: bool) -> VideoInfo:
    """``scan_video``; ``believed``: whether to trust the header."""
    with open_container(source) as container:
        stream = video_stream(container, source)
        stream.codec_context.options = {**NO_PICTURES, "threads": "1"}
        index = stream.index_entries
        entries, tick = len(index), float(stream.time_base or 0)
        even = believed and stream.frames == entries > 0 and stream.average_rate == stream.base_rate
        even = even and all(entry.size and not entry.is_discard for entry in index)
        packets = _demux(container, stream, only_head=even)
        info = _about(container, stream, packets, str(source))
        cut = "" if even else _why_cut(container, stream, packets, entries)
        promised = stream.frames
        last = _last_tick(container, stream) if even else None
        torn_off = 0 if even else _torn_off(container, stream, packets)
    if packets.torn is not None and not (packets.joined or cut):
        log.warning("%s: data is missing, first at %.1f s; frames may be damaged there", source, packets.torn)
    first = [frame.pts for frame in packets.head]
    if not packets.head:
        return replace(info, length=promised if even else len(packets.ticks))
    shown = sorted(t for t in packets.ticks if t is not None and (packets.damaged or t >= (first[0] or 0)))
    odd = packets.joined or None in packets.ticks or first != shown[: len(first)]
    if odd and not packets.damaged:
        return replace(_decoded(info, tick), cut=cut)
    if even:
        begin, length = shown[0] * tick, promised - (len(packets.ticks) - len(shown))
        if last is not None and info.fps and round((last * tick - begin) * info.fps) >= length:
            return _scan(source, believed=False)
        return replace(info, length=length, begin=begin, numbered=True)
    return replace(_timed(info, shown[: len(shown) - torn_off], tick), numbered=True, cut=cut)


def _demux(container: InputContainer, stream: VideoStream, only_head: bool) -> _Packets:
    """The packets of ``container``, or only those of its first frames."""
    found = _Packets()
    wanted: Iterator[Any] = container.demux(stream)
    if container.format.name.startswith(TELL_DURATION):
        wanted = container.demux()  # the sound may end last
    last = float("-inf")
    try:
        for packet in wanted:
            if packet.pts is not None:
                found.end = max(found.end, (packet.pts + (packet.duration or 0)) * float(packet.time_base))
            if packet.stream_index != stream.index:
                continue
            if packet.is_corrupt and found.torn is None:
                found.torn = found.end
            if packet.size:
                found.starts_whole = starts_whole(packet, stream) if not found.count else found.starts_whole
                found.count += 1
                found.keys += [packet.pts] if packet.is_keyframe and packet.pts is not None else []
                found.ticks += [] if is_hidden(packet, stream) else [packet.pts]
            if packet.dts is not None:
                found.joined |= packet.dts < last
                last = packet.dts
            if len(found.head) < PROBED:
                _decode_head(packet, found)
            elif only_head:
                break
    except av.FFmpegError:
        pass  # the reader will report it
    return found


def _decode_head(packet: av.Packet[VideoStream], found: _Packets) -> None:
    frames, whole = _decode_packet(packet)
    found.damaged |= found.starts_whole and not found.head and not whole
    found.head += frames


def _decode_packet(packet: av.Packet[VideoStream]) -> tuple[list[VideoFrame], bool]:
    """The frames decoded from ``packet``, and whether all are intact."""
    try:
        frames = packet.decode()
    except av.FFmpegError:
        return [], False
    return frames, not any(frame.is_corrupt for frame in frames)


def _torn_off(container: InputContainer, stream: VideoStream, packets: _Packets) -> int:
    """Number of trailing packets that cannot be decoded: a broadcast may end within a frame."""
    if container.format.name not in BROADCAST or len(packets.keys) < 2 or packets.joined:
        return 0
    ticks: list[int] = []
    shown: list[int] = []
    try:
        container.seek(packets.keys[-2], stream=stream)  # the last key frame may be truncated
        for packet in container.demux(stream):
            frames, _ = _decode_packet(packet)
            ticks += [packet.pts] if packet.pts is not None else []
            shown += [frame.pts for frame in frames if frame.pts is not None and not frame.is_corrupt]
    except av.FFmpegError:
        return 0
    return sum(tick > max(shown) for tick in ticks) if shown else 0


def _last_tick(container: InputContainer, stream: VideoStream) -> int | None:
    """Display tick of the last frame, if frames are stored in another order than displayed."""
    if not stream.codec_context.has_b_frames:
        return None
    try:
        container.seek(max(entry.timestamp for entry in stream.index_entries if entry.is_keyframe), stream=stream)
        return max((packet.pts for packet in container.demux(stream) if packet.pts is not None), default=None)
    except (ValueError, av.FFmpegError):  # no key frame, or damaged: the reader will report it
        return None


def _about(container: InputContainer, stream: VideoStream, packets: _Packets, source: str) -> VideoInfo:
    matrix = display_matrix(packets.head[0], source) if packets.head else UPRIGHT
    aspect = stream.sample_aspect_ratio or Fraction(1)
    return VideoInfo(
        source,
        fps=float(stream.average_rate or stream.guessed_rate or 0) or None,
        matrix=matrix,
        pixel_aspect=1 / aspect if matrix[1] else aspect,
        hdr=HDR.get(int(stream.codec_context.color_trc), ""),
        has_sound=bool(container.streams.audio),
    )


def _why_cut(container: InputContainer, stream: VideoStream, packets: _Packets, entries: int) -> str:
    """Why the file seems to end too early, or "". entries: of the index, when the file was opened."""
    kind, duration = container.format.name, (container.duration or 0) / av.time_base
    if packets.count < entries:
        return f"its index has {entries} frames"
    if kind.startswith(TELL_DURATION) and packets.end < duration - TOLERANCE:
        return f"it ends after {packets.end:.1f} of {duration:.1f} s"
    # an AVI file has its index at the end, and its header also counts dropped frames
    if (
        kind == "avi"
        and entries < packets.count
        and round(packets.end * float(stream.average_rate or 0)) < stream.frames
    ):
        return f"its header counts {stream.frames} frames"
    return ""


def _decoded(info: VideoInfo, tick: float) -> VideoInfo:
    """``info`` with the number and times of the decoded frames."""
    ticks: list[int | None] = []
    try:
        with open_container(info.source) as container:
            stream = video_stream(container, info.source)
            stream.codec_context.options = NO_PICTURES
            frames = decode(container, stream)
            ticks = [frame.pts for frame in frames if frame]
    except av.FFmpegError:
        pass  # the reader will report it
    known = [pts for pts in ticks if pts is not None]
    if not known or len(known) < len(ticks):
        return replace(info, length=len(ticks))
    return _timed(info, _in_order(known), tick)


def _in_order(ticks: Sequence[int]) -> list[int]:
    """Ascending ``ticks`` of consecutive frames.

    A part that begins far back belongs to another recording and is shifted to follow the one before. Frames slightly
    out of order have estimated times, as in AVI, which stores none.
    """
    step = int(np.median(np.abs(np.diff(ticks)))) if len(ticks) > 1 else 1
    begins = [i for i in range(1, len(ticks)) if ticks[i] < ticks[i - 1] - MAX_REORDERED * step]
    ordered: list[int] = []
    for begin, end in pairwise([0, *begins, len(ticks)]):
        part = sorted(ticks[begin:end])
        shift = ordered[-1] + step - part[0] if ordered else 0
        ordered += [tick + shift for tick in part]
    return ordered


def _timed(info: VideoInfo, ticks: Sequence[int], tick: float) -> VideoInfo:
    """``info`` with frames at ``ticks``, ascending: by its rate if they are even, else with their own times."""
    times = (np.array(ticks) - ticks[0]) * tick
    info = replace(info, length=len(ticks), begin=ticks[0] * tick)
    if times[-1] <= 0:
        return info
    mean = float((len(times) - 1) / times[-1])
    for fps in filter(None, (info.fps, mean)):
        if np.abs(times * fps - np.arange(len(times))).max() < 0.5:
            return replace(info, fps=fps)
    return replace(info, fps=mean, times=tuple(times.tolist()))
