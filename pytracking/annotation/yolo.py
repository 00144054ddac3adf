"""YOLO: a text file of boxes for each frame, in parts of the frame's size, and the names of the classes."""

from __future__ import annotations

import re
from pathlib import Path

from ltr.data.media_files import number_order
from ltr.dataset.text_files import read_text
from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import TrackBuilder, at
from pytracking.annotation.model import AnnotatedBox, Annotations, VideoInfo

CLASSES = "classes.txt"
_NAMES = ("classes.txt", "obj.names")
_NUMBERED = re.compile(r"(\d+)$")


def is_yolo(path: Path) -> bool:
    """Whether ``path`` is a folder with labels/ and classes.txt, as :func:`write_yolo` makes it."""
    return (path / "labels").is_dir() and any((path / name).is_file() for name in _NAMES)


def read_yolo(path: Path, video: VideoInfo) -> Annotations:
    """The files of ``path/labels``, or of ``path``: rows ``class x y w h``, with the center of the box.

    A sixth whole number is the track's id; of seven, the sixth is the score and the last one the id (``yolo track
    save_txt save_conf``). Without ids there may be one box of a class in a frame. The number at the end of a file's
    name is its frame, from 0; from 1 if no file is numbered 0.
    """
    if video.size is None:
        raise InputError(
            f"{path}: YOLO gives boxes in parts of the frame; give the video, which tells its size (--video)"
        )
    folder = path / "labels" if (path / "labels").is_dir() else path
    names = next((place / name for place in (path, folder) for name in _NAMES if (place / name).is_file()), None)
    classes = [line.strip() for line in read_text(names).split("\n")] if names else []
    files = {file: _NUMBERED.search(file.stem) for file in folder.glob("*.txt") if file.name not in _NAMES}
    numbered = {file: int(match[1]) for file, match in files.items() if match}
    if not numbered:
        raise InputError(f"{folder}: holds no text files with the number of a frame at the end of their names")
    first = 0 if 0 in numbered.values() else 1
    tracks = TrackBuilder()
    for file in sorted(numbered, key=lambda file: number_order(file.stem)):
        for number, line in enumerate(read_text(file).splitlines(), start=1):
            if line.strip():
                with at(f"{file}:{number}"):
                    _add(tracks, line.split(), numbered[file] - first, classes, video.size)
    return tracks.annotations(video)


def _add(tracks: TrackBuilder, words: list[str], frame: int, classes: list[str], size: tuple[int, int]) -> None:
    try:
        kind = int(words[0])
        center_x, center_y, w, h = (float(word) for word in words[1:5])
        score = float(words[5]) if len(words) == 7 else None
        target = int(words[-1]) if len(words) > 5 else kind
    except (ValueError, IndexError):
        words = []
    if not 5 <= len(words) <= 7:
        raise InputError("expected class, x, y, w, h in parts of the frame, and a whole number, the id of the track")
    if max(map(abs, (center_x, center_y, w, h))) > 100:
        raise InputError("expected parts of the frame, 0 to 1, not pixels")
    label = classes[kind] if 0 <= kind < len(classes) and classes[kind] else f"class_{kind}"
    w, h = w * size[0], h * size[1]
    box = AnnotatedBox((center_x * size[0] - w / 2, center_y * size[1] - h / 2, w, h), score is None, score=score)
    tracks.add(target, label, frame, box)


def write_yolo(annotations: Annotations, path: Path) -> None:
    """``path/labels/000000.txt`` for each frame, empty without boxes, with the id of the track in the sixth column, and
    ``path/classes.txt``. Boxes are cut at the edges of the frame, outside of which YOLO accepts nothing.

    Raises InputError if the size of the frames is unknown.
    """
    if annotations.video.size is None:
        raise InputError("YOLO needs boxes in parts of the frame; give the video, which tells its size (--video)")
    (width, height), labels = annotations.video.size, annotations.labels
    with text_output(path / CLASSES) as file:
        file.writelines(f"{label}\n" for label in labels)
    for frame in range(annotations.num_frames):
        with text_output(path / "labels" / f"{frame:06d}.txt") as file:
            for track in annotations.tracks:
                if frame in track.boxes:
                    x, y, w, h = track.boxes[frame].box
                    left, right = (min(max(edge, 0), width) / width for edge in (x, x + w))
                    top, bottom = (min(max(edge, 0), height) / height for edge in (y, y + h))
                    if right > left and bottom > top:
                        numbers = (left + right) / 2, (top + bottom) / 2, right - left, bottom - top
                        shown = " ".join(f"{number:.7f}" for number in numbers)
                        file.write(f"{labels.index(track.label)} {shown} {track.id}\n")
