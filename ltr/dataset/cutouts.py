"""Objects cut out by their masks: still ones from COCO-format pictures, deforming ones from videos."""

from __future__ import annotations

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from ltr.data.image_loader import load_image
from ltr.dataset.coco_seq import CocoObject, read_coco, weigh_sources
from ltr.dataset.compositing import Cutout
from ltr.dataset.sequence_folder import SequenceFolder

MASKS = "masks.json"
_BORDER = 2.0  # px; a mask that comes nearer to the picture's border is taken as cut off by it
_MARGIN = 2  # px of surroundings kept round the mask, where alpha falls to 0


class CutoutBank(ABC):
    """Objects that can be pasted."""

    weights: np.ndarray  # float [len(self)], how often each is wanted
    groups: list[str]  # category or, for videos, name: objects of one group look alike

    @abstractmethod
    def __len__(self) -> int:
        """Number of objects."""

    @abstractmethod
    def name(self, index: int) -> str:
        """Where the object comes from, for reports."""

    @abstractmethod
    def load(self, index: int, times: Sequence[int]) -> list[Cutout]:
        """The object at each time (frames >= 0 of a clip); the middle of the cut-out is the middle of its mask."""


def decode_mask(segmentation: Any, height: int, width: int) -> np.ndarray:
    """COCO's polygons or run lengths (compressed or not) as ``uint8 [height, width]`` of 0 and 1."""
    if isinstance(segmentation, list):
        segmentation = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        segmentation = coco_mask.frPyObjects(segmentation, height, width)
    with warnings.catch_warnings():
        # pycocotools 2.0.11 hands its array to numpy in a way that numpy 2 has deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        return coco_mask.decode(segmentation)


def cut_out(image: np.ndarray, mask: np.ndarray) -> Cutout:
    """The object under ``mask`` (``uint8 [H, W]``, not empty) with a soft edge.

    Masks drawn by hand hold a rim of the surroundings, which would shine as a halo on another background:
        they lose about a pixel, unless the object is so thin that this would eat it.
    """
    x, y, w, h = cv2.boundingRect(mask)
    left, top = max(x - _MARGIN, 0), max(y - _MARGIN, 0)
    region = (slice(top, y + h + _MARGIN), slice(left, x + w + _MARGIN))
    alpha: np.ndarray = mask[region] * np.uint8(255)
    if cv2.countNonZero(mask[region]) > 12 * (w + h):
        alpha = cv2.erode(alpha, np.ones((3, 3), np.uint8))
    return Cutout(np.ascontiguousarray(image[region]), cv2.GaussianBlur(alpha, (3, 3), 0.8))


def _is_whole(box: Sequence[float], width: int, height: int, min_side: float) -> bool:
    """Large enough, and not cut off by the border of the picture."""
    x, y, w, h = box
    free = min(x, y, width - x - w, height - y - h) >= _BORDER
    return free and min(w, h) >= min_side


class CocoCutouts(CutoutBank):
    """Objects with masks in a COCO-format folder (see :class:`ltr.dataset.coco_seq.CocoImages` for the arguments)."""

    def __init__(
        self,
        root: str | Path,
        min_side: float = 24.0,
        source_weights: Mapping[str, float] | None = None,
        split: str = "",
    ) -> None:
        objects = read_coco(root, split)
        weights = weigh_sources([item.source for item in objects], source_weights or {})
        weighed = [
            (item, weight)
            for item, weight in zip(objects, weights.tolist(), strict=True)
            if weight > 0 and item.segmentation and _is_whole(item.box, *item.image_size, min_side)
        ]
        if not weighed:
            raise ValueError(f"{root} has no whole object with a mask and sides of {min_side} px or more")
        self.objects: list[CocoObject] = [item for item, _ in weighed]
        self.weights = np.array([weight for _, weight in weighed])
        self.groups = [item.category for item in self.objects]
        self._label = Path(root).name

    def __len__(self) -> int:
        return len(self.objects)

    def name(self, index: int) -> str:
        return f"{self._label}/{self.objects[index].id}"

    def load(self, index: int, times: Sequence[int]) -> list[Cutout]:
        item = self.objects[index]
        image = load_image(item.image)
        return [cut_out(image, decode_mask(item.segmentation, *image.shape[:2]))] * len(times)


class VideoCutouts(CutoutBank):
    """Objects of those sequences of a folder that have a ``masks.json``: a list with COCO's run lengths of
    the object's mask, or null, for every frame. Time runs forwards and backwards over the frames where it is
    whole."""

    def __init__(self, videos: SequenceFolder, min_side: float = 24.0, min_frames: int = 10) -> None:
        self.videos = videos
        self._masks: list[list[dict]] = []
        self._frames: list[np.ndarray] = []
        self._sequence: list[int] = []
        for index, sequence in enumerate(videos.sequences):
            path = sequence.folder / MASKS
            if not path.exists():
                continue
            masks = json.loads(path.read_text())
            if len(masks) != len(sequence.boxes):
                raise ValueError(f"{path}: {len(masks)} masks for {len(sequence.boxes)} frames")
            whole = [t for t, mask in enumerate(masks) if mask and _mask_is_whole(mask, min_side)]
            if len(whole) >= min_frames:
                self._masks.append(masks)
                self._frames.append(np.array(whole))
                self._sequence.append(index)
        if not self._masks:
            raise ValueError(f"no sequence of {videos.name} has {min_frames} frames with a whole object in {MASKS}")
        self.weights = np.ones(len(self._masks))
        self.groups = [videos.sequences[index].folder.name for index in self._sequence]

    def __len__(self) -> int:
        return len(self._masks)

    def name(self, index: int) -> str:
        return self.groups[index]

    def load(self, index: int, times: Sequence[int]) -> list[Cutout]:
        frame_ids = self._frames[index][back_and_forth(times, len(self._frames[index]))].tolist()
        images = self.videos.read_images(self._sequence[index], frame_ids)
        return [
            cut_out(image, decode_mask(self._masks[index][i], *image.shape[:2]))
            for i, image in zip(frame_ids, images, strict=True)
        ]


def _mask_is_whole(mask: dict, min_side: float) -> bool:
    height, width = mask["size"]
    return _is_whole(coco_mask.toBbox(mask).tolist(), width, height, min_side)


def back_and_forth(times: Sequence[int], length: int) -> np.ndarray:
    """Frame ids 0 1 ... length-1 ... 1 0 1 ... at the given times (>= 0): motion without a jump for ever."""
    period = max(2 * (length - 1), 1)
    folded = np.asarray(times) % period
    return np.minimum(folded, period - folded)
