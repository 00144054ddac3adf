"""Images with all their boxes, from files in COCO format, for training and evaluating detectors."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ltr.data.image_loader import load_image
from ltr.dataset.coco_format import box_column, file_names, picture_column, picture_sizes, read_coco, require
from ltr.utils.errors import InputError

if TYPE_CHECKING:
    from pycocotools.coco import COCO

BLOCK = 20  # consecutive image ids that stay in one split: near-duplicates are neighbors
PARTS = {"train": (0, 1, 3, 5, 6, 8, 9), "val": (4,), "test": (2, 7)}  # of every 10 blocks
SOURCE_STRIDE = 10_000_000  # offset between the image ids of two sources

Part = Literal["all", "train", "val", "test"]


@dataclass(frozen=True)
class DetectionSource:
    """A file of annotations in COCO format, its image folder, and a selection of images.

    ``annotations`` and ``images`` are paths under the data folder. ``datasets`` selects images by their field
    ``dataset`` (empty: all). ``part`` is a fixed part of the images: of every 200 consecutive ids, 140 are ``train``,
    20 ``val`` and 40 ``test``, in blocks of 20.
    """

    annotations: str
    images: str
    datasets: tuple[str, ...] = ()
    part: Part = "all"


@dataclass(frozen=True)
class DetectionImage:
    """An image and its objects: boxes ``float32 [n, 4]`` (x, y, w, h; image pixels), labels ``int64 [n]``."""

    id: int
    path: Path
    size: tuple[int, int]  # width, height
    boxes: np.ndarray
    labels: np.ndarray

    def read(self) -> np.ndarray:
        """The image as RGB ``uint8 [H, W, 3]``."""
        return load_image(self.path)


class DetectionDataset(Sequence[DetectionImage]):
    """The images of one or more sources.

    Args:
        data: folder of the sources' paths.
        sources: of the images.
        classes: name of a class -> its categories; other categories are skipped. The labels are 1, 2, ... in this
            order. If empty, the labels are the category ids of the files, as in torchvision's detectors.

    Raises:
        FileNotFoundError: an annotation file or an image folder is missing.
        ValueError: a file is not in COCO format, a class has no category in any file, or no image is left.
    """

    def __init__(
        self, data: Path, sources: Sequence[DetectionSource], classes: Mapping[str, Sequence[str]] | None = None
    ) -> None:
        self.classes = dict(classes or {})
        self._labels = {name: label for label, names in enumerate(self.classes.values(), 1) for name in names}
        self._content: dict[str, list[dict]] = {"images": [], "annotations": [], "categories": []}
        for number, source in enumerate(sources):
            self._add(data, source, number * SOURCE_STRIDE)
        if self.classes:
            self._content["categories"] = [{"id": i, "name": name} for i, name in enumerate(self.classes, 1)]
        if not self._content["images"]:
            raise InputError(f"no picture of {', '.join(source.annotations for source in sources)} is left")
        self.pictures = self._pictures()

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: Any) -> Any:
        return self.pictures[index]

    def ground_truth(self) -> COCO:
        """The annotations (including crowds, which are not scored) for pycocotools."""
        return quiet_coco(self._content)

    def _add(self, data: Path, source: DetectionSource, offset: int) -> None:
        path, folder = data / source.annotations, data / source.images
        require(path, folder)
        coco = read_coco(path)
        if coco.categories is None:
            raise InputError(f"{path} is not in COCO format: expected a list of objects 'categories'")
        pictures, annotations, names = coco.pictures, coco.annotations, coco.category_names
        index_of = pictures.by_id()
        ids = pictures.column("id", "a whole number", lambda item: item["id"], np.int64).tolist()
        used = [_uses(source, image) for image in pictures.items]
        files, sizes = file_names(pictures), picture_sizes(pictures)
        for i, image in enumerate(pictures.items):
            if used[i]:
                width, height = sizes[i].tolist()
                place = {"file_name": str(folder / str(files[i])), "width": width, "height": height}
                self._content["images"].append({**image, **place, "id": ids[i] + offset})

        def label(item: dict[str, Any]) -> int:
            category = item["category_id"]
            return self._labels.get(names[category], 0) if self.classes else category

        labels = annotations.column("category_id", "the id of a category", label, np.int64).tolist()
        boxes, of_picture = box_column(annotations), picture_column(annotations, index_of)
        areas = annotations.column("area", "a number", lambda item: item.get("area", np.nan), np.float64)
        areas = np.where(np.isnan(areas), boxes[:, 2] * boxes[:, 3], areas)
        for i, annotation in enumerate(annotations.items):
            if used[of_picture[i]] and labels[i]:
                self._content["annotations"].append(
                    {
                        "id": len(self._content["annotations"]) + 1,
                        "image_id": ids[of_picture[i]] + offset,
                        "category_id": labels[i],
                        "bbox": boxes[i].tolist(),
                        "area": float(areas[i]),
                        "iscrowd": annotation.get("iscrowd", 0),
                    }
                )
        self._content["categories"] = coco.categories

    def _pictures(self) -> list[DetectionImage]:
        objects: dict[int, list[dict]] = {image["id"]: [] for image in self._content["images"]}
        for annotation in self._content["annotations"]:
            if not annotation["iscrowd"] and min(annotation["bbox"][2:]) > 0:
                objects[annotation["image_id"]].append(annotation)
        return [
            DetectionImage(
                id=image["id"],
                path=Path(image["file_name"]),
                size=(image["width"], image["height"]),
                boxes=np.array([a["bbox"] for a in objects[image["id"]]], dtype=np.float32).reshape(-1, 4),
                labels=np.array([a["category_id"] for a in objects[image["id"]]], dtype=np.int64),
            )
            for image in self._content["images"]
        ]


def _uses(source: DetectionSource, image: dict) -> bool:
    if source.datasets and image.get("dataset") not in source.datasets:
        return False
    return source.part == "all" or image["id"] // BLOCK % 10 in PARTS[source.part]


def quiet_coco(content: dict[str, Any]) -> COCO:
    """A pycocotools data set of a COCO-format dictionary, without pycocotools' output."""
    from pycocotools.coco import COCO  # late: training needs no scores

    coco = COCO()
    coco.dataset = content
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    return coco
