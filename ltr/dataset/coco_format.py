"""Files in COCO format as arrays, parsed once and cached. Every error names the file and the annotation.

The 0.5 GB of COCO's JSON take half a minute and 3 GB to parse. Arrays contain no Python objects, so worker processes
share them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from reprlib import repr as short
from typing import Any

import numpy as np

from ltr.dataset.annotations import Arrays, cached
from ltr.dataset.text_files import LARGEST
from ltr.utils.errors import InputError


def coco_paths(root: str | Path, split: str = "") -> tuple[Path, Path]:
    """The annotation file and the image folder of a data set in COCO format.

    Without ``split``: ``root/annotations.json`` and ``root/images``. With one, as COCO is published:
    ``root/annotations/instances_SPLIT.json``, and ``root/SPLIT`` or ``root/images/SPLIT``.

    Raises:
        FileNotFoundError: one of them does not exist.
    """
    root = Path(root)
    path, folder = root / "annotations.json", root / "images"
    if split:
        path = root / "annotations" / f"instances_{split}.json"
        folder = next((f for f in (root / split, root / "images" / split) if f.is_dir()), root / split)
    require(path, folder)
    return path, folder


def require(*places: Path) -> None:
    """Raise FileNotFoundError for the first of ``places`` that does not exist."""
    for place in places:
        if not place.exists():
            raise FileNotFoundError(f"COCO-format data set: {place} does not exist")


def read_json(path: Path) -> Any:
    """The content of a JSON file; ValueError that names the file if it is not valid."""
    try:
        return json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:  # not JSON, or not text
        raise InputError(f"{path} is not valid JSON: {error}") from None


@dataclass(frozen=True)
class Records:
    """One list of a COCO-format file."""

    path: Path
    kind: str  # name of an item in errors
    items: list[dict[str, Any]]

    def error(self, number: int, problem: str) -> ValueError:
        """The error for a ``problem`` with item ``number``."""
        name = self.items[number].get("id")
        return InputError(f"{self.path}: {self.kind} {f'number {number + 1}' if name is None else name}: {problem}")

    def column(
        self, field: str, expected: str, read: Callable[[dict], Any], dtype: type, shape: tuple[int, ...] = ()
    ) -> np.ndarray:
        """``read(item)`` of every item, ``[n, *shape]``.

        Raises:
            ValueError: the value of an item is missing, or of another shape or type; the message names the first such
                item, its ``field`` and what is ``expected``.
        """

        column = _convert(lambda items: [read(item) for item in items], self.items, dtype)
        if column is not None and (not self.items or column.shape[1:] == shape):
            return column.reshape(-1, *shape)
        for number, item in enumerate(self.items):
            value = _convert(read, item, dtype)
            if value is None or value.shape != shape:
                found = ", ".join(f"{name} {short(item[name])}" for name in field.split(", ") if name in item)
                raise self.error(number, f"{field}: expected {expected}, got {found or 'none'}")
        raise AssertionError("every item fits, but not all together")

    def by_id(self) -> dict[Hashable, int]:
        """Index of every item by its field ``id``; ValueError if one is missing or not unique."""
        numbers: dict[Hashable, int] = {}
        for number, item in enumerate(self.items):
            key = item.get("id")
            if not isinstance(key, int | str):
                raise self.error(number, "id: expected a number or text")
            if key in numbers:
                raise self.error(number, f"number {numbers[key] + 1} of the {self.kind}s has the same id")
            numbers[key] = number
        return numbers


@dataclass(frozen=True)
class CocoFile:
    """The content of a COCO-format file."""

    pictures: Records
    annotations: Records
    categories: list[dict[str, Any]] | None  # None if the file has none
    sources: Any  # list `sources` of the field `info`

    @property
    def category_names(self) -> dict[Any, str]:
        """Names by id, of categories with both."""
        found = (
            category
            for category in self.categories or ()
            if isinstance(category.get("id"), int | str) and "name" in category
        )
        return {category["id"]: str(category["name"]) for category in found}

    def boxes(self) -> Records:
        """The annotations without crowds."""
        items = [item for item in self.annotations.items if not item.get("iscrowd")]
        return Records(self.annotations.path, self.annotations.kind, items)


def read_coco(path: Path) -> CocoFile:
    """Parse a COCO-format file; ValueError if it is not JSON or lacks the lists ``images`` and ``annotations``."""
    content = read_json(path)

    def records(field: str) -> list[dict[str, Any]]:
        items = content.get(field) if isinstance(content, dict) else None
        if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
            raise InputError(f"{path} is not in COCO format: expected a list of objects {field!r}")
        return items

    pictures = Records(path, "picture", records("images"))
    annotations = Records(path, "annotation", records("annotations"))
    categories = records("categories") if "categories" in content else None
    info = content.get("info")
    return CocoFile(pictures, annotations, categories, info.get("sources", []) if isinstance(info, dict) else [])


def file_names(pictures: Records) -> np.ndarray:
    """Field ``file_name``: text ``[m]``."""
    return pictures.column("file_name", "text", lambda item: _text(item["file_name"]), np.str_)


def picture_sizes(pictures: Records) -> np.ndarray:
    """Fields ``width`` and ``height``: ``int32 [m, 2]``, above 0."""
    return pictures.column("width, height", "whole numbers above 0", _size, np.int32, (2,))


def box_column(annotations: Records) -> np.ndarray:
    """Field ``bbox``: ``float64 [n, 4]``."""
    boxes = annotations.column("bbox", "four numbers x, y, w, h", lambda item: item["bbox"], np.float64, (4,))
    beyond = np.flatnonzero((np.isfinite(boxes) & (np.abs(boxes) > LARGEST)).any(axis=1))
    if len(beyond):
        number = int(beyond[0])
        raise annotations.error(number, f"bbox: expected pixels up to {LARGEST:g}, got {boxes[number].tolist()}")
    return boxes


def picture_column(annotations: Records, index_of: Mapping[Hashable, int]) -> np.ndarray:
    """Field ``image_id`` as the index of the image: ``int64 [n]``."""
    return annotations.column("image_id", "a picture's id", lambda item: index_of[item["image_id"]], np.int64)


def read_coco_arrays(path: Path) -> Arrays:
    """Images and boxes (without crowds) of the COCO-format file ``path``, as arrays.

    Images: ``files [m]``, ``sizes [m, 2]`` (width, height), ``sources [m]`` (field ``dataset``). Boxes: ``ids [n]``,
    ``boxes float64 [n, 4]``, ``pictures [n]`` (index of the image). Also: ``crowds``, the number of omitted
    annotations, and ``info_sources``, the JSON text of the sources in ``info``.

    Raises:
        ValueError: an item is not in COCO format; the message names it.
    """
    coco = read_coco(path)
    pictures, boxes, index_of = coco.pictures, coco.boxes(), coco.pictures.by_id()
    return {
        "files": file_names(pictures),
        "sizes": picture_sizes(pictures),
        "sources": np.array([str(item.get("dataset") or "") for item in pictures.items], dtype=np.str_),
        "ids": boxes.column("id", "a whole number", lambda item: item["id"], np.int64),
        "boxes": box_column(boxes),
        "pictures": picture_column(boxes, index_of),
        "crowds": np.array(len(coco.annotations.items) - len(boxes.items)),
        "info_sources": np.array(json.dumps(coco.sources)),
    }


def read_coco_masks(path: Path) -> Arrays:
    """Masks of the boxes of :func:`read_coco_arrays`, in their order.

    ``categories [n]``: name of the category, or else its id. ``masks``: the concatenated JSON bytes of the field
    ``segmentation``; those of box i are ``masks[starts[i] : starts[i + 1]]``, empty without a mask.
    """
    coco = read_coco(path)
    items = coco.boxes().items
    names, ids = coco.category_names, [item.get("category_id") for item in items]
    masks = [item.get("segmentation") for item in items]
    texts = [json.dumps(mask, separators=(",", ":")).encode() if mask else b"" for mask in masks]
    return {
        "categories": np.array(
            [names.get(key if isinstance(key, Hashable) else None, str(key)) for key in ids], dtype=np.str_
        ),
        "starts": np.cumsum([0, *map(len, texts)]),
        "masks": np.frombuffer(bytearray(b"".join(texts)), np.uint8),
    }


def coco_arrays(path: Path) -> Arrays:
    """:func:`read_coco_arrays` through the cache."""
    return cached("coco_boxes", [path], lambda: read_coco_arrays(path))


def coco_masks(path: Path) -> Arrays:
    """:func:`read_coco_masks` through the cache."""
    return cached("coco_masks", [path], lambda: read_coco_masks(path))


def _convert(read: Callable[[Any], Any], value: Any, dtype: type) -> np.ndarray | None:
    try:
        return np.array(read(value), dtype)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _size(picture: dict) -> tuple[int, int]:
    width, height = int(picture["width"]), int(picture["height"])
    if min(width, height) < 1:
        raise ValueError
    return width, height
