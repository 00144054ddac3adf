"""Videos of the user's own: a folder of annotated sequences, or a CSV table of boxes."""

import csv
import glob
import json
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.data.media_files import image_files
from ltr.data.video_frames import count_frames
from ltr.dataset.text_files import read_boxes
from pytracking.evaluation.data import Sequence
from pytracking.evaluation.listing import Loaders
from pytracking.evaluation.video import FrameSource, cropped, open_frames, open_images, open_video

ANNOTATIONS = ("groundtruth_rect.txt", "groundtruth.txt")
VIDEOS = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v")
CSV_COLUMNS = ("video", "x", "y", "w", "h")

_Rows = list[tuple[int, list[float]]]  # frame, box


def list_folder(root: Path) -> Loaders:
    """The annotated sequences in ``root``, in the order of their names.

    <Seq>/groundtruth_rect.txt or groundtruth.txt, with img/, color/, a video or the images beside it; and <Seq>.txt
    beside the video <Seq>.mp4 (.avi, .mov, .mkv, .webm). ``root`` may also be one such sequence.
    """
    if not root.is_dir():
        raise FileNotFoundError(f"{root}: no such folder of sequences")
    files = [file for name in reversed(ANNOTATIONS) for file in (*root.glob(name), *root.glob(f"*/{name}"))]
    by_name = {file.resolve().parent.name: file for file in files}
    loaders: Loaders = {name: partial(_read_folder, name, by_name[name]) for name in sorted(by_name)}
    for video in sorted(p for p in root.iterdir() if p.suffix.lower() in VIDEOS):
        boxes = video.with_suffix(".txt")
        if boxes.is_file():
            loaders[video.stem] = partial(_read_video, video, boxes)
    if not loaders:
        raise FileNotFoundError(f"{root}: holds no <Sequence>/{' or '.join(ANNOTATIONS)}, and no video beside its .txt")
    return loaders


def _read_folder(name: str, annotation: Path) -> Sequence:
    return Sequence(name, "folder", read_boxes(annotation), partial(_folder_frames, annotation.parent))


def _folder_frames(folder: Path) -> FrameSource:
    """img/ or color/, a video (frames.mp4 cut to the size in meta.json: encoders pad odd sides), or the images."""
    for images in (folder / "img", folder / "color"):
        if images.is_dir():
            return open_images(image_files(images), str(folder))
    videos = [p for p in folder.iterdir() if p.suffix.lower() in VIDEOS]
    if not videos:
        return open_images(image_files(folder), str(folder))
    if len(videos) > 1:
        raise ValueError(f"{folder}: expected one video, found {', '.join(sorted(p.name for p in videos))}")
    meta = folder / "meta.json"
    if videos[0].name != "frames.mp4" or not meta.is_file():
        return open_video(videos[0])
    size = json.loads(meta.read_text(encoding="utf-8"))
    return cropped(open_video(videos[0]), int(size["width"]), int(size["height"]))


def _read_video(video: Path, annotation: Path) -> Sequence:
    return Sequence(video.stem, "folder", read_boxes(annotation), partial(open_video, video))


def list_csv(file: Path) -> Loaders:
    """A sequence for each video, and for each ``id`` in it, of a CSV table with the columns video, x, y, w, h.

    video: file, image folder or glob, seen from the table's folder. Optional columns: frame, from 0 (0 where there is
    none: the box is then that of the first frame), and id, for several targets. One row a target is enough; frames
    without a row have no box, and tracking begins at the first that has one.
    """
    if not file.is_file():
        raise FileNotFoundError(f"{file}: no such table")
    grouped: dict[tuple[str, str], _Rows] = {}
    with file.open(newline="", encoding="utf-8-sig") as lines:
        table = csv.DictReader(lines, skipinitialspace=True)
        missing = [name for name in CSV_COLUMNS if name not in (table.fieldnames or ())]
        if missing:
            raise ValueError(f"{file}: no column {', '.join(missing)}; expected a first line {','.join(CSV_COLUMNS)}")
        for row in table:
            try:
                box = [float(row[name]) for name in CSV_COLUMNS[1:]]
                frame = int(row.get("frame") or 0)
            except (TypeError, ValueError):
                raise ValueError(f"{file}:{table.line_num}: expected numbers in x, y, w, h (and frame)") from None
            grouped.setdefault((row["video"], row.get("id") or ""), []).append((frame, box))
    if not grouped:
        raise ValueError(f"{file}: has no rows")
    loaders: Loaders = {}
    for (video, target), rows in grouped.items():
        name = _video_name(Path(video)) + (f"_{target}" if target else "")
        if name in loaders:
            raise ValueError(f"{file}: two videos are called {name}")
        loaders[name] = partial(_read_rows, name, file.parent / video, rows)
    return loaders


def _video_name(video: Path) -> str:
    """street for street.mp4, yard for yard/ and yard/*.png."""
    if glob.has_magic(video.name):
        return video.resolve().parent.name
    return video.stem if video.suffix.lower() in VIDEOS else video.name


def _read_rows(name: str, video: Path, rows: _Rows) -> Sequence:
    length = count_frames(video) if video.suffix.lower() in VIDEOS else open_frames(video).length
    return Sequence(name, "csv", _boxes_by_frame(rows, length or 0, str(video)), partial(open_frames, video))


def _boxes_by_frame(rows: _Rows, length: int, video: str) -> NDArray[np.float64]:
    """Boxes [length, 4], NaN where ``rows`` have none; only the first where they have no other, as in other sets."""
    frames = [frame for frame, _ in rows]
    outside = next((frame for frame in frames if not 0 <= frame < length), None)
    if outside is not None or len(set(frames)) < len(frames):
        what = f"frame {outside} is not among its {length}" if outside is not None else "a frame has two boxes"
        raise ValueError(f"{video}: {what}")
    if frames == [0]:
        return np.array([rows[0][1]])
    boxes = np.full((length, 4), np.nan)
    boxes[frames] = [box for _, box in rows]
    return boxes
