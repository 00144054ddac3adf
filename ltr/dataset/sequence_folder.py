"""Annotated videos, one folder each: ``frames.mp4`` or ``img/*.jpg|png`` beside ``groundtruth_rect.txt``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr.data.image_loader import LazyImage
from ltr.data.media_files import frame_order, is_image
from ltr.data.video_frames import VideoCache, count_frames
from ltr.dataset.annotations import read_boxes
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo
from ltr.dataset.image_sequences import visible_boxes

GROUND_TRUTH = "groundtruth_rect.txt"


@dataclass(frozen=True)
class FolderSequence:
    """Where the frames of a sequence lie (one video file, or one file a frame) and its boxes ``float32 [n, 4]``."""

    folder: Path
    frames: Path | list[Path]
    boxes: np.ndarray  # NaN or no area: the target is absent


def read_sequence(folder: Path) -> FolderSequence:
    """The sequence in ``folder``; ValueError where the number of boxes is not the number of frames."""
    video = folder / "frames.mp4"
    frames: Path | list[Path]
    if video.exists():
        frames, found = video, count_frames(video)
    else:
        frames = sorted(filter(is_image, (folder / "img").glob("*")), key=frame_order)
        found = len(frames)
    if not found:
        raise FileNotFoundError(f"{folder} has neither frames.mp4 nor pictures in img/")
    boxes = read_boxes(folder / GROUND_TRUTH)
    if len(boxes) != found:
        raise ValueError(f"{folder}: {found} frames but {len(boxes)} boxes in {GROUND_TRUTH}")
    return FolderSequence(folder, frames, boxes)


def list_sequences(root: str | Path) -> list[str]:
    """Names of the sequence folders in ``root`` (those with a ``groundtruth_rect.txt``), sorted."""
    return sorted(path.parent.name for path in Path(root).glob(f"*/{GROUND_TRUTH}"))


class SequenceFolder(BaseVideoDataset):
    """All annotated videos in a folder.

    Args:
        root: folder of sequence folders (those with a ``groundtruth_rect.txt``).
        name: how the data set is called in reports.
        sequences: names of the folders to take; None: all. An empty list is an error.
        min_side: a target with a side below (pixels) counts as not visible.
        cache: where decoded videos are kept.
    """

    def __init__(
        self,
        root: str | Path,
        name: str = "video",
        sequences: Sequence[str] | None = None,
        min_side: float = 4.0,
        cache: VideoCache | None = None,
    ) -> None:
        self.name = name
        self.min_side = min_side
        self._cache = VideoCache() if cache is None else cache
        if not Path(root).is_dir():
            raise FileNotFoundError(f"folder of sequences does not exist: {root}")
        found = list_sequences(root)
        names = found if sequences is None else sequences
        missing = sorted(set(names) - set(found))
        if missing or not found:
            raise FileNotFoundError(f"{root}: no {GROUND_TRUTH} for {', '.join(missing) or 'any sequence'}")
        if not names:
            raise ValueError(f"{root}: no sequence is left (all {len(found)} are held out)")
        self.sequences = [read_sequence(Path(root) / name) for name in names]

    def __len__(self) -> int:
        return len(self.sequences)

    def count_boxes(self) -> int:
        return sum(int(np.count_nonzero(visible_boxes(s.boxes, self.min_side))) for s in self.sequences)

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        sequence = self.sequences[seq_id]
        return SequenceInfo(f"{self.name}/{sequence.folder.name}", visible_boxes(sequence.boxes, self.min_side))

    def num_frames(self, index: int) -> int:
        """Frames of sequence ``index``."""
        return len(self.sequences[index].boxes)

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """Frames of sequence ``index`` as RGB ``uint8 [H, W, 3]``."""
        return [image.full() if isinstance(image, LazyImage) else image for image in self._images(index, frame_ids)]

    def _images(self, seq_id: int, frame_ids: Sequence[int]) -> list[np.ndarray] | list[LazyImage]:
        frames = self.sequences[seq_id].frames
        if isinstance(frames, Path):
            return self._cache.read(frames, frame_ids)
        return [LazyImage(frames[i]) for i in frame_ids]

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        return FrameSet(self._images(seq_id, frame_ids), self.sequences[seq_id].boxes[np.asarray(frame_ids)])
