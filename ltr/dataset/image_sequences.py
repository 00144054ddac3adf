"""Annotated videos of one picture file a frame, in the layouts of the large data sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ltr.data.image_loader import LazyImage
from ltr.dataset.annotations import Arrays, cached
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo
from ltr.utils.errors import InputError

_READERS = 8  # threads: on a network disk the time goes into waiting


@dataclass(frozen=True)
class Layout:
    """Where a data set keeps what. A sequence is named by its path under the root, or so that one follows from it.

    Args:
        name: of the data set.
        splits: what a split may be called, for errors.
        sequences: (root, split) -> the sequences that a complete copy has; ValueError for a split that is none.
        annotations: sequence -> paths of its annotation files under the root.
        read: (root, sequence) -> boxes ``float32 [n, 4]`` (x, y, w, h) in pixels, the first pixel from 0 to 1;
            NaN where the target is absent.
        frame: (sequence, frame from 0) -> path of the picture under the root.
        whole: a split's name where none is given.
        count: split -> number of sequences of a complete copy, where ``sequences`` only lists those found.
    """

    name: str
    splits: str
    sequences: Callable[[Path, str], list[str]]
    annotations: Callable[[str], list[str]]
    read: Callable[[Path, str], np.ndarray]
    frame: Callable[[str, int], str]
    whole: str
    count: Callable[[str], int] | None = None

    def unknown(self, split: str) -> ValueError:
        """The error for a split that does not exist."""
        return InputError(f"{self.name} has no split {split!r}; there are {self.splits}")


def read_split(file: str) -> list[str]:
    """The words of ``ltr/dataset/splits/FILE``."""
    return (files("ltr.dataset") / "splits" / file).read_text().split()


class ImageSequences(BaseVideoDataset):
    """A split of a data set on disk.

    Args:
        layout: of the data set, see ``ltr.dataset.layouts``.
        root: where the data set lies.
        split: which part of it.
        min_side: a target with a side below (pixels) counts as not visible.

    Raises:
        FileNotFoundError: the root or a sequence is missing (the message counts and names the first).
        ValueError: there is no such split, or an annotation file is broken.
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
        paths = [self.root / file for sequence in self.sequences for file in layout.annotations(sequence)]
        try:
            arrays = cached(self.name.replace(" ", "_"), paths, self._read_all)
        except FileNotFoundError as error:
            raise FileNotFoundError(f"{error}; {check}") from None
        self._starts, self._boxes = arrays["starts"], arrays["boxes"]

    def _read_all(self) -> Arrays:
        with ThreadPoolExecutor(_READERS) as pool:
            read = pool.map(lambda sequence: self.layout.read(self.root, sequence), self.sequences)
            total = len(self.sequences)
            boxes = list(tqdm(read, f"annotations of {self.name}", total, leave=False, disable=None))
        starts = np.cumsum([0, *map(len, boxes)])
        return {"starts": starts, "boxes": np.concatenate([np.zeros((0, 4), np.float32), *boxes])}

    def __len__(self) -> int:
        return len(self.sequences)

    def count_boxes(self) -> int:
        return int(np.count_nonzero(visible_boxes(self._boxes, self.min_side)))

    def boxes(self, seq_id: int) -> np.ndarray:
        """Boxes of a sequence ``float32 [n, 4]``, NaN where the target is absent; not to be written to."""
        return self._boxes[self._starts[seq_id] : self._starts[seq_id + 1]]

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        return SequenceInfo(f"{self.name}/{self.sequences[seq_id]}", visible_boxes(self.boxes(seq_id), self.min_side))

    def num_frames(self, index: int) -> int:
        """Frames of sequence ``index``."""
        return int(self._starts[index + 1] - self._starts[index])

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """Frames of sequence ``index`` as RGB ``uint8 [H, W, 3]``."""
        return [image.full() for image in self._images(index, frame_ids)]

    def _images(self, seq_id: int, frame_ids: Sequence[int]) -> list[LazyImage]:
        sequence = self.sequences[seq_id]
        return [LazyImage(self.root / self.layout.frame(sequence, i)) for i in frame_ids]

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        return FrameSet(self._images(seq_id, frame_ids), self.boxes(seq_id)[np.asarray(frame_ids)])


def visible_boxes(boxes: np.ndarray, min_side: float) -> np.ndarray:
    """Which of ``boxes [n, 4]`` are finite and have sides of ``min_side`` or more: ``bool [n]``."""
    return np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= min_side).all(axis=1)


def without_absent(boxes: np.ndarray, absent: Mapping[Path, np.ndarray]) -> np.ndarray:
    """``boxes float32 [n, 4]``, NaN where one has no area, or one of the flags ``[n]`` of a file says it is absent."""
    hidden = np.asarray((boxes[:, 2:] <= 0).any(axis=1))
    for path, flags in absent.items():
        if len(flags) != len(boxes):
            raise InputError(f"{path}: {len(flags)} flags for {len(boxes)} boxes")
        hidden |= flags
    return np.where(hidden[:, None], np.nan, boxes).astype(np.float32)
