"""Worker processes that make samples, with one thread each and Ctrl-C ignored. The main process raises their errors
unchanged, where torch would wrap the message in the worker's traceback."""

from __future__ import annotations

import pickle
import signal
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import torch
from torch.utils.data import Dataset, get_worker_info

from ltr.utils.errors import InputError


@dataclass(frozen=True)
class Failure:
    """Replaces a sample that could not be made."""

    error: Exception


class Guarded(Dataset[Any]):
    """``dataset``, with a :class:`Failure` in place of bad input (InputError, OSError) in a worker."""

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset

    def __getitem__(self, index: int) -> Any:
        if get_worker_info() is None:
            return self.dataset[index]
        try:
            return self.dataset[index]
        except (InputError, OSError) as error:
            portable = _portable(error)
            portable.add_note(f"in a worker:\n{traceback.format_exc()}")  # shown with a traceback, not in the message
            return Failure(portable)

    def __len__(self) -> int:
        return len(self.dataset)  # type: ignore[arg-type]


def guarded(collate: Callable[[list[Any]], Any]) -> Callable[[list[Any]], Any]:
    """``collate``, but a batch with a :class:`Failure` becomes that failure."""
    return partial(_collate, collate)


def _collate(collate: Callable[[list[Any]], Any], items: list[Any]) -> Any:
    return next((item for item in items if isinstance(item, Failure)), None) or collate(items)


def batches_or_error(batches: Iterable[Any]) -> Iterator[Any]:
    """The batches of a loader; the error of a :class:`Failure` is raised."""
    for batch in batches:
        if isinstance(batch, Failure):
            raise batch.error
        yield batch


def start_worker(worker: int) -> None:
    """Initialize a worker process."""
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    # Ctrl-C reaches all processes of a terminal; the main one handles it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _portable(error: Exception) -> Exception:
    """``error``, or one with the same message if it cannot be pickled."""
    try:
        copy = pickle.loads(pickle.dumps(error))
        assert isinstance(copy, Exception)
        return copy
    except Exception:
        return (OSError if isinstance(error, OSError) else InputError)(str(error))
