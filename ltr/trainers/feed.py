"""The batches of a step, and the errors of a loader."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sized
from typing import Any, Protocol


class Loader(Sized, Protocol):
    """Batches of one epoch; a step takes ``accumulate`` of them."""

    def set_epoch(self, epoch: int, first_batch: int = 0) -> None:
        """Choose the epoch (from 0) of the next pass, and the batch that it begins with."""

    def __iter__(self) -> Iterator[Any]: ...


class LoaderFailed(Exception):
    """A batch could not be made; the network is as the last step left it.

    Args:
        error: the loader's exception.
    """

    def __init__(self, error: Exception) -> None:
        super().__init__(str(error))
        self.error = error


class Feed:
    """The batches of one step after another.

    Args:
        loader: of the batches.
        per_step: batches of a step; an incomplete last step of an epoch is dropped.
    """

    def __init__(self, loader: Loader, per_step: int = 1) -> None:
        self.loader, self.per_step = loader, per_step
        self.waited = 0.0  # seconds, in total

    def __len__(self) -> int:
        """Steps of an epoch."""
        return len(self.loader) // self.per_step

    def steps(self, epoch: int, first_step: int = 0) -> Iterator[list[Any]]:
        """The batches of each step of an epoch (from 0); LoaderFailed if they cannot be made."""
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
    """Whether ``error`` is torch's message that a worker process of the loader died."""
    return isinstance(error, RuntimeError) and str(error).startswith("DataLoader worker")


def plain_message(error: BaseException) -> str:
    """The message of an error; for a dead worker with advice."""
    if not is_dead_worker(error):
        return str(error)
    reason = str(error).partition("\n")[0].strip().rstrip(".")
    return f"a worker process of the loader ended ({reason}); if memory is short, use fewer --num-workers"
