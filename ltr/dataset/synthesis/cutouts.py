"""Objects cut out by their masks: rigid ones from COCO-format images, deforming ones from videos."""

from __future__ import annotations

import json
import warnings
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ltr.data.image_loader import load_image
from ltr.dataset.coco_format import coco_arrays, coco_masks, coco_paths, read_json
from ltr.dataset.coco_seq import weigh_sources
from ltr.dataset.sequence_folder import SequenceFolder
from ltr.dataset.synthesis.compositing import Cutout
from ltr.utils.errors import InputError

MASKS = "masks.json"
_BORDER = 2.0  # px; masks nearer to the image border count as truncated
_MARGIN = 2  # px around the mask, where alpha falls to 0


class CutoutBank(ABC):
    """Objects that can be pasted."""

    weights: np.ndarray  # float [len(self)], sampling weights
    groups: np.ndarray  # str [len(self)], category or, for videos, name: objects of one group look alike

    @abstractmethod
    def __len__(self) -> int:
        """Number of objects."""

    @abstractmethod
    def name(self, index: int) -> str:
        """The source of the object, for reports."""

    @abstractmethod
    def load(self, index: int, times: Sequence[int]) -> list[Cutout]:
        """The object at each time (frames >= 0 of a clip); the center of the cut-out is the center of its mask."""


def decode_mask(segmentation: Any, height: int, width: int) -> np.ndarray:
    """COCO's polygons or run lengths (compressed or not) as ``uint8 [height, width]`` of 0 and 1."""
    from pycocotools import mask as coco_mask  # late: few data sets have masks

    if isinstance(segmentation, list):
        segmentation = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        segmentation = coco_mask.frPyObjects(segmentation, height, width)
    with warnings.catch_warnings():
        # pycocotools 2.0.11 uses a conversion that numpy 2 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        return coco_mask.decode(segmentation)


def cut_out(image: np.ndarray, mask: np.ndarray) -> Cutout:
    """The object under ``mask`` (``uint8 [H, W]``, not empty) with a soft edge.

    Hand-drawn masks include a rim of the background, which would be visible as a halo: they are eroded by about a
    pixel, unless the object is very thin.
    """
    x, y, w, h = cv2.boundingRect(mask)
    left, top = max(x - _MARGIN, 0), max(y - _MARGIN, 0)
    region = (slice(top, y + h + _MARGIN), slice(left, x + w + _MARGIN))
    alpha: np.ndarray = mask[region] * np.uint8(255)
    if cv2.countNonZero(mask[region]) > 12 * (w + h):
        alpha = cv2.erode(alpha, np.ones((3, 3), np.uint8))
    return Cutout(np.ascontiguousarray(image[region]), cv2.GaussianBlur(alpha, (3, 3), 0.8))


def _is_whole(boxes: np.ndarray, sizes: np.ndarray, min_side: float) -> np.ndarray:
    """Which ``boxes [..., 4]`` are large enough and not truncated by the border of images of ``sizes [..., 2]``."""
    corner, extent = boxes[..., :2], boxes[..., 2:]
    free = np.minimum(corner, sizes - corner - extent).min(axis=-1) >= _BORDER
    return free & (extent.min(axis=-1) >= min_side)


class CocoCutouts(CutoutBank):
    """Objects with masks in a COCO-format folder (see :class:`ltr.dataset.coco_seq.CocoImages` for the arguments)."""

    def __init__(
        self,
        root: str | Path,
        min_side: float = 24.0,
        source_weights: Mapping[str, float] | None = None,
        split: str = "",
    ) -> None:
        self._path, self._folder = coco_paths(root, split)
        arrays, masks = coco_arrays(self._path), coco_masks(self._path)
        starts, pictures = masks["starts"], arrays["pictures"]
        weights = weigh_sources(arrays["sources"], source_weights or {})[pictures]
        whole = _is_whole(arrays["boxes"], arrays["sizes"][pictures], min_side)
        kept = np.flatnonzero((weights > 0) & (np.diff(starts) > 0) & whole)
        if not len(kept):
            raise InputError(f"{root} has no whole object with a mask and sides of {min_side} px or more")
        self.ids, self.weights, self.groups = arrays["ids"][kept], weights[kept], masks["categories"][kept]
        self._files, self._pictures = arrays["files"], pictures[kept]
        self._masks, self._starts, self._ends = masks["masks"], starts[kept], starts[kept + 1]
        self._label = Path(root).name

    def __len__(self) -> int:
        return len(self.ids)

    def name(self, index: int) -> str:
        return f"{self._label}/{self.ids[index]}"

    def load(self, index: int, times: Sequence[int]) -> list[Cutout]:
        image = load_image(self._folder / str(self._files[self._pictures[index]]))
        segmentation = json.loads(self._masks[self._starts[index] : self._ends[index]].tobytes())
        try:
            mask = decode_mask(segmentation, *image.shape[:2])
        except Exception as error:  # pycocotools raises various types
            raise InputError(f"{self._path}: annotation {self.ids[index]}: segmentation is no mask ({error})") from None
        return [cut_out(image, mask)] * len(times)


class VideoCutouts(CutoutBank):
    """Objects of those sequences of a folder that have a ``masks.json``: a list with COCO's run lengths of
    the object's mask, or null, for every frame. Time runs forwards and backwards over the frames with a complete
    object."""

    def __init__(self, videos: SequenceFolder, min_side: float = 24.0, min_frames: int = 10) -> None:
        self.videos = videos
        self._masks: list[list[dict | None]] = []
        self._frames: list[np.ndarray] = []
        self._sequence: list[int] = []
        for index, sequence in enumerate(videos.sequences):
            path = sequence.folder / MASKS
            if not path.exists():
                continue
            masks = _read_masks(path, len(sequence.boxes))
            whole = np.flatnonzero([_mask_is_whole(mask, min_side) for mask in masks])
            if len(whole) >= min_frames:
                self._masks.append(masks)
                self._frames.append(whole)
                self._sequence.append(index)
        if not self._masks:
            raise InputError(f"no sequence of {videos.name} has {min_frames} frames with a whole object in {MASKS}")
        self.weights = np.ones(len(self._masks))
        self.groups = np.array([videos.sequences[index].name for index in self._sequence])

    def __len__(self) -> int:
        return len(self._masks)

    def name(self, index: int) -> str:
        return str(self.groups[index])

    def load(self, index: int, times: Sequence[int]) -> list[Cutout]:
        frame_ids = self._frames[index][ping_pong_indices(times, len(self._frames[index]))].tolist()
        images = self.videos.read_images(self._sequence[index], frame_ids)
        return [
            cut_out(image, decode_mask(self._masks[index][i], *image.shape[:2]))
            for i, image in zip(frame_ids, images, strict=True)
        ]


def _read_masks(path: Path, num_frames: int) -> list[dict | None]:
    """The content of a ``masks.json``: run lengths, or None, for every frame."""
    masks = read_json(path)
    if not isinstance(masks, list):
        raise InputError(f"{path}: expected a list of masks")
    if len(masks) != num_frames:
        raise InputError(f"{path}: {len(masks)} masks for {num_frames} frames")
    for number, mask in enumerate(masks, start=1):
        if mask and not (isinstance(mask, dict) and {"size", "counts"} <= mask.keys()):
            raise InputError(f"{path}: mask {number}: expected run lengths (size, counts) or null")
    return masks


def _mask_is_whole(mask: dict | None, min_side: float) -> bool:
    if not mask:
        return False
    from pycocotools import mask as coco_mask

    height, width = mask["size"]
    return bool(_is_whole(coco_mask.toBbox(mask), np.array([width, height]), min_side))


def ping_pong_indices(times: Sequence[int], length: int) -> np.ndarray:
    """Frame ids 0 1 ... length-1 ... 1 0 1 ... at the given times (>= 0): endless motion without a jump."""
    period = max(2 * (length - 1), 1)
    folded = np.asarray(times) % period
    return np.minimum(folded, period - folded)
