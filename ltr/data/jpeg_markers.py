"""The markers of a JPEG file, read without decoding."""

from __future__ import annotations

import re
from collections.abc import Iterator

JPEG_START = b"\xff\xd8"
_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")  # stuffed zeros and restart markers are pixel data
_START, _END, _EXIF, _ALONE = 0xD8, 0xD9, 0xE1, 0x01
_SIZES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}


def segments(encoded: bytes) -> Iterator[tuple[int, bytes]]:
    """The markers of the first image in a JPEG file with their content, up to the end marker.

    Thumbnails inside a segment and data after the image (padding, a video, another image) are skipped. A truncated
    file has no end marker.
    """
    position = len(JPEG_START)
    while found := _MARKER.search(encoded, position):
        marker, position = found[1][0], found.end()
        if marker == _END:
            yield marker, b""
            return
        if marker not in (_START, _ALONE):
            length = int.from_bytes(encoded[position : position + 2], "big")
            yield marker, encoded[position + 2 : position + length]
            position += length


def is_whole(encoded: bytes) -> bool:
    """Whether a JPEG file is complete."""
    return any(marker == _END for marker, _ in segments(encoded))


def has_exif(encoded: bytes) -> bool:
    """Whether a JPEG file has EXIF data, which may hold an orientation: OpenCV rotates such images."""
    return any(marker == _EXIF and content.startswith(b"Exif") for marker, content in segments(encoded))


def size(encoded: bytes) -> tuple[int, int] | None:
    """Stored width and height in pixels; None if the file does not contain them."""
    for marker, content in segments(encoded):
        if marker in _SIZES and len(content) >= 5:
            return int.from_bytes(content[3:5], "big"), int.from_bytes(content[1:3], "big")
    return None
