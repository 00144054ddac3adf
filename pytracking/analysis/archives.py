"""Published results in a zip or tar file, read like the folder that the archive contains.

A path may continue inside the archive: ``results.zip/OTB100/KCF``. Only text files are unpacked, to a temporary folder.
"""

import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from ltr.utils.errors import InputError

SUFFIXES = (".txt", ".json", ".label", ".ini")  # results, truth, and their companion files
LIMIT = 2**33  # bytes of unpacked text
_DAMAGE = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError)


def find_archive(path: Path) -> Path | None:
    """The archive at ``path`` or above it; None if it is a folder or does not exist. InputError: any other file."""
    file = None if path.is_dir() else next((place for place in (path, *path.parents) if place.is_file()), None)
    if file and not (zipfile.is_zipfile(file) or tarfile.is_tarfile(file)):
        raise InputError(f"{file}: expected a folder, or a whole zip or tar file")
    return file


def unpack_results(texts: Iterable[str], folder: Path) -> tuple[str, ...]:
    """NAME=DIR or DIR of ``--results``; a DIR in an archive is unpacked below ``folder`` (see :func:`unpack`)."""
    return tuple(f"{name}{unpack(Path(path), folder) if path else ''}" for name, path in map(_split, texts))


def archives_of(texts: Iterable[str]) -> list[Path]:
    """The archives that contain a NAME=DIR or DIR of ``--results``."""
    found = (find_archive(Path(path)) for _, path in map(_split, texts))
    return [archive for archive in found if archive]


def _split(text: str) -> tuple[str, str]:
    """Split into ``NAME=`` and DIR."""
    name, equals, path = text.partition("=")
    return (f"{name}=", path) if equals else ("", text)


def unpack(path: Path, folder: Path, limit: int = LIMIT) -> Path:
    """Unpack ``path``, an archive or a path in one, below ``folder``; the unpacked path, or ``path`` if it is neither.

    An archive is unpacked once, to ``folder/<its name>``. Raises InputError if it is damaged, encrypted or unpacks to
    more than ``limit`` bytes, if a name in it points outside the folder, or if it does not contain the path.
    """
    archive = find_archive(path)
    if archive is None:
        return path
    root = _root(archive, folder)
    if not root.exists():
        partial = root.with_suffix(".partial")
        try:
            _unpack_texts(archive, partial, limit)
        except _DAMAGE as error:
            shutil.rmtree(partial)
            raise InputError(f"{archive}: cannot be unpacked ({error})") from None
        partial.rename(root)
    place = root / path.relative_to(archive)
    if not place.is_dir():
        raise InputError(f"{path}: no such folder in {archive}, or no text file in it")
    return place


def _root(archive: Path, folder: Path) -> Path:
    """The folder below ``folder`` to which ``archive`` is unpacked."""
    return folder / f"{zlib.crc32(str(archive.resolve()).encode()):08x}" / archive.name


def as_given(place: Path, archives: Iterable[Path], folder: Path) -> Path:
    """The path in the archive of an unpacked ``place`` below ``folder``; any other ``place`` unchanged."""
    roots = {_root(archive, folder): archive for archive in archives}
    return next((archive / place.relative_to(r) for r, archive in roots.items() if place.is_relative_to(r)), place)


def _unpack_texts(archive: Path, root: Path, limit: int) -> None:
    root.mkdir(parents=True)
    for name, file in _members(archive):
        limit -= _copy(file, root / _safe_place(name), limit)
        if limit < 0:
            raise OSError("it holds more than can be right for text files of boxes")


def _members(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Names and open files of the regular text files in ``archive``, without links and files of operating systems."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if not info.is_dir() and _is_wanted(info.filename):
                    with opened.open(info) as file:
                        yield info.filename, file
        return
    with tarfile.open(archive) as packed:
        for member in packed:
            content = packed.extractfile(member) if member.isfile() and _is_wanted(member.name) else None
            if content is not None:
                yield member.name, content


def _is_wanted(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    hidden = any(part == "__MACOSX" or (part.startswith(".") and part not in (".", "..")) for part in parts)
    return parts[-1].lower().endswith(SUFFIXES) and not hidden


def _safe_place(name: str) -> PurePosixPath:
    """The path of a member relative to the folder of unpacking; OSError if it points outside that folder."""
    place = PurePosixPath(name.replace("\\", "/"))
    if place.is_absolute() or ".." in place.parts or PureWindowsPath(name).drive or "\0" in name:
        raise OSError(f"the name {name!r} in it leads out of the folder")
    return place


def _copy(file: IO[bytes], path: Path, limit: int) -> int:
    """Write ``file`` to ``path``, at most ``limit`` + 1 bytes; return the number of bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with path.open("wb") as out:
        while written <= limit and (piece := file.read(min(2**20, limit + 1 - written))):
            written += out.write(piece)
    return written
