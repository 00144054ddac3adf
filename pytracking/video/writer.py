"""Video output: an H.264 file that every browser plays."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import cv2
import numpy as np

from ltr.data.pyav import VideoReformatter, av
from ltr.utils.errors import InputError
from ltr.utils.files import is_stream, replacing
from pytracking.video.audio import AudioMuxer
from pytracking.video.frame_source import AudioSource, Image

DEFAULT_FPS = 25.0  # of sources without a rate, such as image folders
QUALITY = {"crf": "20", "preset": "veryfast"}
BT709 = 1  # FFmpeg's number for the primaries, transfer and matrix of HD video
LIMITED_RANGE = 1
SLOWEST = 1 / 3600  # frames a second; MP4 stores the duration of a frame in 32 bits
CLOCK = Fraction(1, 1000)  # seconds: resolution of the times of frames with a variable rate


def check_video_name(path: Path) -> None:
    """Raise InputError if ``path`` has another suffix than .mp4, or is a pipe or device."""
    if path.suffix.lower() != ".mp4":
        raise InputError(f"{path}: videos are written as .mp4")
    if is_stream(path):
        raise InputError(f"{path}: videos are written to regular files, not to pipes or devices")


def fit_image(image: Image, height: int, width: int) -> Image:
    """``image`` (RGB uint8 [H, W, 3]) scaled to fit into ``height`` x ``width`` px, centered on black."""
    scale = min(height / image.shape[0], width / image.shape[1])
    h, w = (max(1, round(side * scale)) for side in image.shape[:2])
    canvas = np.zeros((height, width, 3), np.uint8)
    top, left = (height - h) // 2, (width - w) // 2
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas[top : top + h, left : left + w] = cv2.resize(image, (w, h), interpolation=way)
    return canvas


def _written_rate(fps: float) -> Fraction:
    if fps < 1:
        return 1 / Fraction(1 / max(fps, SLOWEST)).limit_denominator(1001)
    return Fraction(fps).limit_denominator(1001)


class VideoWriter:
    """Writes RGB frames to an mp4 file (H.264, yuv420p, index first), under a temporary name until it is closed.

    A context manager: an exception removes the unfinished file. Frames of odd size are padded by a copy of the last row
    or column.

    Args:
        path: the file, .mp4.
        fps: frames a second, at least one an hour; None: ``DEFAULT_FPS``.
        sound: audio, cut to the duration of the frames.
        pixel_aspect: width of a pixel over its height.

    Raises:
        InputError: another suffix than .mp4, or no frames.
        OSError: the file cannot be written.
    """

    def __init__(
        self, path: Path, fps: float | None, sound: AudioSource | None = None, pixel_aspect: Fraction = Fraction(1)
    ) -> None:
        check_video_name(path)
        self._path = path
        self._stack = ExitStack()
        self._temporary = self._stack.enter_context(replacing(path))
        self._stack.push(self._finish)
        self._rate = _written_rate(fps or DEFAULT_FPS)
        self._sound, self._pixel_aspect = sound, pixel_aspect
        self._track: AudioMuxer | None = None
        self._shape: tuple[int, ...] | None = None
        self._frames, self._last_pts = 0, -1
        self._converter = VideoReformatter()

    def write(self, image: Image, seconds: float | None = None) -> None:
        """Append one frame, RGB uint8 [H, W, 3]; if its size differs from the first frame's, it is fitted into that.

        seconds: its time after the first frame, for all frames or none; by default i / fps for frame i.
        """
        if self._shape is None:
            self._open(image.shape, timed=seconds is not None)
            self._shape = image.shape
        height, width = self._shape[:2]
        if image.shape != self._shape:
            image = fit_image(image, height, width)
        even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        frame = av.VideoFrame.from_ndarray(even, format="rgb24")
        yuv = self._converter.reformat(frame, format="yuv420p", dst_colorspace=BT709, dst_color_range=LIMITED_RANGE)
        if seconds is not None:
            self._last_pts = max(round(seconds / CLOCK), self._last_pts + 1)
            yuv.pts, yuv.time_base = self._last_pts, CLOCK
        self._container.mux(self._stream.encode(yuv))
        self._frames += 1
        if self._track:
            shown = self._frames / float(self._rate) if seconds is None else seconds
            self._track.write_until(shown)

    def _open(self, shape: tuple[int, ...], timed: bool) -> None:
        self._container = av.open(str(self._temporary), "w", format="mp4", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=self._rate, options=QUALITY)
        self._stream.height, self._stream.width = (side + side % 2 for side in shape[:2])
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        if timed:
            context.time_base = CLOCK
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED_RANGE
        if self._pixel_aspect != 1:
            context.sample_aspect_ratio = self._pixel_aspect
        self._track = AudioMuxer(self._sound, self._container) if self._sound else None

    def __enter__(self) -> "VideoWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._shape is None:
            if kind is None:
                raise InputError(f"{self._path}: no frames to write")
            return
        try:
            if kind is None:
                self._container.mux(self._stream.encode())
        finally:
            self._container.close()
            if self._track:
                self._track.close()
