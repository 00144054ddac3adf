"""Reading pictures: the one place of the training side that knows OpenCV's BGR order, and how JPEG files are decoded.

JPEG is decoded by libturbojpeg through jpeg4py where that library is installed, other formats and else by OpenCV.
Both can decode at 1/2, 1/4 or 1/8 of the size for a fraction of the time (the DCT blocks are scaled).
"""

from __future__ import annotations

import functools
import io
import logging
from pathlib import Path
from typing import Any, Literal

import cv2
import jpeg4py
import numpy as np
from PIL import Image, UnidentifiedImageError

log = logging.getLogger(__name__)

JPEG_QUALITY = 92  # above what the pictures and videos of most data sets were compressed with
REDUCTIONS = (8, 4, 2, 1)  # what a picture's sides can be divided by while it is decoded
_OPENCV_FLAGS = {
    1: cv2.IMREAD_COLOR,
    2: cv2.IMREAD_REDUCED_COLOR_2,
    4: cv2.IMREAD_REDUCED_COLOR_4,
    8: cv2.IMREAD_REDUCED_COLOR_8,
}
_JPEG_START, _JPEG_END = b"\xff\xd8", b"\xff\xd9"


@functools.cache
def jpeg_decoder() -> Literal["jpeg4py", "opencv"]:
    """What decodes JPEG here: found out once, and logged."""
    try:
        jpeg4py.initialize()  # a JPEG object made without the library raises once more when it is collected
    except OSError as error:
        log.info("JPEG is decoded by OpenCV, because jpeg4py finds no libturbojpeg (%s)", error)
        return "opencv"
    log.info("JPEG is decoded by libturbojpeg through jpeg4py")
    return "jpeg4py"


def load_image(path: str | Path, reduction: int = 1) -> np.ndarray:
    """The picture at ``path`` as RGB ``uint8 [H, W, 3]``, its sides divided by ``reduction`` (of ``REDUCTIONS``).

    Raises:
        FileNotFoundError: no such file.
        ValueError: the file is damaged or no picture; the message names it.
    """
    return decode_image(read_file(path), str(path), reduction)


def read_file(path: str | Path) -> bytes:
    """The content of a picture file."""
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"no such picture: {path}") from None


def has_exif(encoded: bytes) -> bool:
    """Whether a JPEG file says things about its camera, among them how it was held: OpenCV turns such pictures."""
    return b"Exif" in encoded[:64]


def decode_image(encoded: bytes, source: str, reduction: int = 1) -> np.ndarray:
    """Decode a JPEG, PNG, ... held in memory to RGB ``uint8 [H, W, 3]``; ``source`` names it in the ValueError."""
    if encoded.startswith(_JPEG_START):
        if _JPEG_END not in encoded[len(encoded) // 2 :]:  # OpenCV would fill the rest with grey
            raise ValueError(f"cannot decode picture {source}: the JPEG file is truncated")
        if jpeg_decoder() == "jpeg4py" and not has_exif(encoded):
            try:
                return _decode_turbo(encoded, reduction)
            except jpeg4py.JPEGRuntimeError:
                pass  # it takes every oddity for an error; OpenCV knows which are harmless
    bgr = cv2.imdecode(np.frombuffer(encoded, np.uint8), _OPENCV_FLAGS[reduction]) if encoded else None
    if bgr is None:
        raise ValueError(f"cannot decode picture {source}: empty, truncated or not in a format OpenCV reads")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def _decode_turbo(encoded: bytes, reduction: int) -> np.ndarray:
    jpeg = jpeg4py.JPEG(np.frombuffer(encoded, np.uint8))
    jpeg.parse_header()
    # libturbojpeg scales to what fits into the array it is given.
    size = (-(-jpeg.height // reduction), -(-jpeg.width // reduction), 3)
    return jpeg.decode(np.empty(size, np.uint8))


class LazyImage:
    """A picture file that is decoded when it is needed, and then as small as it will do."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._held: tuple[np.ndarray, int] | None = None

    @functools.cached_property
    def _encoded(self) -> bytes:
        return read_file(self.path)

    @functools.cached_property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels; read from the file's head (but for one that may have to be turned)."""
        if has_exif(self._encoded):
            return self.full().shape[1], self.full().shape[0]
        try:
            return Image.open(io.BytesIO(self._encoded)).size
        except UnidentifiedImageError:
            raise ValueError(f"cannot decode picture {self.path}: empty or not in a known format") from None

    def at_scale(self, scale: float) -> tuple[np.ndarray, int]:
        """The picture for crops of ``scale`` of its pixels a crop pixel, and the divisor of its sides (<= scale)."""
        reduction = next((r for r in REDUCTIONS if r <= scale), 1)
        if self._held is None or self._held[1] > reduction:
            self._held = decode_image(self._encoded, str(self.path), reduction), reduction
        return self._held

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.full(), dtype, copy=copy)

    def full(self) -> np.ndarray:
        """The picture as it is, RGB ``uint8 [H, W, 3]``."""
        return self.at_scale(1.0)[0]


Frame = np.ndarray | LazyImage
"""RGB ``uint8 [H, W, 3]``, or a file that holds it."""


def encode_jpeg(image: np.ndarray, quality: int = JPEG_QUALITY) -> bytes:
    """RGB ``uint8 [H, W, 3]`` as the bytes of a JPEG file."""
    bgr = cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
