"""Images with boxes in COCO format, every box a sequence of one frame (as pytracking trains on COCO)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr.data.crop import share_inside
from ltr.data.image_loader import LazyImage
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo
from ltr.dataset.coco_format import coco_arrays, coco_paths
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class BoxFilter:
    """Limits of usable boxes; sides in image pixels."""

    min_side: float = 12.0
    max_aspect: float = 6.0  # longer side / shorter side
    max_size_fraction: float = 0.5  # sqrt(box area / image area): crops of larger boxes are mostly border
    min_inside: float = 0.5  # fraction of its area inside the image

    def accepts(self, boxes: np.ndarray, sizes: np.ndarray) -> np.ndarray:
        """Which ``boxes [n, 4]`` (x, y, w, h) in images of ``sizes [n, 2]`` (width, height) pass: ``bool [n]``."""
        short, long = boxes[:, 2:].min(axis=1), boxes[:, 2:].max(axis=1)
        large = short >= self.min_side  # False for NaN
        fraction = np.sqrt(np.where(large, short * long, 0) / sizes.prod(axis=1))
        shaped = large & (long <= self.max_aspect * short) & (fraction <= self.max_size_fraction)
        return shaped & (share_inside(boxes, sizes) >= self.min_inside)


def weigh_sources(sources: Sequence[str] | np.ndarray, weights: Mapping[str, float]) -> np.ndarray:
    """The weight of every source, by default 1; ValueError for unknown names."""
    names, index = np.unique(np.asarray(sources, dtype=np.str_), return_inverse=True)
    unknown = set(weights) - set(names.tolist())
    if unknown:
        raise InputError(f"source_weights name sources that do not occur: {', '.join(sorted(unknown))}")
    return np.array([weights.get(name, 1.0) for name in names.tolist()])[index]


class CocoImages(BaseVideoDataset):
    """One-frame sequences from a folder in COCO format (see :func:`~ltr.dataset.coco_format.coco_paths`).

    Args:
        root: the folder.
        name: of the data set in reports.
        split: such as ``train2017``, if there are several.
        box_filter: other boxes, and crowds, are skipped.
        source_weights: weight of every box by its image's ``dataset`` field, by default 1; 0 skips it.
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
        arrays = coco_arrays(path)
        self._files, picture_sizes = arrays["files"], arrays["sizes"]
        boxes = arrays["boxes"].astype(np.float32)
        weights = weigh_sources(arrays["sources"], source_weights or {})[arrays["pictures"]]
        kept = (weights > 0) & box_filter.accepts(boxes, picture_sizes[arrays["pictures"]])
        if not kept.any():
            raise InputError(f"no box of {root} passes {box_filter}")
        self.ids, self.boxes, self.pictures = arrays["ids"][kept], boxes[kept], arrays["pictures"][kept]
        self.sources, self.image_sizes = arrays["sources"][self.pictures], picture_sizes[self.pictures]
        self.sequence_weights = weights[kept]

    def __len__(self) -> int:
        return len(self.ids)

    def count_boxes(self) -> int:
        return len(self)

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo(f"{self.name}/{self.ids[seq_id]}", np.ones(1, dtype=bool))

    def num_frames(self, index: int) -> int:
        """1, for an image."""
        return 1

    def _image(self, index: int) -> LazyImage:
        return LazyImage(self._folder / str(self._files[self.pictures[index]]))

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """The image of sequence ``index``, once per frame id (the same array)."""
        return [self._image(index).full()] * len(frame_ids)

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        return FrameSet([self._image(seq_id)] * len(frame_ids), np.tile(self.boxes[seq_id], (len(frame_ids), 1)))
