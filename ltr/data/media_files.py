"""Image and video files by their suffixes, and the order of the frames of a sequence."""

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
    """Whether ``path`` has the name of an image (not a hidden one: macOS writes ``._1.jpg`` beside ``1.jpg``)."""
    return path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")


def is_video(path: Path) -> bool:
    """Whether ``path`` has the name of a video."""
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.name.startswith(".")


def frame_order(path: Path) -> tuple[object, ...]:
    """Sort key of the images of a sequence: by folder, then by the numbers in the name, 9.jpg before 10.jpg.

    Case is ignored.
    """
    return [number_order(part) for part in path.parent.parts], number_order(path.stem), path.name


def number_order(text: str) -> list[str | int]:
    """Sort key of names by the numbers in them, bird-9 before bird-10; case is ignored."""
    return [int(part) if part.isdecimal() else part.casefold() for part in re.split(r"(\d+)", text)]


def images_among(paths: Iterable[Path], source: str) -> list[Path]:
    """The images among ``paths`` in frame order; FileNotFoundError that names ``source`` if there are none."""
    images = sorted((path for path in paths if is_image(path)), key=frame_order)
    if not images:
        raise FileNotFoundError(f"{source}: holds no images ({', '.join(sorted(IMAGE_SUFFIXES))})")
    return images


def image_files(folder: Path) -> list[Path]:
    """The images in ``folder`` in frame order; FileNotFoundError if there are none."""
    if not folder.is_dir():
        raise FileNotFoundError(f"{folder}: no such folder of images")
    return images_among(folder.iterdir(), str(folder))


def numbered_images(folder: Path, first: int, count: int | None = None) -> list[Path]:
    """Images ``first`` to ``first + count - 1`` (None: to the last) by the number at the end of their names.

    Padding and suffix are ignored. Some folders hold more images than annotated ones (David, Diving, Freeman3), so the
    number decides, not the order. FileNotFoundError names the first missing image.
    """
    numbers = ((re.search(r"(\d+)$", path.stem), path) for path in image_files(folder))
    by_number = {int(number[1]): path for number, path in numbers if number}
    last = first + count - 1 if count is not None else max(by_number, default=first)
    missing = next((n for n in range(first, last + 1) if n not in by_number), None)
    if missing is not None:
        raise FileNotFoundError(f"{folder}: no image {missing}, expected {first} to {last}")
    return [by_number[n] for n in range(first, last + 1)]
