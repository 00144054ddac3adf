"""Pictures with boxes in COCO format, every box a sequence of one frame (as pytracking trains on COCO)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ltr.data.image_loader import load_image
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo


@dataclass(frozen=True)
class BoxFilter:
    """Which boxes are worth tracking; sides in pixels of the picture."""

    min_side: float = 12.0
    max_aspect: float = 6.0  # longer side / shorter side
    max_size_fraction: float = 0.5  # sqrt(box area / picture area): above it a crop is mostly repeated border

    def accepts(self, box: Sequence[float], width: int, height: int) -> bool:
        """Whether ``box`` (x, y, w, h) in a picture of ``width`` x ``height`` pixels passes."""
        short, long = sorted(box[2:4])
        if not short >= self.min_side:
            return False
        fraction = (short * long / (width * height)) ** 0.5
        return long / short <= self.max_aspect and fraction <= self.max_size_fraction


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


def read_coco(root: str | Path, annotations: str = "annotations.json", images: str = "images") -> list[CocoObject]:
    """All annotations but crowds of the COCO-format ``root/annotations``, pictures in ``root/images``.

    Raises:
        FileNotFoundError: the json file or the folder of pictures is missing.
        ValueError: the file is no json, or lacks the fields of COCO; the message names it.
    """
    path, folder = Path(root) / annotations, Path(root) / images
    for needed in (path, folder):
        if not needed.exists():
            raise FileNotFoundError(f"COCO-format data set: {needed} does not exist")
    try:
        content = json.loads(path.read_text())
        pictures = {picture["id"]: picture for picture in content["images"]}
        categories = {category["id"]: category["name"] for category in content["categories"]}
        return [
            _coco_object(annotation, pictures[annotation["image_id"]], categories, folder)
            for annotation in content["annotations"]
            if not annotation.get("iscrowd")
        ]
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not in COCO format (images, annotations, categories): {error!r}") from None


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


def weigh_sources(objects: list[CocoObject], weights: Mapping[str, float]) -> list[float]:
    """The weight of every object by its ``source``: 1 where not named; ValueError for names that do not occur."""
    unknown = set(weights) - {item.source for item in objects}
    if unknown:
        raise ValueError(f"source_weights name sources that do not occur: {', '.join(sorted(unknown))}")
    return [weights.get(item.source, 1.0) for item in objects]


class CocoImages(BaseVideoDataset):
    """One-frame sequences from a COCO-format folder: ``root/annotations.json`` and ``root/images``.

    Args:
        root: the folder.
        name: how the data set is called in reports.
        box_filter: boxes that do not pass are left out; crowds always are.
        source_weights: weight of every box by its picture's ``dataset`` field, 1 where not named; 0 leaves it
            out.
        annotations, images: names under ``root`` where they differ from the above.
    """

    is_video = False

    def __init__(
        self,
        root: str | Path,
        name: str = "coco",
        box_filter: BoxFilter = BoxFilter(),
        source_weights: Mapping[str, float] | None = None,
        annotations: str = "annotations.json",
        images: str = "images",
    ) -> None:
        self.name = name
        objects = read_coco(root, annotations, images)
        weighed = [
            (item, weight)
            for item, weight in zip(objects, weigh_sources(objects, source_weights or {}), strict=True)
            if weight > 0 and box_filter.accepts(item.box, *item.image_size)
        ]
        if not weighed:
            raise ValueError(f"no box of {root} passes {box_filter}")
        self.objects = [item for item, _ in weighed]
        self.sequence_weights = np.array([weight for _, weight in weighed])

    def __len__(self) -> int:
        return len(self.objects)

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo(f"{self.name}/{self.objects[seq_id].id}", np.ones(1, dtype=bool))

    def num_frames(self, index: int) -> int:
        """1: a picture does not move."""
        return 1

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """The picture of sequence ``index``, once per frame id (the same array)."""
        return [load_image(self.objects[index].image)] * len(frame_ids)

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        box = np.array(self.objects[seq_id].box, dtype=np.float32)
        return FrameSet(self.read_images(seq_id, frame_ids), np.tile(box, (len(frame_ids), 1)))
