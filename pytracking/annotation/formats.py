"""The formats of annotated videos, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ltr.utils.errors import InputError, printable_errors
from pytracking.annotation import coco, cvat, keyframes, label_studio, mot, row_files, tables, yolo
from pytracking.annotation.model import Annotations, VideoInfo

UNKNOWN = VideoInfo()


@dataclass(frozen=True)
class Format:
    """One format.

    what: it is, for people. read: path, what is known of the video -> annotations; None: it is only written. write:
    annotations, path. folder: it is written as a folder, not a file. suffix: of the file, by which it is recognized.
    matches: path -> whether it is in this format, by its content.
    """

    what: str
    write: Callable[[Annotations, Path], None]
    read: Callable[[Path, VideoInfo], Annotations] | None = None
    folder: bool = False
    suffix: str = ""
    matches: Callable[[Path], bool] = lambda path: False


FORMATS: dict[str, Format] = {
    "cvat": Format("CVAT for video 1.1", cvat.write_cvat, cvat.read_cvat, suffix=".xml", matches=cvat.is_cvat),
    "label-studio": Format(
        "Label Studio's JSON of video rectangles",
        label_studio.write_label_studio,
        label_studio.read_label_studio,
        matches=label_studio.is_label_studio,
    ),
    "mot": Format("MOT-Challenge", mot.write_mot, mot.read_mot, folder=True, matches=mot.is_mot),
    "coco": Format("COCO with track ids", coco.write_coco_video, coco.read_coco_video, matches=coco.is_coco),
    "yolo": Format("YOLO's labels with track ids", yolo.write_yolo, yolo.read_yolo, folder=True, matches=yolo.is_yolo),
    "vot": Format("a sequence of VOT", row_files.write_vot, row_files.read_vot, folder=True, matches=row_files.is_vot),
    "got10k": Format(
        "a sequence of GOT-10k",
        row_files.write_got10k,
        row_files.read_got10k,
        folder=True,
        matches=row_files.is_got10k,
    ),
    "folder": Format(
        "groundtruth_rect.txt, to train or evaluate on (folder:DIR)",
        row_files.write_folder,
        row_files.read_folder,
        folder=True,
        matches=row_files.is_folder,
    ),
    "after-effects": Format(
        "keyframes of After Effects",
        keyframes.write_after_effects,
        keyframes.read_after_effects,
        folder=True,
        matches=keyframes.is_after_effects,
    ),
    "nuke": Format("a script of Nuke", keyframes.write_nuke, suffix=".nk"),
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
    if name == "yolo" and not path.is_dir():
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
    found = (name for name, known in FORMATS.items() if known.read and known.matches(path))
    return next(found, None) or _by_suffix(path)


def _by_suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    name = next((name for name, known in FORMATS.items() if suffix and known.suffix == suffix), "")
    if not name:
        raise InputError(f"{path}: the name does not tell the format; give one of {', '.join(FORMATS)}")
    return name
