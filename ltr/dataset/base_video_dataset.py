"""What every data set gives: sequences, which of their frames show the target, and frames with boxes."""

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
    """Some frames of one sequence: RGB ``uint8 [H, W, 3]`` images, or files of them that are decoded once it is known
    how large they are needed, and their boxes, ``float32 [n, 4]`` (x, y, w, h) in pixels of the whole image."""

    images: Sequence[Frame]
    boxes: np.ndarray


class FrameSource(Protocol):
    """Anything that gives pictures by item and frame; the backgrounds of cut-and-paste clips are read through it."""

    def __len__(self) -> int:
        """Number of items (pictures or videos)."""

    def num_frames(self, index: int) -> int:
        """Frames of item ``index``; 1 for a picture."""

    def read_images(self, index: int, frame_ids: Sequence[int]) -> list[np.ndarray]:
        """RGB ``uint8 [H, W, 3]`` images, one per frame id; not to be written to."""


class BaseVideoDataset(ABC):
    """A data set of sequences, each with one target.

    ``is_video`` is False if a sequence is one picture that stands for all its frames. ``sequence_weights``
    (``float [len(self)]``) makes some sequences more frequent than others in the sampler; None: all alike.
    """

    name: str
    is_video: bool = True
    sequence_weights: np.ndarray | None = None

    @abstractmethod
    def __len__(self) -> int:
        """Number of sequences."""

    @abstractmethod
    def get_sequence_info(self, seq_id: int) -> SequenceInfo:
        """What the sampler needs to choose frames; reads no image."""

    @abstractmethod
    def get_frames(self, seq_id: int, frame_ids: Sequence[int], rng: np.random.Generator) -> FrameSet:
        """The frames ``frame_ids``, in that order; the images are not to be written to.

        All frames of one call belong together: data sets that make their frames up draw everything that is
            random from ``rng``, once per call.
        """

    def count_boxes(self) -> int | None:
        """Number of boxes that can be used; None if they are made up when they are drawn."""
        return None


def visible_boxes(boxes: np.ndarray, min_side: float) -> np.ndarray:
    """Which of ``boxes [n, 4]`` are finite and have sides of ``min_side`` or more: ``bool [n]``."""
    return np.isfinite(boxes).all(axis=1) & (boxes[:, 2:] >= min_side).all(axis=1)
