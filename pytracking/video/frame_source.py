"""Frame sources: a video file, a folder or glob of images, a camera or a URL, as RGB frames.

Only this module and ``ltr.data.image_loader`` handle OpenCV's BGR order.
"""

import glob
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import chain, count, islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ltr.data.image_loader import levels_of_files, load_image, load_pages
from ltr.data.image_pages import page_numbers
from ltr.data.levels import SequenceLevels
from ltr.data.media_files import IMAGE_SUFFIXES, image_files, images_among
from ltr.data.pyav import av
from ltr.data.video_frames import read_frames
from ltr.data.video_scan import VideoInfo, scan_video
from ltr.data.video_stream import BrokenSourceError as BrokenSourceError
from ltr.data.video_stream import RgbConverter, address, decode, open_container, reason, video_stream
from ltr.utils.errors import InputError

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class AudioSource:
    """The audio of the video file ``path`` from ``start`` seconds of its clock on, which is rarely 0."""

    path: str
    start: float = 0.0


@dataclass(frozen=True)
class FramesByNumber:
    """Frames with random access: ``read`` reads only those with the given ``numbers`` (ascending)."""

    read: Callable[[Sequence[int]], Iterator[Image]]
    numbers: Sequence[int]

    def __call__(self) -> Iterator[Image]:
        return self.read(self.numbers)

    def pick(self, indices: Sequence[int]) -> "FramesByNumber":
        """A subset by position; positions beyond the last frame are ignored."""
        return replace(self, numbers=[self.numbers[index] for index in indices if index < len(self.numbers)])


@dataclass(frozen=True)
class FrameSource:
    """A video, which can be iterated over repeatedly (a camera or stream continues with its current frame).

    Iterating raises BrokenSourceError after the last frame if some could not be read.

    name: for messages. frames: starts a pass over the RGB uint8 [H, W, 3] frames. length: number of frames, fps: mean
    frames a second, sound: the audio; None if unknown. times: of each frame, in seconds after the first, if the rate
    varies. live: whether frames come in real time. files: that the frames are read from; empty for cameras, streams and
    drawn frames. pixel_aspect: width of a pixel over its height; boxes are in pixels. hdr: "PQ", "HLG" or "".
    """

    name: str
    frames: Callable[[], Iterator[Image]]
    length: int | None = None
    fps: float | None = None
    times: tuple[float, ...] | None = None
    sound: AudioSource | None = None
    live: bool = False
    files: tuple[Path, ...] = ()
    pixel_aspect: Fraction = Fraction(1)
    hdr: str = ""

    def __iter__(self) -> Iterator[Image]:
        return self.frames()


def open_frames(source: str | Path | int) -> FrameSource:
    """The frames of ``source``: a video file, image folder, glob of images, camera index or URL (rtsp://, http://).

    Images are ordered by folder, then numerically by name. A single file with several images (a TIFF stack, an animated
    PNG or WebP) is a video of them. Raises FileNotFoundError or InputError with the name of the source.
    """
    text, path = str(source), Path(str(source))
    if not text.strip():  # an unset shell variable is not this folder
        raise InputError("the source is empty; expected a video file, image folder, glob, camera index or URL")
    if "://" in text:
        return _open_url(text)
    if path.is_dir():
        return open_images(image_files(path), text)
    if path.is_file():
        return open_picture(path) if path.suffix.lower() in IMAGE_SUFFIXES else open_video(path)
    if text.isdecimal():
        return FrameSource(f"camera {text}", partial(_read_camera, int(text)), live=True)
    if glob.has_magic(text):
        return open_images(images_among(map(Path, glob.glob(text)), text), text)
    raise FileNotFoundError(f"{text}: no such video file or image folder (camera indices, globs and URLs also work)")


def open_picture(path: Path) -> FrameSource:
    """A single image, or the images of a stack (TIFF) or animation (PNG, WebP)."""
    pages = len(page_numbers(path.read_bytes()))
    if pages == 1:
        return open_images([path], str(path))
    return FrameSource(str(path), partial(_read_pages, path), pages, files=(path,))


def open_images(paths: Sequence[Path], name: str) -> FrameSource:
    """The image files ``paths`` as a video called ``name``."""
    frames = FramesByNumber(partial(_read_images, paths, levels_of_files(paths)), range(len(paths)))
    return FrameSource(name, frames, len(paths), files=tuple(paths))


def _read_images(paths: Sequence[Path], levels: SequenceLevels, numbers: Sequence[int]) -> Iterator[Image]:
    for number in numbers:
        try:
            yield load_image(paths[number], levels=levels)
        except (InputError, OSError) as error:
            raise BrokenSourceError(f"frame {number}: {error}") from None


def _read_pages(path: Path) -> Iterator[Image]:
    try:
        yield from load_pages(path)
    except (InputError, OSError) as error:
        raise BrokenSourceError(str(error)) from None


def open_video(path: Path) -> FrameSource:
    """The video file ``path``; FileNotFoundError or InputError if it cannot be read at all."""
    return replace(_source_of(scan_video(path)), files=(path,))


def _open_url(url: str) -> FrameSource:
    """A live stream, or a file read over a network."""
    with open_container(url) as container:
        if container.duration is None:
            stream = video_stream(container, url)
            fps = float(stream.average_rate or stream.guessed_rate or 0) or None
            return FrameSource(url, partial(_read_live, url), fps=fps, live=True)
    return _source_of(scan_video(url))


def _source_of(info: VideoInfo) -> FrameSource:
    return FrameSource(
        info.source,
        FramesByNumber(partial(read_frames, info), range(info.length)),
        info.length or None,
        info.fps,
        info.times,
        AudioSource(address(info.source), info.begin) if info.has_sound else None,
        pixel_aspect=info.pixel_aspect,
        hdr=info.hdr,
    )


def _read_live(url: str) -> Iterator[Image]:
    """The frames of a live stream; damaged ones are tolerated, since networks lose data."""
    convert, number = RgbConverter(url), 0
    with open_container(url) as container:
        try:
            for frame in decode(container, video_stream(container, url), tolerant=True):
                if frame is not None:
                    yield convert(frame)
                    number += 1
        except av.FFmpegError as error:
            raise BrokenSourceError(f"{url}: breaks off at frame {number}: {reason(error)}") from None


def _open_camera(index: int) -> cv2.VideoCapture:
    """A camera, opened or not, without OpenCV's log lines about each driver that it tries."""
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        return cv2.VideoCapture(index)
    finally:
        cv2.utils.logging.setLogLevel(level)


def _read_camera(index: int) -> Iterator[Image]:
    camera = _open_camera(index)
    try:
        if not camera.isOpened():
            raise InputError(f"camera {index}: cannot be opened")
        for number in count():
            ok, bgr = camera.read()
            if not ok:
                raise BrokenSourceError(f"camera {index}: gave no frame {number}")
            yield np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
    finally:
        camera.release()


def slice_frames(source: FrameSource, start: int = 0, end: int | None = None, stride: int = 1) -> FrameSource:
    """Every ``stride``-th frame of ``source`` from ``start`` to ``end`` (exclusive; None: to the last), from 0.

    The duration is kept: the rate is divided by ``stride``, the audio stays.
    """
    if start < 0 or (end is not None and end <= start) or start >= (source.length or start + 1):
        until, has = "on" if end is None else f"to {end}", f"; it has {source.length}" if source.length else ""
        raise InputError(f"{source.name}: no frames from {start} {until}{has}")
    if stride < 1:
        raise InputError(f"stride: expected 1 or more, got {stride}")
    used = slice(start, end, stride)
    length = None if source.length is None else len(range(source.length)[used])
    fps, times, sound = source.fps, source.times, source.sound
    if fps:
        begin = times[start] if times else start / fps
        sound = sound and replace(sound, start=sound.start + begin)
        times = times and tuple(time - begin for time in times[used])
        fps /= stride
    read = source.frames
    frames: Callable[[], Iterator[Image]] = partial(_slice, source, used)
    if isinstance(read, FramesByNumber):  # so that damaged frames outside the slice are not read
        frames = replace(read, numbers=read.numbers[used])
    return replace(source, frames=frames, length=length, fps=fps, times=times, sound=sound)


def _slice(source: FrameSource, used: slice) -> Iterator[Image]:
    return islice(source, used.start, used.stop, used.step)


def peek_first(source: FrameSource) -> tuple[Image, FrameSource]:
    """The first frame of ``source``, and ``source`` with a first pass that reuses this frame."""
    frames = iter(source)
    first = next(frames, None)
    if first is None:
        raise InputError(f"{source.name}: has no frames")
    begun = iter([chain([first], frames)])
    return first, replace(source, frames=lambda: next(begun, None) or iter(source))


def frames_at(source: FrameSource, numbers: Sequence[int]) -> Iterator[Image]:
    """The frames ``numbers`` (from 0, ascending) of ``source``. Of images and video files, no others are read."""
    if isinstance(source.frames, FramesByNumber):
        return source.frames.pick(numbers)()
    wanted = set(numbers)
    return (frame for number, frame in enumerate(islice(source, max(wanted) + 1)) if number in wanted)


def of_size(source: FrameSource, width: int, height: int) -> FrameSource:
    """``source``, whose passes end with BrokenSourceError at a frame of another size than ``width`` x ``height`` px."""
    read = source.frames
    if isinstance(read, FramesByNumber):
        numbered = read.read
        read = replace(read, read=lambda numbers: _of_size(numbered(numbers), source.name, width, height))
        return replace(source, frames=read)
    return replace(source, frames=lambda: _of_size(iter(source), source.name, width, height))


def _of_size(images: Iterator[Image], name: str, width: int, height: int) -> Iterator[Image]:
    for image in images:
        if image.shape[:2] != (height, width):
            found = f"{image.shape[1]} x {image.shape[0]}"
            raise BrokenSourceError(f"{name}: a frame has {found} pixels, not {width} x {height} as the first one")
        yield image


def crop(source: FrameSource, width: int, height: int) -> FrameSource:
    """The top left ``width`` x ``height`` px of each frame: removes the padding of an encoder."""
    return replace(source, frames=partial(_crop, source, width, height))


def _crop(source: FrameSource, width: int, height: int) -> Iterator[Image]:
    return (np.ascontiguousarray(image[:height, :width]) for image in source)
