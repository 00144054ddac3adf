"""Reading images, as RGB.

JPEG is decoded by libturbojpeg through jpeg4py if that library is installed; all else by OpenCV. Both can decode at
1/2, 1/4 or 1/8 of the size in a fraction of the time (the DCT blocks are scaled).
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

import cv2
import jpeg4py
import numpy as np

from ltr.data import jpeg_markers
from ltr.data.image_pages import page_numbers, read_pages
from ltr.data.levels import Levels, SequenceLevels
from ltr.utils.errors import InputError

log = logging.getLogger(__name__)

JPEG_QUALITY = 92  # above that of most data sets
REDUCTIONS = (8, 4, 2, 1)  # divisors of the image sides in decoding
_OPENCV_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}


@functools.cache
def jpeg_decoder() -> Literal["jpeg4py", "opencv"]:
    """The JPEG decoder of this machine; logged once."""
    try:
        jpeg4py.initialize()  # without the library, a JPEG object would raise again when collected
    except OSError as error:
        log.info("JPEG is decoded by OpenCV, because jpeg4py finds no libturbojpeg (%s)", error)
        return "opencv"
    log.info("JPEG is decoded by libturbojpeg through jpeg4py")
    return "jpeg4py"


def load_image(path: str | Path, reduction: int = 1, levels: SequenceLevels | None = None) -> np.ndarray:
    """The image at ``path`` as RGB ``uint8 [H, W, 3]``, its sides divided by ``reduction`` (of ``REDUCTIONS``).

    ``levels``: of its sequence, see ``decode_image``.

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged or does not hold exactly one image; the message names it.
    """
    return decode_image(read_file(path), str(path), reduction, levels)


def read_file(path: str | Path) -> bytes:
    """The content of an image file."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"no such picture: {path}") from None


def decode_image(encoded: bytes, source: str, reduction: int = 1, levels: SequenceLevels | None = None) -> np.ndarray:
    """Decode a JPEG, PNG, ... held in memory to RGB ``uint8 [H, W, 3]``; ``source`` names it in the ValueError.

    16-bit images are mapped to 8 bits by the ``levels`` of their sequence, or else by their own.
    """
    return _to_8_bits(_decode(encoded, source, reduction), levels)


def _to_8_bits(pixels: np.ndarray, levels: SequenceLevels | None) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    return ((levels and levels.levels) or Levels.of([pixels])).apply(pixels)


def _decode(encoded: bytes, source: str, reduction: int = 1) -> np.ndarray:
    """RGB ``[H, W, 3]`` in the file's depth: ``uint8`` or ``uint16``."""
    if encoded.startswith(jpeg_markers.JPEG_START):
        if not jpeg_markers.is_whole(encoded):  # OpenCV would fill the rest with gray
            raise InputError(f"cannot decode picture {source}: the JPEG file is truncated")
        if jpeg_decoder() == "jpeg4py" and not jpeg_markers.has_exif(encoded):
            try:
                return _decode_turbo(encoded, reduction)
            except jpeg4py.JPEGRuntimeError:
                pass  # jpeg4py also fails on harmless oddities; try OpenCV
    elif (pages := len(page_numbers(encoded))) > 1:
        raise InputError(f"cannot decode picture {source}: it holds {pages} images, expected one image per file")
    flags = _OPENCV_FLAGS[reduction] | cv2.IMREAD_ANYDEPTH
    try:
        bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), flags) if encoded else None
    except cv2.error as error:
        raise InputError(f"cannot decode picture {source}: {error.err or error}") from None
    if bgr is None or bgr.dtype not in (np.uint8, np.uint16):
        what = "empty, truncated or not in a format OpenCV reads (8 or 16 bits a channel)"
        raise InputError(f"cannot decode picture {source}: {what}")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _decode_turbo(encoded: bytes, reduction: int) -> np.ndarray:
    jpeg = jpeg4py.JPEG(np.frombuffer(encoded, np.uint8))
    jpeg.parse_header()
    # libturbojpeg scales to the size of this array.
    size = (-(-jpeg.height // reduction), -(-jpeg.width // reduction), 3)
    return jpeg.decode(np.empty(size, np.uint8))


def levels_of_files(paths: Sequence[Path]) -> SequenceLevels:
    """The levels of the sequence of the image files ``paths``."""
    return SequenceLevels(len(paths), functools.partial(_read_pixels, paths))


def _read_pixels(paths: Sequence[Path], number: int) -> np.ndarray | None:
    try:
        return _decode(read_file(paths[number]), "")
    except (ValueError, OSError):
        return None  # reported when the frame is read


def load_pages(path: Path) -> Iterator[np.ndarray]:
    """The images of a stack or an animation (``ltr.data.image_pages``) as RGB ``uint8 [H, W, 3]``."""
    numbers = page_numbers(read_file(path))
    levels = SequenceLevels(len(numbers), lambda index: next(read_pages(path, [numbers[index]])))
    return (_to_8_bits(pixels, levels) for pixels in read_pages(path, numbers))


class LazyImage:
    """An image file that is decoded on demand, at the smallest sufficient size."""

    def __init__(self, path: str | Path, levels: SequenceLevels | None = None) -> None:
        self.path = path
        self._levels = levels
        self._held: tuple[np.ndarray, int] | None = None

    @functools.cached_property
    def _encoded(self) -> bytes:
        return read_file(self.path)

    @functools.cached_property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels; from the header of a JPEG file without EXIF data."""
        is_jpeg = self._encoded.startswith(jpeg_markers.JPEG_START)
        size = jpeg_markers.size(self._encoded) if is_jpeg and not jpeg_markers.has_exif(self._encoded) else None
        return size or (self.full().shape[1], self.full().shape[0])

    def at_scale(self, scale: float) -> tuple[np.ndarray, int]:
        """The image for crops at ``scale`` image pixels per crop pixel, and the divisor of its sides (<= scale)."""
        reduction = next((r for r in REDUCTIONS if r <= scale), 1)
        if self._held is None or self._held[1] > reduction:
            self._held = decode_image(self._encoded, str(self.path), reduction, self._levels), reduction
        return self._held

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.full(), dtype, copy=copy)

    def full(self) -> np.ndarray:
        """The image in full size, RGB ``uint8 [H, W, 3]``."""
        return self.at_scale(1.0)[0]


Frame = np.ndarray | LazyImage
"""RGB ``uint8 [H, W, 3]``, or its file."""


def encode_jpeg(image: np.ndarray, quality: int = JPEG_QUALITY) -> bytes:
    """RGB ``uint8 [H, W, 3]`` as the bytes of a JPEG file."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
