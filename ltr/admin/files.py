"""Files that are whole or not there: what every writer of this project writes through. Needs no torch."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cache_folder() -> Path:
    """Of what may be deleted: ``$EBM_TRACKING_CACHE``, or ``ebm-tracking`` among the user's caches."""
    caches = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    return Path(os.environ.get("EBM_TRACKING_CACHE") or caches / "ebm-tracking").expanduser()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside ``path`` to write to: renamed to ``path`` after the block, removed after an error.

    So a reader never sees half a file, and what was there stays until there is something better.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def atomic_write(path: Path, write: Callable[[Path], object]) -> None:
    """Call ``write`` with a temporary name beside ``path``, then rename (see :func:`replacing`)."""
    with replacing(path) as temporary:
        write(temporary)
