"""The batches of a step, and what is told of a loader that fails."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sized
from typing import Any, Protocol


class Loader(Sized, Protocol):
    """Batches, an epoch at a time; a step takes ``accumulate`` of them."""

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch (from 0) of the next pass, and the batch that it begins with."""

    def __iter__(self) -> Iterator[Any]: ...


class LoaderFailed(Exception):
    """A batch could not be made; the network is as the last step left it.

    Args:
        error: that the loader raised.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Feed:
    """The batches of one step after another.

    Args:
        loader: of the batches.
        per_step: batches that a step takes; what is left over at the end of an epoch is dropped.
    """

    def __init__(self, loader: Loader, per_step: int = 1) -> None:
        self.loader, self.per_step = loader, per_step
        self.waited = 0.0  # seconds, since the beginning

    def __len__(self) -> int:
        """Steps of an epoch."""
        return len(self.loader) // self.per_step

    def steps(self, epoch: int, first_step: int = 0) -> Iterator[list[Any]]:
        """The batches of each step of an epoch (from 0); LoaderFailed where they cannot be made."""
        self.loader.set_epoch(epoch, first_step * self.per_step)
        batches: Iterator[Any] | None = None
        while True:
            begin = time.perf_counter()
            try:
                batches = iter(self.loader) if batches is None else batches
                step = list(itertools.islice(batches, self.per_step))
            except Exception as error:
                raise LoaderFailed(error) from error
            self.waited += time.perf_counter() - begin
            if len(step) < self.per_step:
                return
            yield step


def is_dead_worker(error: BaseException) -> bool:
    """Whether torch says with ``error`` that a process which makes samples has ended."""
    return isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker")


def plain_message(error: BaseException) -> str:
    """What an error says; of a dead worker, what may help."""
    if not is_dead_worker(error):
        return str(error)
    reason = str(error).partition("\n")[0].strip().rstrip(".")
    return f"a process that makes samples ended ({reason}); where memory is short, take fewer --num-workers"
