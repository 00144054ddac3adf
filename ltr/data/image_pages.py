"""Image files with several images: TIFF stacks of microscopes, animated PNG and WebP."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, PngImagePlugin

from ltr.utils.errors import InputError

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NEW_SUBFILE_TYPE = 254
_NO_PAGE = 1 | 4  # a smaller copy of another page, or a mask
# The exceptions of PIL for damaged files.
_PIL_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    EOFError,
    struct.error,
    zlib.error,
)


def page_numbers(encoded: bytes) -> list[int]:
    """The indices of the images in a file that are frames: those of a stack or an animation, else ``[0]``.

    Thumbnails, and the two images of cameras' MPO files, are not frames. If a stack is damaged or truncated, the index
    after its last good image is included: reading that one fails.
    """
    if encoded.startswith(_TIFF_STARTS):
        return _tiff_pages(encoded)
    if not _may_hold_several(encoded):
        return [0]
    with warnings.catch_warnings(action="ignore"):  # PIL warns about large images, which are not decoded here
        try:
            with Image.open(io.BytesIO(encoded)) as image:
                return _pages(image)
        except (*_PIL_ERRORS, Image.DecompressionBombError):
            return [0]  # damaged: the decoder will report it


def _may_hold_several(encoded: bytes) -> bool:
    if encoded.startswith(b"\x89PNG"):
        return b"acTL" in encoded[: encoded.find(b"IDAT")]
    if encoded[8:16] == b"WEBPVP8X":
        return bool(encoded[20] & 2)
    return False


def _pages(image: Image.Image) -> list[int]:
    numbers = list(range(getattr(image, "n_frames", 1)))
    if isinstance(image, PngImagePlugin.PngImageFile) and image.default_image and len(numbers) > 1:
        return numbers[1:]  # the first is for programs without animations
    return numbers


def _tiff_pages(encoded: bytes) -> list[int]:
    """The pages of a TIFF file that are frames, by its directories: PIL does not support all pixel formats."""
    order = "<" if encoded.startswith(b"II") else ">"
    big = encoded[2:4] in (b"+\0", b"\0+")
    count_format, entry_size, place_format = ("Q", 20, "Q") if big else ("H", 12, "I")
    numbers: list[int] = []
    seen: set[int] = set()
    try:
        (place,) = struct.unpack_from(order + place_format, encoded, 8 if big else 4)
        while place:
            numbers.append(len(seen))
            if place in seen:
                break  # a loop
            seen.add(place)
            (count,) = struct.unpack_from(order + count_format, encoded, place)
            begin = place + struct.calcsize("=" + count_format)
            end = begin + count * entry_size
            (place,) = struct.unpack_from(order + place_format, encoded, end)
            entries = [
                struct.unpack_from(f"{order}HH{place_format}I", encoded, at) for at in range(begin, end, entry_size)
            ]
            if any(tag == _NEW_SUBFILE_TYPE and value & _NO_PAGE for tag, _, _, value in entries):
                numbers.pop()
    except (struct.error, OverflowError, IndexError):
        pass  # the file ends before this directory
    return numbers or [0]


def read_pages(path: Path, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    """The images ``numbers`` (ascending) of a file as RGB ``[H, W, 3]``, ``uint8`` or ``uint16``.

    Raises:
        ValueError: one cannot be decoded; the message names it and the file.
    """
    with path.open("rb") as file:
        is_tiff = file.read(4) in _TIFF_STARTS
    return _read_tiff(path, numbers) if is_tiff else _read_animation(path, numbers)


def _read_tiff(path: Path, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    for number in numbers:  # by OpenCV: PIL cannot read 16-bit color
        try:
            _, pages = cv2.imreadmulti(str(path), number, 1, flags=cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
        except cv2.error:
            pages = ()
        if not pages or pages[0].dtype not in (np.uint8, np.uint16):
            raise InputError(f"cannot decode picture {number} in {path}: damaged, or not 8 or 16 bits a channel")
        yield cv2.cvtColor(pages[0], cv2.COLOR_BGR2RGB)


def _read_animation(path: Path, numbers: Sequence[int]) -> Iterator[np.ndarray]:
    with Image.open(path) as image:
        for number in numbers:
            try:
                image.seek(number)
                yield np.array(image.convert("RGB"))
            except _PIL_ERRORS as error:
                raise InputError(f"cannot decode picture {number} in {path}: {error}") from None
