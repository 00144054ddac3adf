"""The batches of tracker training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class TrackingBatch:
    """F frames of B sequences; crops are square, S pixels wide; boxes are (x, y, w, h) in pixels of the crop.

    A *sample* is the same without the dimension B.
    """

    train_images: Tensor  # [F, B, 3, S, S] uint8 RGB
    train_boxes: Tensor  # [F, B, 4] float32
    test_images: Tensor  # [G, B, 3, S, S] uint8 RGB
    test_boxes: Tensor  # [G, B, 4] float32
    test_labels: Tensor  # [G, B, K, K] float32, Gaussian label of the target's center
    ids: tuple[str, ...]  # B names of the sequences and frames, for error reports

    def to(self, device: torch.device | str) -> TrackingBatch:
        """The same batch with every tensor on ``device``."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> TrackingBatch:
        """The same batch in pinned memory; called by the loader."""
        return self._map(Tensor.pin_memory)

    def _map(self, function: Callable[[Tensor], Tensor]) -> TrackingBatch:
        names = [f.name for f in fields(self) if f.name != "ids"]
        tensors: dict[str, Any] = {name: function(getattr(self, name)) for name in names}
        return replace(self, **tensors)


def collate(samples: list[TrackingBatch]) -> TrackingBatch:
    """Stack samples (tensors without the dimension B) along a new second dimension."""
    names = [f.name for f in fields(TrackingBatch) if f.name != "ids"]
    stacked = {name: torch.stack([getattr(sample, name) for sample in samples], dim=1) for name in names}
    return TrackingBatch(**stacked, ids=tuple(name for sample in samples for name in sample.ids))
