"""Pictures with boxes in COCO format, every box a sequence of one frame (as pytracking trains on COCO)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ltr.data.image_loader import LazyImage
from ltr.dataset.annotations import Arrays, cached
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo


@dataclass(frozen=True)
class BoxFilter:
    """Which boxes are worth tracking; sides in pixels of the picture."""

    min_side: float = 12.0
    max_aspect: float = 6.0  # longer side / shorter side
    max_size_fraction: float = 0.5  # sqrt(box area / picture area): above it a crop is mostly repeated border

    def accepts(self, boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Which ``boxes [n, 4]`` (x, y, w, h) in pictures of ``sizes [n, 2]`` (width, height) pass: ``bool [n]``."""
        short, long = boxes[:, 2:].min(axis=1), boxes[:, 2:].max(axis=1)
        large = short >= self.min_side  # not so for NaN
        fraction = np.sqrt(np.where(large, short * long, 0) / sizes.prod(axis=1))
        return large & (long <= self.max_aspect * short) & (fraction <= self.max_size_fraction)


@dataclass(frozen=True)
class CocoObject:
    """One annotation: picture, box (x, y, w, h) in its pixels and, where there is one, COCO's notation of the mask."""

    id: int
    image: Path
    image_size: tuple[int, int]  # width, height
    box: tuple[float, float, float, float]
    category: str
    source: str  # field `dataset` of the picture, "" where it has none
    segmentation: Any = field(default=None, repr=False)  # polygons, RLE or None


def coco_paths(root: str | Path, split: str = "") -> tuple[Path, Path]:
    """The annotation file and the folder of pictures of a data set in COCO format.

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
    for needed in (path, folder):
        if not needed.exists():
            raise FileNotFoundError(f"COCO-format data set: {needed} does not exist")
    return path, folder


@contextmanager
def _coco_content(path: Path) -> Iterator[dict[str, Any]]:
    """The content of a COCO-format file; what goes wrong with it in the block is a ValueError that names the file."""
    try:
        yield json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not in COCO format (images, annotations, categories): {error!r}") from None


def read_coco(root: str | Path, split: str = "") -> list[CocoObject]:
    """All annotations but crowds, with their masks (see :func:`coco_paths`).

    Raises:
        FileNotFoundError: the json file or the folder of pictures is missing.
        ValueError: the file is no json, or lacks the fields of COCO; the message names it.
    """
    path, folder = coco_paths(root, split)
    with _coco_content(path) as content:
        pictures = {picture["id"]: picture for picture in content["images"]}
        categories = {category["id"]: category["name"] for category in content["categories"]}
        return [
            _coco_object(annotation, pictures[annotation["image_id"]], categories, folder)
            for annotation in content["annotations"]
            if not annotation.get("iscrowd")
        ]


def _coco_object(annotation: dict, picture: dict, categories: dict, folder: Path) -> CocoObject:
    x, y, w, h = map(float, annotation["bbox"])
    return CocoObject(
        id=annotation["id"],
        image=folder / picture["file_name"],
        image_size=(picture["width"], picture["height"]),
        box=(x, y, w, h),
        category=categories[annotation["category_id"]],
        source=picture.get("dataset", ""),
        segmentation=annotation.get("segmentation") or None,
    )


def read_coco_arrays(path: Path) -> Arrays:
    """Pictures and boxes (no crowds) of the COCO-format file ``path``, as arrays.

    Of the pictures: ``files [m]``, ``sizes [m, 2]`` (width, height), ``sources [m]``. Of the boxes: ``ids [n]``,
    ``boxes [n, 4]``, ``pictures [n]`` (the index of its picture).
    """
    with _coco_content(path) as content:
        pictures = content["images"]
        index_of = {picture["id"]: index for index, picture in enumerate(pictures)}
        content["categories"]  # not used, but what lacks it is something else
        boxes = [item for item in content["annotations"] if not item.get("iscrowd")]
        return {
            "files": np.array([picture["file_name"] for picture in pictures], dtype=np.str_),
            "sizes": np.array([(p["width"], p["height"]) for p in pictures], np.int32).reshape(-1, 2),
            "sources": np.array([picture.get("dataset", "") for picture in pictures], dtype=np.str_),
            "ids": np.array([item["id"] for item in boxes], np.int64),
            "boxes": np.array([item["bbox"] for item in boxes], np.float32).reshape(-1, 4),
            "pictures": np.array([index_of[item["image_id"]] for item in boxes], np.int64),
        }


def weigh_sources(sources: Sequence[str] | np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    """The weight of every source: 1 where not named; ValueError for names that do not occur."""
    names, index = np.unique(np.asarray(sources, dtype=np.str_), return_inverse=True)
    unknown = set(weights) - set(names.tolist())
    if unknown:
        raise ValueError(f"source_weights name sources that do not occur: {', '.join(sorted(unknown))}")
    return np.array([weights.get(name, 1.0) for name in names.tolist()])[index]


class CocoImages(BaseVideoDataset):
    """One-frame sequences from a folder in COCO format (see :func:`coco_paths`).

    Args:
        root: the folder.
        name: how the data set is called in reports.
        split: as ``train2017``, where there are several.
        box_filter: boxes that do not pass are left out; crowds always are.
        source_weights: weight of every box by its picture's ``dataset`` field, 1 where not named; 0 leaves it
            out.
    """

    is_video = False

    def __init__(
        self,
        root: str | Path,
        name: str = "coco",
        split: str = "",
        box_filter: BoxFilter = BoxFilter(),
        source_weights: Mapping[str, float] | None = None,
    ) -> None:
        self.name = name
        path, self._folder = coco_paths(root, split)
        arrays = cached(name.replace("/", "_"), [path], lambda: read_coco_arrays(path))
        self._files, picture_sizes = arrays["files"], arrays["sizes"]
        weights = weigh_sources(arrays["sources"], source_weights or {})[arrays["pictures"]]
        kept = (weights > 0) & box_filter.accepts(arrays["boxes"], picture_sizes[arrays["pictures"]])
        if not kept.any():
            raise ValueError(f"no box of {root} passes {box_filter}")
        self.ids, self.boxes, self.pictures = (arrays[key][kept] for key in ("ids", "boxes", "pictures"))
        self.sources, self.image_sizes = arrays["sources"][self.pictures], picture_sizes[self.pictures]
        self.sequence_weights = weights[kept]

    def __len__(self) -> int:
        return len(self.ids)

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo(f"{self.name}/{self.ids[seq_id]}", np.ones(1, dtype=bool))

    def num_frames(self, index: int) -> int:
        """1: a picture does not move."""
        return 1

    def _image(self, index: int) -> LazyImage:
        return LazyImage(self._folder / str(self._files[self.pictures[index]]))

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """The picture of sequence ``index``, once per frame id (the same array)."""
        return [self._image(index).full()] * len(frame_ids)

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        return FrameSet([self._image(seq_id)] * len(frame_ids), np.tile(self.boxes[seq_id], (len(frame_ids), 1)))
