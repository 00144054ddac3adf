"""The training loader: single-threaded worker processes; the samples do not depend on their number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from torch.utils.data import DataLoader, Sampler

from ltr.data.batch import TrackingBatch, collate
from ltr.sampling.sampler import TrackingSampler
from ltr.sampling.workers import Guarded, batches_or_error, guarded, start_worker
from ltr.utils.errors import InputError


@dataclass(frozen=True)
class BatchShard:
    """The part of every batch for one process, in ``accumulate`` equal turns; by default the whole batch."""

    rank: int = 0
    processes: int = 1
    accumulate: int = 1

    def size(self, batch_size: int) -> int:
        """Samples of a turn; ValueError if the batch cannot be divided."""
        size, rest = divmod(batch_size, self.processes * self.accumulate)
        if rest or not size:
            raise InputError(
                f"optim.batch_size: {batch_size} samples cannot be shared by {self.processes} processes in "
                f"{self.accumulate} equal turns each"
            )
        return size


WHOLE_BATCH = BatchShard()


class EpochIndices(Sampler[int]):
    """Indices e n ... e n + n - 1 in epoch e of n samples, or a process's shard of every batch of them. The epoch
    is part of the index, so persistent workers need no message about it.

    Args:
        samples_per_epoch: n; an incomplete last batch is dropped if ``shard`` is not the whole batch.
        batch_size: of all processes together; needed for shards and for :meth:`set_epoch` with a first batch.
        shard: of this process.
    """

    def __init__(self, samples_per_epoch: int, batch_size: int = 1, shard: BatchShard = WHOLE_BATCH) -> None:
        self.samples_per_epoch, self.batch_size, self.shard = samples_per_epoch, batch_size, shard
        self.epoch, self.first_batch = 0, 0

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """The epoch (from 0) of the next pass, and the turn that it begins with."""
        self.epoch, self.first_batch = epoch, first_batch

    def __len__(self) -> int:
        if self.shard == WHOLE_BATCH:
            return self.samples_per_epoch
        return self.samples_per_epoch // self.batch_size * (self.batch_size // self.shard.processes)

    def __iter__(self) -> Iterator[int]:
        first, size, shard = self.epoch * self.samples_per_epoch, self.shard.size(self.batch_size), self.shard
        if shard == WHOLE_BATCH:
            return iter(range(first + self.first_batch * size, first + self.samples_per_epoch))
        turns = range(self.first_batch, len(self) // size)
        # Turn t is part t mod a of batch t div a; within a turn, the processes' parts follow one another.
        starts = ((turn * shard.processes + shard.rank) * size for turn in turns)
        return itertools.chain.from_iterable(range(first + start, first + start + size) for start in starts)


class TrackingLoader(DataLoader[TrackingBatch]):
    """Batches of a :class:`TrackingSampler`; call :meth:`set_epoch` before every pass.

    The samples of a batch do not depend on the number of processes.

    Args:
        sampler: the samples.
        batch_size: B, of all processes together; samples left over at the end of an epoch are dropped.
        num_workers: processes that make samples; 0: this one.
        pin_memory: for copies to a CUDA device.
        shard: of every batch for this process.
    """

    def __init__(
        self,
        sampler: TrackingSampler,
        batch_size: int,
        num_workers: int = 0,
        pin_memory: bool = False,
        shard: BatchShard = WHOLE_BATCH,
    ) -> None:
        self._indices = EpochIndices(len(sampler), batch_size, shard)
        super().__init__(
            Guarded(sampler),
            batch_size=shard.size(batch_size),
            sampler=self._indices,
            num_workers=num_workers,
            collate_fn=guarded(collate),
            drop_last=True,
            pin_memory=pin_memory,
            worker_init_fn=start_worker,
            persistent_workers=num_workers > 0,
        )

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch (from 0) of the next pass over the loader, and the batch that it begins with."""
        self._indices.set_epoch(epoch, first_batch)

    def __iter__(self) -> Iterator[TrackingBatch]:  # type: ignore[override]
        return batches_or_error(super().__iter__())
