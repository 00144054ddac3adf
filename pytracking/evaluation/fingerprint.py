"""A digest of the frames of a result: it stays the same if the folder moves, and changes if the images change."""

import hashlib
import os
from pathlib import Path

from pytracking.video.frame_source import FrameSource

_PIECE = 2**20  # bytes


def fingerprint(source: FrameSource) -> str:
    """Hexadecimal SHA-256 that identifies the files of ``source``.

    It covers the name and size of every file, and the first and last MiB of the first, middle and last file. The
    folder does not count, and no frame is decoded. Cameras, streams and drawn frames have no files. Raises OSError if
    a file cannot be read.
    """
    files = source.files
    digest = hashlib.sha256(repr([(path.name, path.stat().st_size) for path in files]).encode())
    for number in sorted({0, len(files) // 2, len(files) - 1}) if files else ():
        digest.update(_ends(files[number]))
    return digest.hexdigest()


def _ends(path: Path) -> bytes:
    with path.open("rb") as file:
        first = file.read(_PIECE)
        file.seek(max(len(first), os.fstat(file.fileno()).st_size - _PIECE))
        return first + file.read()
