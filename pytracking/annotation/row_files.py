"""Formats with a row x,y,w,h for each frame: VOT, GOT-10k, and the folders of videos that this toolkit trains on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ltr.dataset.layouts.got10k import ABSENCE, COVER, META, files_of
from ltr.dataset.layouts.vot import region_box
from ltr.dataset.text_files import annotation_files, read_boxes, read_text
from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import at
from pytracking.annotation.model import LABEL, LARGEST_SIDE, AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo

NO_REGION = "0"  # VOT's code for a frame without a region
HALF_COVER, FULL_COVER = 4, 8  # visible eighths in GOT-10k's cover.label
_Row = Callable[[AnnotatedBox | None], str]


def is_got10k(path: Path) -> bool:
    """Whether ``path`` is a sequence's folder of GOT-10k."""
    return (path / "groundtruth.txt").is_file() and (path / META).is_file()


def is_vot(path: Path) -> bool:
    """Whether ``path`` is a sequence's folder of VOT's toolkit."""
    return (path / "sequence").is_file() and bool(_vot_files(path))


def is_folder(path: Path) -> bool:
    """Whether ``path`` is a folder with groundtruth_rect.txt, or several of them."""
    return path.is_dir() and any(file.name.lower().startswith("groundtruth_rect") for file in path.glob("*.txt"))


def read_got10k(path: Path, video: VideoInfo) -> Annotations:
    """``groundtruth.txt``, and absence.label, cover.label and meta_info.ini if they are there.

    Occluded: half of the target, or more, is hidden.
    """
    folder = _folder(path)
    files = files_of(folder.parent, folder.name)
    flags, meta = tuple(file for file in files.flags if file.is_file()), folder / META
    truth = replace(files, flags=flags, meta=meta).ground_truth()
    cover = _labels(folder / COVER, len(truth.boxes))
    rows = np.where(truth.absent[:, None], np.nan, truth.boxes)
    known = truth.image_size is not None and max(truth.image_size) <= LARGEST_SIDE
    size = (int(truth.image_size[0]), int(truth.image_size[1])) if truth.image_size and known else None
    track = _track(0, rows, [label <= HALF_COVER for label in cover])
    return Annotations((track,), VideoInfo(size, len(rows)).completed(video))


def _labels(path: Path, count: int) -> list[int]:
    if not path.is_file():
        return [FULL_COVER] * count
    return [int(word) for word in read_text(path).split()]  # checked with the boxes


def read_vot(path: Path, video: VideoInfo) -> Annotations:
    """``groundtruth.txt``, or ``groundtruth_<id>.txt`` for several targets; of polygons and masks, the boxes around."""
    files = [path] if path.is_file() else _vot_files(path)
    if not files:
        raise InputError(f"{path}: holds no groundtruth.txt")
    tracks = []
    for number, file in enumerate(files):
        rows = []
        for line_number, line in enumerate(read_text(file).rstrip().splitlines(), start=1):
            with at(f"{file}:{line_number}"):
                rows.append(region_box(line))
        suffix = file.stem.removeprefix("groundtruth").removeprefix("_")
        tracks.append(_track(int(suffix) if suffix.isdecimal() else number, np.array(rows).reshape(-1, 4)))
    return _annotations(tracks, video)


def read_folder(path: Path, video: VideoInfo) -> Annotations:
    """``groundtruth_rect.txt`` or ``groundtruth_rect.<id>.txt``: rows x,y,w,h, or NaN where the target is not seen."""
    files = {"0": path} if path.is_file() else annotation_files(path)
    tracks = [_track(int(target) if str(target).isdecimal() else 0, read_boxes(file)) for target, file in files.items()]
    if not tracks:
        raise InputError(f"{path}: holds no groundtruth_rect.txt")
    return _annotations(tracks, video)


def _annotations(tracks: Iterable[AnnotatedTrack], video: VideoInfo) -> Annotations:
    return Annotations(tuple(tracks), video)


def _folder(path: Path) -> Path:
    return (path if path.is_dir() else path.parent).resolve()


def _vot_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return []
    single = path / "groundtruth.txt"
    return [single] if single.is_file() else sorted(path.glob("groundtruth_*.txt"))


def _track(target: int, rows: NDArray[np.float64], occluded: Iterable[bool] = ()) -> AnnotatedTrack:
    """The track of ``rows`` [n, 4]; those with NaN or no area have no box."""
    hidden = [*occluded] or [False] * len(rows)
    seen = (rows[:, 2:] > 0).all(axis=1)
    boxes = {
        int(frame): AnnotatedBox(tuple(rows[frame].tolist()), occluded=hidden[frame]) for frame in np.flatnonzero(seen)
    }
    return AnnotatedTrack(target, LABEL, boxes)


def write_got10k(annotations: Annotations, path: Path) -> None:
    """A sequence's folder. Raises InputError unless there is one target."""
    if len(annotations.tracks) != 1:
        raise InputError(
            f"GOT-10k holds one target, not {len(annotations.tracks)}; choose one (--targets), and write the others to "
            "folders of their own"
        )
    track, frames = annotations.tracks[0], range(annotations.num_frames)
    _write_rows(path / "groundtruth.txt", track, frames, _row("0.0000,0.0000,0.0000,0.0000"))
    _write_rows(path / ABSENCE, track, frames, lambda box: str(int(box is None)))
    _write_rows(path / COVER, track, frames, lambda box: str(0 if box is None else HALF_COVER if box.occluded else 8))
    video, size = annotations.video, annotations.video.size or (0, 0)
    with text_output(path / META) as file:
        file.write(f"[METAINFO]\nurl: {video.source or 'none'}\nanno_fps: {video.fps or 0:g}Hz\n")
        file.write(f"object_class: {track.label}\nresolution: ({size[0]}, {size[1]})\n")


def write_vot(annotations: Annotations, path: Path) -> None:
    """A sequence's folder for a workspace of VOT's toolkit; add its images as ``color/00000001.jpg``, ..."""
    several = len(annotations.tracks) > 1
    for track in annotations.tracks:
        name = f"groundtruth_{track.id}.txt" if several else "groundtruth.txt"
        _write_rows(path / name, track, range(annotations.num_frames), _row(NO_REGION))
    video, size = annotations.video, annotations.video.size
    lines = [f"name={path.name}", f"fps={video.fps or 25:g}", "format=default", "channels.color=color/%08d.jpg"]
    lines += [f"length={annotations.num_frames}", *([f"width={size[0]}", f"height={size[1]}"] if size else [])]
    with text_output(path / "sequence") as file:
        file.writelines(f"{line}\n" for line in lines)


def write_folder(annotations: Annotations, path: Path) -> None:
    """``groundtruth_rect.txt``, or ``groundtruth_rect.<id>.txt`` for several targets; put the video beside it."""
    several = len(annotations.tracks) > 1
    for track in annotations.tracks:
        name = f"groundtruth_rect.{track.id}.txt" if several else "groundtruth_rect.txt"
        _write_rows(path / name, track, range(annotations.num_frames), _row("nan,nan,nan,nan"))


def _row(missing: str) -> _Row:
    return lambda box: ",".join(f"{value:.4f}" for value in box.box) if box else missing


def _write_rows(path: Path, track: AnnotatedTrack, frames: range, row: _Row) -> None:
    with text_output(path) as file:
        file.writelines(f"{row(track.boxes.get(frame))}\n" for frame in frames)
