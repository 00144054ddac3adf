"""The interface of the data sets: sequences, visibility of their targets, and frames with boxes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ltr.data.image_loader import Frame


@dataclass(frozen=True)
class SequenceInfo:
    """Name of a sequence and, frame by frame, whether its target can be trained on (``bool [n]``)."""

    name: str
    visible: np.ndarray


@dataclass(frozen=True)
class FrameSet:
    """Frames of one sequence: RGB ``uint8 [H, W, 3]`` images, or files that are decoded later at the required size, and
    boxes ``float32 [n, 4]`` (x, y, w, h) in pixels of the full image."""

    images: Sequence[Frame]
    boxes: np.ndarray


class FrameSource(Protocol):
    """Images by item and frame, for the backgrounds of cut-and-paste clips."""

    def __len__(self) -> int:
        """Number of items (images or videos)."""

    def num_frames(self, index: int) -> int:
        """Frames of item ``index``; 1 for an image."""

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """RGB ``uint8 [H, W, 3]`` images, one per frame id; read-only."""


class BaseVideoDataset(ABC):
    """A data set of sequences, each with one target.

    ``is_video`` is False if a sequence is one image, used for all its frames. ``sequence_weights``
    (``float [len(self)]``) are sampling weights; None: all equal.
    """

    name: str
    is_video: bool = True
    sequence_weights: np.ndarray | None = None

    @abstractmethod
    def __len__(self) -> int:
        """Number of sequences."""

    @abstractmethod
    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        """Name and visibility, for the sampler; reads no image."""

    @abstractmethod
    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        """The frames ``frame_ids``, in that order; the images are read-only.

        Data sets that generate their frames draw from ``rng`` once per call, so that the frames of a call fit.
        """

    def count_boxes(self) -> int | None:
        """Number of usable boxes; None if they are generated on the fly."""
        return None


def visible_boxes(boxes: np.ndarray, min_side: float) -> np.ndarray:
    """Which of ``boxes [n, 4]`` are finite and have sides of ``min_side`` or more: ``bool [n]``."""
    return np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= min_side).all(axis=1)
