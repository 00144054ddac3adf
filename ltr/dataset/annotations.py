"""A cache of the annotations of whole data sets.

Reading the boxes of 30,000 videos from text files takes a minute or more at every start of a training. So the arrays
of a data set are stored in one file, with size and time of every source file: changed files are read again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np

from ltr.utils.files import atomic_write, cache_folder

log = logging.getLogger(__name__)

_READERS = b"2"  # version of the readers: cached results of older ones are discarded

Arrays = dict[str, np.ndarray]


def cached(name: str, files: Iterable[Path], make: Callable[[], Arrays]) -> Arrays:
    """The result of ``make()``, from the cache unless one of ``files`` has changed.

    Args:
        name: of the data set; part of the cache file's name.
        files: the inputs of ``make``.
        make: returns arrays of numbers or text by name.

    Raises:
        FileNotFoundError: one of ``files`` does not exist.
    """
    state = hashlib.sha256(_READERS)
    paths = hashlib.sha256()
    for file in files:
        try:
            status = os.stat(file)
        except FileNotFoundError:
            raise FileNotFoundError(f"{name}: {file} does not exist") from None
        paths.update(os.path.abspath(file).encode())
        state.update(f"{status.st_size} {status.st_mtime_ns} ".encode())
    fingerprint = np.frombuffer(state.digest(), np.uint8)
    path = cache_folder() / f"{name}-{paths.hexdigest()[:16]}.npz"
    kept = _load(path, fingerprint)
    if kept is not None:
        return kept
    arrays = make()
    try:
        atomic_write(path, lambda temporary: _save(temporary, {**arrays, "fingerprint": fingerprint}))
    except OSError as error:
        log.warning("annotations of %s are not cached: cannot write %s (%s)", name, path, error)
    return arrays


def _load(path: Path, fingerprint: np.ndarray) -> Arrays | None:
    try:
        with np.load(path, allow_pickle=False) as content:
            if not np.array_equal(content["fingerprint"], fingerprint):
                return None
            return {name: content[name] for name in content.files if name != "fingerprint"}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        log.warning("%s is not readable and is made again (%s)", path, error)
        return None


def _save(path: Path, arrays: Arrays) -> None:
    with path.open("wb") as file:  # numpy adds .npz to the names of files, not to open ones
        np.savez(file, **arrays)  # type: ignore[arg-type]
