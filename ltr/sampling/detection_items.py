"""Samples of detector training: images with all their boxes, in random order, mirrored, in batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from ltr.dataset.detection import DetectionImage
from ltr.sampling.workers import Guarded, batches_or_error, guarded, start_worker


@dataclass(frozen=True)
class DetectionSample:
    """An image ``float32 [3, H, W]`` (RGB, 0..1), its boxes ``[n, 4]`` (x, y, w, h; pixels) and labels ``[n]``."""

    id: int
    image: Tensor
    boxes: Tensor
    labels: Tensor


@dataclass(frozen=True)
class DetectionSampleBatch:
    """Samples of any sizes."""

    pictures: list[DetectionSample]

    @property
    def ids(self) -> list[int]:
        """Ids of the images, for messages."""
        return [picture.id for picture in self.pictures]

    def to(self, device: torch.device | str) -> DetectionSampleBatch:
        """The same batch on ``device``."""
        return DetectionSampleBatch(
            [DetectionSample(p.id, p.image.to(device), p.boxes.to(device), p.labels.to(device)) for p in self.pictures]
        )


def mirror_boxes(boxes: Tensor, width: float) -> Tensor:
    """Boxes ``[..., 4]`` (x, y, w, h) in an image of ``width`` pixels, mirrored left to right."""
    x, y, w, h = boxes.unbind(-1)
    return torch.stack([width - x - w, y, w, h], dim=-1)


def load_sample(source: DetectionImage, mirrored: bool) -> DetectionSample:
    """Read an image with its boxes, mirrored on request."""
    image = torch.from_numpy(source.read()).permute(2, 0, 1).float() / 255
    boxes = torch.from_numpy(source.boxes)
    if mirrored:
        image, boxes = image.flip(-1), mirror_boxes(boxes, image.shape[-1])
    return DetectionSample(source.id, image, boxes, torch.from_numpy(source.labels))


Load = Callable[[DetectionImage, bool], Any]
"""An image, and whether to mirror it -> an item of a loader."""


class EndlessSamples(Dataset[Any]):
    """Samples in one random order after another, half of them mirrored; item i depends on the seed and i alone.

    Args:
        pictures: the images.
        load: makes an item.
        seed: of order and mirroring; None: in the given order, not mirrored.
    """

    def __init__(self, pictures: Sequence[DetectionImage], load: Load, seed: int | None) -> None:
        self.pictures, self.load, self.seed = pictures, load, seed

    def __getitem__(self, index: int) -> Any:
        turn, position = divmod(index, len(self.pictures))
        if self.seed is None:
            return self.load(self.pictures[position], False)
        rng = np.random.default_rng((self.seed, turn))
        order, coins = rng.permutation(len(self.pictures)), rng.random(len(self.pictures))
        return self.load(self.pictures[order[position]], bool(coins[position] < 0.5))


class DetectionLoader:
    """Batches of :class:`EndlessSamples`: epoch e is made of items e n ... e n + n - 1.

    Args:
        dataset: the samples.
        per_epoch: n; the last batch of an epoch may be smaller.
        batch_size: images of a batch.
        collate: a list of items -> a batch.
        num_workers: processes that load; 0: this one.
    """

    def __init__(
        self,
        dataset: EndlessSamples,
        per_epoch: int,
        batch_size: int,
        collate: Callable[[list[Any]], Any] = list,
        num_workers: int = 0,
    ) -> None:
        self.dataset, self.per_epoch, self.batch_size = dataset, per_epoch, batch_size
        self.collate, self.num_workers = collate, num_workers
        self.set_epoch(0)

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch (from 0) of the next pass, and the batch that it begins with."""
        self.epoch, self.first_batch = epoch, first_batch

    def __len__(self) -> int:
        return -(-self.per_epoch // self.batch_size)

    def __iter__(self) -> Iterator[Any]:
        begin = self.epoch * self.per_epoch
        indices = range(begin + self.first_batch * self.batch_size, begin + self.per_epoch)
        loader = DataLoader(
            Guarded(self.dataset),
            batch_size=self.batch_size,
            sampler=indices,
            num_workers=self.num_workers,
            collate_fn=guarded(self.collate),
            worker_init_fn=start_worker,
        )
        return batches_or_error(loader)
