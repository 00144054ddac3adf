"""The user's own annotated videos as training data: a folder of sequences, or a CSV table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ltr.data.image_loader import LazyImage, levels_of_files
from ltr.data.levels import SequenceLevels
from ltr.data.video_frames import VideoCache
from ltr.dataset.base_video_dataset import BaseVideoDataset, FrameSet, SequenceInfo, visible_boxes
from ltr.dataset.own_videos import GROUND_TRUTH, FrameFiles, Listing, OwnVideo, list_folder
from ltr.dataset.video_table import list_table
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class FolderSequence:
    """A sequence: its folder (or video file), its frames, and its boxes ``float32 [n, 4]``."""

    name: str
    folder: Path
    frames: FrameFiles
    boxes: np.ndarray  # NaN or no area: the target is absent
    levels: SequenceLevels


def list_videos(root: Path) -> Listing:
    """The annotated videos of a folder or of a ``.csv`` table."""
    return list_table(root) if root.suffix.lower() == ".csv" and not root.is_dir() else list_folder(root)


def read_sequence(video: OwnVideo) -> FolderSequence:
    """The sequence; ValueError if the numbers of boxes and frames differ."""
    frames, boxes = video.frames(), video.boxes()
    found = frames.count()
    if len(boxes) != found:
        raise InputError(f"{frames.name}: {found} frames but {len(boxes)} boxes; training needs one a frame")
    return FolderSequence(video.name, video.place, frames, boxes.astype(np.float32), levels_of_files(frames.pictures))


def list_sequences(root: str | Path) -> list[str]:
    """Names of the annotated videos in ``root``, sorted; empty if there are none."""
    try:
        return sorted(list_videos(Path(root)).videos)
    except FileNotFoundError:
        return []


class SequenceFolder(BaseVideoDataset):
    """All annotated videos in a folder, or of a table.

    Args:
        root: folder of sequences (``ltr.dataset.own_videos``), or a CSV table (``ltr.dataset.video_table``).
        name: of the data set in reports.
        sequences: names to use; None: all. An empty list is an error.
        min_side: targets with a smaller side (pixels) count as not visible.
        cache: of decoded videos.
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
        found = list_videos(Path(root)).videos
        names = list(found) if sequences is None else sequences
        missing = sorted(set(names) - set(found))
        if missing:
            raise FileNotFoundError(f"{root}: no {GROUND_TRUTH} for {', '.join(missing)}")
        if not names:
            raise InputError(f"{root}: no sequence is left (all {len(found)} are held out)")
        self.sequences = [read_sequence(found[name]) for name in names]

    def __len__(self) -> int:
        return len(self.sequences)

    def count_boxes(self) -> int:
        return sum(int(np.count_nonzero(visible_boxes(s.boxes, self.min_side))) for s in self.sequences)

    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        sequence = self.sequences[seq_id]
        return SequenceInfo(f"{self.name}/{sequence.name}", visible_boxes(sequence.boxes, self.min_side))

    def num_frames(self, index: int) -> int:
        """Frames of sequence ``index``."""
        return len(self.sequences[index].boxes)

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """Frames of sequence ``index`` as RGB ``uint8 [H, W, 3]``."""
        return [image.full() if isinstance(image, LazyImage) else image for image in self._images(index, frame_ids)]

    def _images(self, seq_id: int, frame_ids: Sequence[int]) -> list[np.ndarray] | list[LazyImage]:
        sequence = self.sequences[seq_id]
        files = sequence.frames
        if files.video is None:
            return [LazyImage(files.pictures[i], sequence.levels) for i in frame_ids]
        images = self._cache.read(files.video, frame_ids)
        if files.size is None:
            return images
        width, height = files.size
        return [image[:height, :width] for image in images]

    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        return FrameSet(self._images(seq_id, frame_ids), self.sequences[seq_id].boxes[np.asarray(frame_ids)])
