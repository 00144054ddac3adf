"""MOT-Challenge: a sequence's folder with seqinfo.ini and gt/gt.txt, or such a text file alone."""

from __future__ import annotations

import configparser
from pathlib import Path

from ltr.dataset.text_files import read_text
from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import TrackBuilder, at
from pytracking.annotation.model import LABEL, AnnotatedBox, Annotations, VideoInfo

LABELS = "labels.txt"  # one a line, in the order of their numbers from 1, as CVAT writes it
GROUND_TRUTH_COLUMNS = 9


def is_mot(path: Path) -> bool:
    """Whether ``path`` is a sequence's folder, or a gt.txt."""
    return (path / "gt" / "gt.txt").is_file() or (path.name == "gt.txt" and path.is_file())


def read_mot(path: Path, video: VideoInfo) -> Annotations:
    """Rows ``frame,id,x,y,w,h,confidence,class,visibility`` (ground truth) or ``frame,id,x,y,w,h,score,-1,-1,-1``
    (results); frames count from 1. Rows of the ground truth with confidence 0, which scoring ignores, are left out."""
    file = path / "gt" / "gt.txt" if path.is_dir() else path
    names = file.with_name(LABELS)
    labels = read_text(names).split("\n") if names.is_file() else []
    tracks = TrackBuilder()
    for number, line in enumerate(read_text(file).rstrip().split("\n"), start=1):
        with at(f"{file}:{number}"):
            _add(tracks, line, labels)
    return tracks.annotations(_video_of(file.parent.parent / "seqinfo.ini").completed(video))


def _add(tracks: TrackBuilder, line: str, labels: list[str]) -> None:
    try:
        numbers = [float(word) for word in line.split(",")]
        frame, target = int(numbers[0]), int(numbers[1])
        x, y, w, h = numbers[2:6]
        kind = int(numbers[7]) if len(numbers) == GROUND_TRUTH_COLUMNS else 0
    except (ValueError, OverflowError, IndexError):
        numbers = []
    if len(numbers) < 6:
        raise InputError(f"expected frame,id,x,y,w,h,..., found {line[:60]!r}")
    is_truth = len(numbers) == GROUND_TRUTH_COLUMNS
    if frame < 1:
        raise InputError(f"expected frames from 1 on, found {frame}")
    if is_truth and numbers[6] == 0:
        return
    label = labels[kind - 1].strip() if 1 <= kind <= len(labels) else LABEL if kind < 2 else f"class_{kind}"
    score = numbers[6] if len(numbers) > 6 and not is_truth else None
    box = AnnotatedBox((x, y, w, h), score is None, is_truth and numbers[8] < 0.5, score)
    tracks.add(target, label or LABEL, frame - 1, box)


def _video_of(info: Path) -> VideoInfo:
    if not info.is_file():
        return VideoInfo()
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(read_text(info))
        sequence = parser["Sequence"]
        width, height, frames = (sequence.getint(name, 0) for name in ("imWidth", "imHeight", "seqLength"))
        fps = sequence.getfloat("frameRate", 0.0)
    except (configparser.Error, KeyError, ValueError) as error:
        raise InputError(
            f"{info}: expected [Sequence] with frameRate, seqLength, imWidth and imHeight ({error})"
        ) from None
    return VideoInfo(
        (width, height) if width and height else None, frames or None, fps or None, sequence.get("name", "")
    )


def write_mot(annotations: Annotations, path: Path) -> None:
    """``path/seqinfo.ini``, ``gt/gt.txt`` and ``gt/labels.txt``; visibility is 0 for an occluded target, else 1."""
    video, labels = annotations.video, annotations.labels
    width, height = video.size or (0, 0)
    rows = sorted((frame, track.id, track) for track in annotations.tracks for frame in track.boxes)
    with text_output(path / "gt" / LABELS) as file:
        file.writelines(f"{label}\n" for label in labels)
    with text_output(path / "gt" / "gt.txt") as file:
        for frame, target, track in rows:
            box = track.boxes[frame]
            numbers = ",".join(f"{value:.4f}" for value in box.box)
            kind = labels.index(track.label) + 1
            file.write(f"{frame + 1},{target},{numbers},1,{kind},{int(not box.occluded)}\n")
    with text_output(path / "seqinfo.ini") as file:
        file.write(f"[Sequence]\nname={path.name}\nimDir=img1\nframeRate={video.fps or 25:g}\n")
        file.write(f"seqLength={annotations.num_frames}\nimWidth={width}\nimHeight={height}\nimExt=.jpg\n")
