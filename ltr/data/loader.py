"""The training loader: worker processes of one thread each, and the same samples whatever their number."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import torch
from torch.utils.data import DataLoader, Sampler

from ltr.data.batch import TrackingBatch, collate
from ltr.data.sampler import TrackingSampler


class EpochIndices(Sampler[int]):
    """Indices e n ... e n + n - 1 in epoch e of n samples. The epoch travels in the index, so that workers
    that live through many epochs need not be told."""

    def __init__(self, samples_per_epoch: int) -> None:
        self.samples_per_epoch = samples_per_epoch
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The epoch (from 0) of the next pass."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.samples_per_epoch

    def __iter__(self) -> Iterator[int]:
        first = self.epoch * self.samples_per_epoch
        return iter(range(first, first + self.samples_per_epoch))


class TrackingLoader(DataLoader[TrackingBatch]):
    """Batches of a :class:`TrackingSampler`; call :meth:`set_epoch` before every pass.

    Args:
        sampler: the samples.
        batch_size: B; samples left over at the end of an epoch are dropped.
        num_workers: processes that make samples; 0: this one.
        pin_memory: for copies to a CUDA device.
    """

    def __init__(
        self, sampler: TrackingSampler, batch_size: int, num_workers: int = 0, pin_memory: bool = False
    ) -> None:
        self._indices = EpochIndices(len(sampler))
        super().__init__(
            sampler,
            batch_size=batch_size,
            sampler=self._indices,
            num_workers=num_workers,
            collate_fn=collate,
            drop_last=True,
            pin_memory=pin_memory,
            worker_init_fn=_one_thread,
            persistent_workers=num_workers > 0,
        )

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch (from 0) of the next pass over the loader."""
        self._indices.set_epoch(epoch)


def _one_thread(worker: int) -> None:
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
