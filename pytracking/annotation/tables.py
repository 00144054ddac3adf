"""The tables of ``pytracking track --csv`` and ``--json``, with columns for what people add: label, keyframe, occluded.

What a person has not touched has no such columns: boxes of a tracker are no keyframes, and a lost target has no box.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltr.dataset.coco_format import read_json as parse_json
from ltr.dataset.text_files import read_text
from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import TrackBuilder, at
from pytracking.annotation.model import LABEL, AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo

COLUMNS = ("frame", "id", "label", "x", "y", "w", "h", "score", "state", "keyframe", "occluded")
STD_COLUMNS = ("x_std", "y_std", "w_std", "h_std")
NEEDED = ("frame", "x", "y", "w", "h")
LOST = "lost"
DECIMALS = 4


def read_csv(path: Path, video: VideoInfo) -> Annotations:
    """A table with a first line of names: frame, x, y, w, h, and of the others those that are there."""
    rows = csv.DictReader(io.StringIO(read_text(path)), skipinitialspace=True)
    missing = [name for name in NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(f"{path}:1: no column {', '.join(missing)}; expected a first line such as {','.join(COLUMNS)}")
    tracks = TrackBuilder()
    try:
        for row in rows:
            _add(tracks, row, f"{path}:{rows.line_num}")
    except csv.Error as error:
        raise InputError(f"{path}:{rows.line_num + 1}: {error}") from None
    return tracks.annotations(video)


def write_csv(annotations: Annotations, path: Path) -> None:
    """A row for each frame and target, by frame."""
    with text_output(path) as file:
        rows = csv.DictWriter(file, [*COLUMNS, *STD_COLUMNS], restval="", lineterminator="\n")
        rows.writeheader()
        for frame in range(annotations.num_frames):
            for track in annotations.tracks:
                if frame in track.boxes:
                    row = _row(track, track.boxes[frame])
                    std = row.pop("box_std") or ("",) * 4
                    numbers = dict(zip((*NEEDED[1:], *STD_COLUMNS), (*row.pop("box"), *std), strict=True))
                    flags = {name: int(row.pop(name)) for name in ("keyframe", "occluded")}
                    rows.writerow({"frame": frame, **row, **numbers, **flags})


def read_json(path: Path, video: VideoInfo) -> Annotations:
    """An object with a list ``frames`` of ``{"frame", "targets": [{"id", "box", ...}]}``, as ``--json`` writes."""
    content = parse_json(path)
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, list):
        raise InputError(f'{path}: expected an object with a list "frames", as pytracking track --json writes')
    tracks = TrackBuilder()
    for index, frame in enumerate(frames):
        targets = frame.get("targets") if isinstance(frame, dict) else None
        if not isinstance(targets, list) or not all(isinstance(target, dict) for target in targets):
            raise InputError(
                f'{path}: element {index} of "frames": expected an object with a list "targets" of objects'
            )
        for number, target in enumerate(targets):
            place = f"{path}: frames[{index}].targets[{number}]"
            box, std = target.get("box"), target.get("box_std") or [""] * 4
            if not isinstance(box, list) or not isinstance(std, list) or (len(box), len(std)) != (4, 4):
                raise InputError(f"{place}: expected a box [x, y, w, h]")
            numbers = dict(zip((*NEEDED[1:], *STD_COLUMNS), (*box, *std), strict=True))
            _add(tracks, {**target, **numbers, "frame": frame.get("frame")}, place)
    return tracks.annotations(_video_of(content, path).completed(video))


def write_json(annotations: Annotations, path: Path) -> None:
    """Everything that is known."""
    video = annotations.video
    about = {"source": video.source, "fps": video.fps, "size": video.size, "num_frames": video.num_frames}
    with text_output(path) as file:
        file.write(json.dumps({**about, "frames": []}).removesuffix("]}"))
        for frame in range(annotations.num_frames):
            targets = [_row(track, track.boxes[frame]) for track in annotations.tracks if frame in track.boxes]
            file.write(",\n" if frame else "\n")
            file.write(json.dumps({"frame": frame, "targets": targets}))
        file.write("\n]}\n")


def _row(track: AnnotatedTrack, box: AnnotatedBox) -> dict[str, Any]:
    return {
        "id": track.id,
        "label": track.label,
        "box": [round(value, DECIMALS) for value in box.box],
        "score": None if box.score is None else round(box.score, DECIMALS),
        "state": "tracking",
        "keyframe": box.keyframe,
        "occluded": box.occluded,
        "box_std": box.box_std and [round(value, DECIMALS) for value in box.box_std],
    }


def _video_of(content: Mapping[str, Any], path: Path) -> VideoInfo:
    size, fps, frames = content.get("size"), content.get("fps"), content.get("num_frames")
    sides = tuple(size) if isinstance(size, list) else ()
    if size is not None and not (len(sides) == 2 and all(isinstance(side, int) and side > 0 for side in sides)):
        raise InputError(f"{path}: size: expected width and height in whole pixels above 0, found {size!r}"[:300])
    known_fps = float(fps) if isinstance(fps, int | float) and 0 < fps < 1e6 else None
    return VideoInfo(
        (sides[0], sides[1]) if sides else None,
        frames if isinstance(frames, int) and frames > 0 else None,
        known_fps,
        str(content.get("source") or ""),
    )


def _add(tracks: TrackBuilder, row: Mapping[str, Any], place: str) -> None:
    """Add the row of a table, unless its target is lost."""
    if row.get("state") == LOST:
        return
    try:
        frame, target = int(row["frame"]), int(row.get("id") or 0)
        x, y, w, h = (float(row[name]) for name in NEEDED[1:])
        score = None if row.get("score") in (None, "") else float(row["score"])
        std = [float(row[name]) for name in STD_COLUMNS if row.get(name) not in (None, "")]
        keyframe, occluded = (bool(int(row.get(name) or 0)) for name in ("keyframe", "occluded"))
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{place}: expected numbers: frame, id, x, y, w, h, score, keyframe and occluded") from None
    spread = (std[0], std[1], std[2], std[3]) if len(std) == 4 else None
    with at(place):
        tracks.add(
            target, str(row.get("label") or LABEL), frame, AnnotatedBox((x, y, w, h), keyframe, occluded, score, spread)
        )
