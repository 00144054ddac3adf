"""The user's own annotated videos, listed in a CSV table of boxes."""

from __future__ import annotations

import csv
import glob
import io
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.media_files import IMAGE_SUFFIXES, image_files, images_among, is_video
from ltr.dataset.own_videos import FrameFiles, Listing, OwnVideo
from ltr.dataset.text_files import LARGEST, read_text
from ltr.utils.errors import InputError

CSV_COLUMNS = ("video", "x", "y", "w", "h")

_Rows = list[tuple[int, list[float]]]  # frame, box


def list_table(file: Path) -> Listing:
    """A sequence for each video, and for each ``id`` in it, of a CSV table with the columns video, x, y, w, h.

    video: file, image folder or glob, relative to the table's folder. Optional columns: frame, from 0 (by default 0),
    and id, for several targets. One row per target is enough; frames without a row have no box, and tracking begins at
    the first one with a box. Separated by commas, semicolons or tabs.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such table")
    videos: dict[str, OwnVideo] = {}
    for (video, target), rows in _read_rows(file).items():
        place = file.parent / video
        name = _video_name(place) + (f"_{target}" if target else "")
        if name in videos:
            raise InputError(f"{file}: two videos are called {name}: {videos[name].place} and {place}; rename one")
        frames = partial(_frames_of, file, video)
        videos[name] = OwnVideo(name, place, partial(_boxes_by_frame, file, rows, frames), frames)
    return Listing(videos)


def _read_rows(file: Path) -> dict[tuple[str, str], _Rows]:
    """Frames and boxes of each video and id."""
    text = read_text(file)
    separator = max(",;\t", key=text.partition("\n")[0].count)
    table = csv.DictReader(io.StringIO(text), skipinitialspace=True, delimiter=separator, restkey="")
    grouped: dict[tuple[str, str], _Rows] = {}
    try:
        missing = [name for name in CSV_COLUMNS if name not in (table.fieldnames or ())]
        if missing:
            raise InputError(f"{file}: no column {', '.join(missing)}; expected a first line {','.join(CSV_COLUMNS)}")
        for row in table:
            frame, box = _frame_and_box(row, f"{file}:{table.line_num}")
            grouped.setdefault((row["video"], row.get("id") or ""), []).append((frame, box))
    except csv.Error as error:
        raise InputError(f"{file}:{table.line_num + 1}: {error}") from None
    if not grouped:
        raise InputError(f"{file}: has no rows")
    return grouped


def _frame_and_box(row: dict[str, str], line: str) -> tuple[int, list[float]]:
    try:
        box = [float(row[name]) for name in CSV_COLUMNS[1:]]
        frame = int(row.get("frame") or 0)
    except (TypeError, ValueError):
        raise InputError(f"{line}: expected numbers in x, y, w, h (and frame)") from None
    if "" in row:  # for example decimal commas
        raise InputError(f"{line}: has more cells than the first line")
    if not ((np.abs(box) <= LARGEST).all() or np.isnan(box).all()):
        raise InputError(f"{line}: expected four finite numbers in x, y, w, h (or four NaN)")
    if not row["video"]:
        raise InputError(f"{line}: names no video")
    return frame, box


def _video_name(place: Path) -> str:
    """street for street.mp4, yard for yard/ and yard/*.png."""
    if not place.exists() and glob.has_magic(str(place)):
        folders = (folder for folder in place.parents if not glob.has_magic(folder.name))
        return next(folders, place.parent).resolve().name
    return place.stem if is_video(place) else place.name


def _frames_of(table: Path, video: str) -> FrameFiles:
    folder, place = table.parent, table.parent / video
    if place.is_dir():
        return FrameFiles(str(place), pictures=tuple(image_files(place)))
    if place.is_file() or is_video(place):
        if place.suffix.lower() in IMAGE_SUFFIXES:
            return FrameFiles(str(place), pictures=(place,), is_single=True)
        return FrameFiles(str(place), place)
    if glob.has_magic(video):
        found = (folder / name for name in glob.glob(video, root_dir=folder))
        return FrameFiles(str(place), pictures=tuple(images_among(found, str(place))))
    raise FileNotFoundError(f"{table}: {place}: no such video file or image folder (a glob of images is fine too)")


def _boxes_by_frame(file: Path, rows: _Rows, frames: partial[FrameFiles]) -> NDArray[np.float64]:
    """Boxes [length, 4], NaN in frames without a row; a single row [1, 4] if only the first frame has a box."""
    files = frames()
    length = files.count()
    numbers = [frame for frame, _ in rows]
    outside = next((frame for frame in numbers if not 0 <= frame < length), None)
    if outside is not None or len(set(numbers)) < len(numbers):
        what = f"frame {outside} is not among its {length}" if outside is not None else "a frame has two boxes"
        raise InputError(f"{file}: {files.name}: {what}")
    if numbers == [0]:
        return np.array([rows[0][1]])
    boxes = np.full((length, 4), np.nan)
    boxes[numbers] = [box for _, box in rows]
    return boxes
