"""Which files are pictures or videos, by their suffixes, and in which order pictures are the frames of a sequence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff", ".jp2", ".ppm", ".pgm", ".pbm", ".pnm"}
)
VIDEO_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv", ".gif"}
    | {".3gp", ".ogv", ".mxf"}
)


def is_image(path: Path) -> bool:
    """Whether ``path`` is called like a picture (hidden files are not: macOS leaves ``._1.jpg`` beside ``1.jpg``)."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def is_video(path: Path) -> bool:
    """Whether ``path`` is called like a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def frame_order(path: Path) -> tuple[object, ...]:
    """Key for sorting the pictures of a sequence: by folder, then by the numbers in the name, 9.jpg before 10.jpg.

    Upper and lower case count alike.
    """
    return [_with_numbers(part) for part in path.parent.parts], _with_numbers(path.stem), path.name


def _with_numbers(text: str) -> list[str | int]:
    return [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", text)]


def images_among(paths: Iterable[Path], source: str) -> list[Path]:
    """The pictures among ``paths`` in the order of frames; FileNotFoundError that names ``source`` for none."""
    images = sorted((path for path in paths if is_image(path)), key=frame_order)
    if not images:
        raise FileNotFoundError(f"{source}: holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return images


def image_files(folder: Path) -> list[Path]:
    """The pictures in ``folder`` in the order of frames; FileNotFoundError where there are none."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder of images")
    return images_among(folder.iterdir(), str(folder))
