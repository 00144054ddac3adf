"""Frames in: a video file, a folder or glob of images, a camera or a URL, as RGB frames.

This module and ``ltr.data.image_loader`` are where OpenCV's BGR order ends.
"""

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, count, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ltr.data.image_loader import levels_of_files, load_image, load_pages
from ltr.data.levels import SequenceLevels
from ltr.data.media_files import IMAGE_SUFFIXES, image_files, images_among
from ltr.data.picture_pages import page_numbers
from ltr.data.pyav import VideoReformatter, av

Image = NDArray[np.uint8]

URL_TIMEOUT = 15.0  # seconds without an answer


class BrokenSourceError(ValueError):
    """A source that ends before its end. The message names it and the frame (from 0) that could not be read."""


@dataclass(frozen=True)
class Sound:
    """The sound of the video file ``path`` from ``start`` seconds after its first frame on."""

    path: str
    start: float = 0.0


@dataclass(frozen=True)
class FrameSource:
    """A video to iterate over, as often as wanted (a camera or stream goes on from now).

    name: what messages call it. frames: starts a pass over the RGB uint8 [H, W, 3] frames. length: number of frames,
    fps: frames a second (their mean), sound: what is heard with them, where known. times: when each is shown, in
    seconds after the first, where they do not come evenly. live: frames come when they happen. files: what the frames
    are read from, none for cameras, streams and drawn frames. Iterating raises BrokenSourceError after the last frame
    that could be read.
    """

    name: str
    frames: Callable[[], Iterator[Image]]
    length: int | None = None
    fps: float | None = None
    times: tuple[float, ...] | None = None
    sound: Sound | None = None
    live: bool = False
    files: tuple[Path, ...] = ()

    def __iter__(self) -> Iterator[Image]:
        return self.frames()


def open_frames(source: str | Path) -> FrameSource:
    """The frames of ``source``: a video file, image folder, glob of images, camera index or URL (rtsp://, http://).

    Images are taken folder by folder, in numerical order of their names. A single image that holds several (a TIFF
    stack, an animated PNG or WebP) is a video of them. Raises FileNotFoundError or ValueError that names the source.
    """
    text, path = str(source), Path(source)
    if "://" in text:
        return _open_video(text, tolerant=True)
    if path.is_dir():
        return open_images(image_files(path), text)
    if path.is_file():
        return open_picture(path) if path.suffix.lower() in IMAGE_SUFFIXES else open_video(path)
    if text.isdecimal():
        return FrameSource(f"camera {text}", partial(_read_camera, int(text)), live=True)
    if glob.has_magic(text):
        return open_images(images_among(map(Path, glob.glob(text)), text), text)
    raise FileNotFoundError(f"{text}: no such video file or image folder (a camera index, glob or URL is fine too)")


def open_picture(path: Path) -> FrameSource:
    """One frame, or those of a stack (TIFF) or an animation (PNG, WebP)."""
    pages = len(page_numbers(path.read_bytes()))
    if pages == 1:
        return open_images([path], str(path))
    return FrameSource(str(path), partial(_read_pages, path), pages, files=(path,))


def open_images(paths: Sequence[Path], name: str) -> FrameSource:
    """The image files ``paths`` as a video called ``name``."""
    frames = partial(_read_images, paths, levels_of_files(paths), range(len(paths)))
    return FrameSource(name, frames, len(paths), files=tuple(paths))


def _read_images(paths: Sequence[Path], levels: SequenceLevels, numbers: Sequence[int]) -> Iterator[Image]:
    for number in numbers:
        try:
            yield load_image(paths[number], levels=levels)
        except (ValueError, OSError) as error:
            raise BrokenSourceError(f"frame {number}: {error}") from None


def _read_pages(path: Path) -> Iterator[Image]:
    try:
        yield from load_pages(path)
    except (ValueError, OSError) as error:
        raise BrokenSourceError(str(error)) from None


def open_video(path: Path) -> FrameSource:
    """The video file ``path``; FileNotFoundError or ValueError where it cannot be read at all."""
    return replace(_open_video(str(path), tolerant=False), files=(path,))


def _open_video(url: str, tolerant: bool) -> FrameSource:
    """tolerant: go on after damaged data, as streams over a network need."""
    with _open_container(url) as container:
        stream = container.streams.video[0]
        live = tolerant and container.duration is None
        source = FrameSource(
            url,
            partial(_read_video, url, tolerant),
            stream.frames or None,
            float(stream.average_rate or stream.guessed_rate or 0) or None,
            sound=Sound(url) if container.streams.audio and not live else None,
            live=live,
        )
        even = stream.frames and stream.average_rate == stream.base_rate
        return source if tolerant or even else _timed(source, container)


def _timed(source: FrameSource, container: av.container.InputContainer) -> FrameSource:
    """``source`` with the number and the times of its frames, which are those of the packets in its ``container``.

    Phones and screen recorders write frames as they come; shown evenly, they would leave their sound behind.
    """
    stream = container.streams.video[0]
    try:
        ticks = [packet.pts for packet in container.demux(stream) if packet.size and not packet.is_discard]
    except av.FFmpegError:
        return source  # reading it will tell
    known = sorted(tick for tick in ticks if tick is not None)
    if len(known) < max(2, len(ticks)) or known[0] == known[-1]:
        return source
    times = (np.array(known) - known[0]) * float(stream.time_base or 0)
    if source.fps and np.abs(times * source.fps - np.arange(len(times))).max() < 0.5:
        return replace(source, length=len(times))
    fps = float((len(times) - 1) / times[-1])
    return replace(source, length=len(times), fps=fps, times=tuple(times.tolist()))


def _open_container(url: str) -> av.container.InputContainer:
    options = {"rtsp_transport": "tcp"} if url.startswith("rtsp") else {}  # lost UDP packets are grey blocks
    try:
        container = av.open(url, timeout=URL_TIMEOUT, options=options)
    except FileNotFoundError:
        raise FileNotFoundError(f"{url}: no such video") from None
    except (av.FFmpegError, OSError) as error:
        raise ValueError(f"{url}: not a video that FFmpeg can read ({_reason(error)})") from None
    if not container.streams.video:
        container.close()
        raise ValueError(f"{url}: holds no video that FFmpeg can read")
    return container


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)


def _read_video(url: str, tolerant: bool) -> Iterator[Image]:
    """Decode with PyAV, not OpenCV: as fast, and it tells a file that broke off from one that ended."""
    frames, packets, converter = 0, 0, VideoReformatter()  # setting a converter up costs more than a conversion
    with _open_container(url) as container:
        stream = container.streams.video[0]
        try:
            for packet in container.demux(stream):
                packets += packet.size > 0
                for frame in packet.decode():
                    if frame.is_corrupt and not tolerant:
                        raise BrokenSourceError(f"{url}: breaks off at frame {frames}: damaged data")
                    image = converter.reformat(frame, format="rgb24").to_ndarray()
                    yield np.ascontiguousarray(np.rot90(image, frame.rotation // 90), np.uint8)
                    frames += 1
        except av.FFmpegError as error:
            raise BrokenSourceError(f"{url}: breaks off at frame {frames}: {_reason(error)}") from None
        if packets < stream.frames:  # the data ends early and FFmpeg takes that for the end of the file
            raise BrokenSourceError(f"{url}: breaks off at frame {frames} of {stream.frames}: the file is cut short")


def _open_camera(index: int) -> cv2.VideoCapture:
    """A camera, opened or not; OpenCV's lines about every driver that it tries are left out."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(index)
    finally:
        cv2.utils.logging.setLogLevel(level)


def _read_camera(index: int) -> Iterator[Image]:
    camera = _open_camera(index)
    try:
        if not camera.isOpened():
            raise ValueError(f"camera {index}: cannot be opened")
        for number in count():
            ok, bgr = camera.read()
            if not ok:
                raise BrokenSourceError(f"camera {index}: gave no frame {number}")
            yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        camera.release()


def part_of(source: FrameSource, start: int = 0, end: int | None = None, stride: int = 1) -> FrameSource:
    """Every ``stride``-th frame from ``start`` to ``end`` (left out; None: to the last) of ``source``, counted from 0.

    It lasts as long as that part of ``source``: the rate is divided by ``stride``, the sound stays.
    """
    if start < 0 or (end is not None and end <= start) or start >= (source.length or start + 1):
        until, has = "on" if end is None else f"to {end}", f"; it has {source.length}" if source.length else ""
        raise ValueError(f"{source.name}: no frames from {start} {until}{has}")
    if stride < 1:
        raise ValueError(f"stride: expected 1 or more, got {stride}")
    used = slice(start, end, stride)
    length = None if source.length is None else len(range(source.length)[used])
    fps, times, sound = source.fps, source.times, source.sound
    if fps:
        begin = times[start] if times else start / fps
        sound = sound and replace(sound, start=sound.start + begin)
        times = times and tuple(time - begin for time in times[used])
        fps /= stride
    return replace(source, frames=partial(_slice, source, used), length=length, fps=fps, times=times, sound=sound)


def _slice(source: FrameSource, used: slice) -> Iterator[Image]:
    return islice(source, used.start, used.stop, used.step)


def peek(source: FrameSource) -> tuple[Image, FrameSource]:
    """The first frame of ``source``, and the same pass over it from that frame on (to be iterated over once)."""
    frames = iter(source)
    first = next(frames, None)
    if first is None:
        raise ValueError(f"{source.name}: has no frames")
    return first, replace(source, frames=partial(chain, [first], frames))


def frames_at(source: FrameSource, numbers: Sequence[int]) -> Iterator[Image]:
    """The frames ``numbers`` (from 0, ascending) of ``source``. Of a folder of images, these alone are read."""
    read = source.frames
    if isinstance(read, partial) and read.func is _read_images:
        paths, levels, _ = read.args
        return _read_images(paths, levels, numbers)
    wanted = set(numbers)
    return (frame for number, frame in enumerate(islice(source, max(wanted) + 1)) if number in wanted)


def cropped(source: FrameSource, width: int, height: int) -> FrameSource:
    """The top left ``width`` x ``height`` px of each frame: takes off what an encoder padded."""
    return replace(source, frames=partial(_crop, source, width, height))


def _crop(source: FrameSource, width: int, height: int) -> Iterator[Image]:
    return (np.ascontiguousarray(image[:height, :width]) for image in source)
