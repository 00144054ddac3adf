"""Annotated videos of one image file per frame, in the layouts of the large data sets."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ltr.data.image_loader import LazyImage
from ltr.dataset.annotations import Arrays, cached
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo, visible_boxes
from ltr.dataset.layouts.base import Layout, SequenceFiles

_READERS = 8  # threads: network disks have a high latency


class ImageSequences(BaseVideoDataset):
    """A split of a data set on disk.

    Args:
        layout: of the data set, see ``ltr.dataset.layouts``.
        root: folder of the data set.
        split: a part of it.
        min_side: targets with a smaller side (pixels) count as not visible.

    Raises:
        FileNotFoundError: the root or a sequence is missing.
        ValueError: unknown split, or invalid annotation file.
    """

    def __init__(self, layout: Layout, root: str | Path, split: str, min_side: float = 4.0) -> None:
        self.layout, self.root, self.min_side = layout, Path(root), min_side
        self.name = f"{layout.name} {split}"
        if not self.root.is_dir():
            raise FileNotFoundError(f"{self.name}: folder {self.root} does not exist")
        self.sequences = layout.sequences(self.root, split)
        count = len(self.sequences) if layout.count is None else layout.count(split)
        check = f"to see what is missing: python -m ltr.util_scripts.check {layout.name} {self.root} --split {split}"
        if len(self.sequences) != count:
            raise FileNotFoundError(
                f"{self.name}: {len(self.sequences):,} of {count:,} sequences are in {self.root}; {check}"
            )
        paths = [file for sequence in self.sequences for file in sequence.annotations]
        try:
            arrays = cached(self.name.replace(" ", "_"), paths, self._read_all)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{error}; {check}") from None
        self._starts, self._boxes = arrays["starts"], arrays["boxes"]

    def _read_all(self) -> Arrays:
        with ThreadPoolExecutor(_READERS) as pool:
            read = pool.map(partial(training_boxes, self.layout), self.sequences)
            total = len(self.sequences)
            boxes = list(tqdm(read, f"annotations of {self.name}", total, leave=False, disable=None))
        starts = np.cumsum([0, *map(len, boxes)])
        return {"starts": starts, "boxes": np.concatenate([np.zeros((0, 4), np.float32), *boxes])}

    def __len__(self) -> int:
        return len(self.sequences)

    def count_boxes(self) -> int:
        return int(np.count_nonzero(visible_boxes(self._boxes, self.min_side)))

    def boxes(self, seq_id: int) -> np.ndarray:
        """Boxes of a sequence ``float32 [n, 4]``, NaN where the target is absent; read-only."""
        return self._boxes[self._starts[seq_id] : self._starts[seq_id + 1]]

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        visible = visible_boxes(self.boxes(seq_id), self.min_side)
        return SequenceInfo(f"{self.name}/{self.sequences[seq_id].name}", visible)

    def num_frames(self, index: int) -> int:
        """Frames of sequence ``index``."""
        return int(self._starts[index + 1] - self._starts[index])

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """Frames of sequence ``index`` as RGB ``uint8 [H, W, 3]``."""
        return [image.full() for image in self._images(index, frame_ids)]

    def _images(self, seq_id: int, frame_ids: Sequence[int]) -> list[LazyImage]:
        return [LazyImage(self.sequences[seq_id].picture_of(i)) for i in frame_ids]

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        return FrameSet(self._images(seq_id, frame_ids), self.boxes(seq_id)[np.asarray(frame_ids)])


def training_boxes(layout: Layout, files: SequenceFiles) -> np.ndarray:
    """Boxes ``float32 [n, 4]`` of a sequence, the first pixel from 0 to 1; NaN where the target is absent or its
    box has no area."""
    truth = files.ground_truth()
    hidden = truth.absent | (truth.boxes[:, 2:] <= 0).any(axis=1)
    boxes = np.where(hidden[:, None], np.nan, truth.boxes).astype(np.float32)
    boxes[:, :2] -= layout.first_pixel
    return boxes
