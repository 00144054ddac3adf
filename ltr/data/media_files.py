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
    return [number_order(part) for part in path.parent.parts], number_order(path.stem), path.name


def number_order(text: str) -> list[str | int]:
    """Key for sorting names by the numbers in them, bird-9 before bird-10; upper and lower case count alike."""
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


def numbered_images(folder: Path, first: int, count: int | None = None) -> list[Path]:
    """Images ``first`` to ``first + count - 1`` (None: to the last) by the number that their names end with.

    Padding and suffix do not matter. Folders hold more images than annotated ones (David, Diving, Freeman3), so the
    number decides, not the order. FileNotFoundError names the first that is missing.
    """
    numbers = ((re.search(r"(\d+)$", path.stem), path) for path in image_files(folder))
    by_number = {int(number[1]): path for number, path in numbers if number}
    last = first + count - 1 if count is not None else max(by_number, default=first)
    missing = next((n for n in range(first, last + 1) if n not in by_number), None)
    if missing is not None:
        raise FileNotFoundError(f"{folder}: no image {missing}, expected {first} to {last}")
    return [by_number[n] for n in range(first, last + 1)]
