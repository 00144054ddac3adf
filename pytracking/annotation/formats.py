"""The formats of annotated videos, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ltr.utils.errors import InputError, printable_errors
from pytracking.annotation import tables
from pytracking.annotation.model import Annotations, VideoInfo

UNKNOWN = VideoInfo()


@dataclass(frozen=True)
class Format:
    """One format.

    what: it is, for people. read: path, what is known of the video -> annotations; None: it is only written. write:
    annotations, path. folder: it is a folder, not a file. suffix: of the file, by which it is recognized. matches: path
    -> whether it is in this format, by its content.
    """

    what: str
    write: Callable[[Annotations, Path], None]
    read: Callable[[Path, VideoInfo], Annotations] | None = None
    folder: bool = False
    suffix: str = ""
    matches: Callable[[Path], bool] = lambda path: False


FORMATS: dict[str, Format] = {
    "json": Format("this toolkit's JSON, complete", tables.write_json, tables.read_json, suffix=".json"),
    "csv": Format("this toolkit's table", tables.write_csv, tables.read_csv, suffix=".csv"),
}


def read(path: Path, format: str = "", video: VideoInfo = UNKNOWN) -> Annotations:
    """The annotations in ``path``.

    Args:
        path: file, or folder for formats that are one.
        format: a name of ``FORMATS``; empty: found out from the path.
        video: what is known of the video, where the file does not say it. YOLO and Label Studio need its size.
    Raises:
        InputError: unknown format, or a file that is not in it; the message names the file and line or element.
        FileNotFoundError: there is no such file.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"{path}: no such file or folder")
    name = format or _format_of(path)
    found = _known(name)
    if found.read is None:
        readable = ", ".join(name for name, known in FORMATS.items() if known.read)
        raise InputError(f"{name} is only written, not read; {readable} are read")
    if found.folder and not path.is_dir():
        raise InputError(f"{path}: {name} ({found.what}) is a folder")
    if not found.folder and path.is_dir():
        raise InputError(f"{path}: is a folder; {name} ({found.what}) is a file")
    with printable_errors():
        try:
            return found.read(path, video)
        except InputError as error:
            raise error if str(path) in str(error) else InputError(f"{path}: {error}") from None


def write(annotations: Annotations, path: Path, format: str = "") -> None:
    """Write ``annotations`` to ``path``; the format (empty: by the suffix) as for :func:`read`.

    Raises:
        InputError: unknown format; the annotations lack what it needs, such as the size of the frames; a folder that
            is not empty.
    """
    path = Path(path)
    name = format or _by_suffix(path)
    found = _known(name)
    if found.folder and path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise InputError(f"{path}: is there already; {name} is written to a folder that does not exist or is empty")
    if not found.folder and path.is_dir():
        raise InputError(f"{path}: is a folder; give the name of a file")
    found.write(annotations, path)


def _known(name: str) -> Format:
    if name not in FORMATS:
        raise InputError(f"unknown format {name!r}; there are {', '.join(FORMATS)}")
    return FORMATS[name]


def _format_of(path: Path) -> str:
    """The format of an existing file or folder."""
    return next((name for name, known in FORMATS.items() if known.read and known.matches(path)), _by_suffix(path))


def _by_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    name = next((name for name, known in FORMATS.items() if suffix and known.suffix == suffix), "")
    if not name:
        raise InputError(f"{path}: the name does not tell the format; give one of {', '.join(FORMATS)}")
    return name
