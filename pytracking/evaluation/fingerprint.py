"""Which frames a result was made on: a digest that a moved folder keeps, and other pictures of that name change."""

import hashlib
import os
from pathlib import Path

from pytracking.video.frame_source import FrameSource

_PIECE = 2**20  # bytes


def fingerprint(source: FrameSource) -> str:
    """Hexadecimal SHA-256 of what tells the files of ``source`` from others.

    That is the name and size of every file, and the first and last MiB of the first, middle and last one: the folder
    does not count, and no frame is decoded. Cameras, streams and drawn frames have no files. Raises OSError where a
    file cannot be read.
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
