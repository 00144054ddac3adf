"""Keyframes for After Effects and Nuke."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path

from ltr.dataset.text_files import read_text
from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import TrackBuilder, at
from pytracking.annotation.model import LABEL, AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo, runs

HEADER, FOOTER = "Adobe After Effects 8.0 Keyframe Data", "End of Keyframe Data"
LAYER = 100  # pixels of the square layer: its scale in percent is then the size of the box in pixels
DEFAULT_FPS = 25.0


def file_names(annotations: Annotations) -> dict[int, str]:
    """A plain file name for each track, ``1_red_car.txt``."""
    return {track.id: f"{track.id}_{re.sub(r'[^A-Za-z0-9]+', '_', track.label)}.txt" for track in annotations.tracks}


def is_after_effects(path: Path) -> bool:
    """Whether ``path`` holds keyframes of After Effects, or is a folder of such files."""
    file = next(iter(sorted(path.glob("*.txt"))), None) if path.is_dir() else path
    if file is None or file.suffix.lower() != ".txt" or not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(len(HEADER) + 3).decode(errors="replace").lstrip("\ufeff").startswith(HEADER[:28])


def write_after_effects(annotations: Annotations, path: Path) -> None:
    """A text file for each track: copied, and pasted onto a layer of 100 x 100 px (a solid, or a null object with its
    anchor in the middle), that layer covers the target: position, scale and, where there is no box, opacity 0."""
    names, video = file_names(annotations), annotations.video
    fps, (width, height) = video.fps or DEFAULT_FPS, (LAYER, LAYER)
    head = [HEADER, "", f"\tUnits Per Second\t{fps:g}", f"\tSource Width\t{width}", f"\tSource Height\t{height}"]
    head += ["\tSource Pixel Aspect Ratio\t1", "\tComp Pixel Aspect Ratio\t1"]
    for track in annotations.tracks:
        lines = [*head, *_transform(track, annotations.num_frames), "", FOOTER]
        with text_output(path / names[track.id]) as file:
            file.writelines(f"{line}\n" for line in lines)


def _transform(track: AnnotatedTrack, num_frames: int) -> list[str]:
    columns: list[tuple[str, str, Callable[[AnnotatedBox], Iterable[float]]]] = [
        ("Position", "X pixels\tY pixels\tZ pixels", lambda box: (*_center(box), 0)),
        ("Scale", "X percent\tY percent\tZ percent", lambda box: (*(100 * side / LAYER for side in box.box[2:]), 100)),
    ]
    lines = []
    for name, units, numbers in columns:
        lines += ["", f"Transform\t{name}", f"\tFrame\t{units}"]
        for frame, box in track.boxes.items():
            lines.append("\t".join(["", str(frame), *(f"{number:.4f}" for number in numbers(box))]))
    lines += ["", "Transform\tOpacity", "\tFrame\tpercent"]
    return lines + [f"\t{frame}\t{100 * int(shown)}" for frame, shown in _switches(track, num_frames)]


def _switches(track: AnnotatedTrack, num_frames: int) -> list[tuple[int, bool]]:
    """The frames where the target appears or goes, and their neighbors on the other side."""
    found: dict[int, bool] = {}
    for run in runs(track.boxes):
        found |= dict.fromkeys((run.start, run.stop - 1), True)
        found |= {frame: False for frame in (run.start - 1, run.stop) if 0 <= frame < num_frames}
    return sorted(found.items())


def _center(box: AnnotatedBox) -> tuple[float, float]:
    x, y, w, h = box.box
    return x + w / 2, y + h / 2


def read_after_effects(path: Path, video: VideoInfo) -> Annotations:
    """Position and scale of a layer in one file, or in each file of a folder: a box in each frame with both.

    The box is the layer (its source's size, scaled), around the position.
    """
    tracks = TrackBuilder()
    fps = None
    for number, file in enumerate(sorted(path.glob("*.txt")) if path.is_dir() else [path]):
        match = re.match(r"(\d+)_(.+)", file.stem)
        target, label = (int(match[1]), match[2]) if match else (number, LABEL)
        width, height, fps, values = _read_layer(file)
        with at(str(file)):
            tracks.start(target, label)
            for frame in sorted(values["Position"].keys() & values["Scale"].keys()):
                (x, y), (scale_x, scale_y) = values["Position"][frame], values["Scale"][frame]
                w, h = width * scale_x / 100, height * scale_y / 100
                tracks.add(target, label, frame, AnnotatedBox((x - w / 2, y - h / 2, w, h)))
    return tracks.annotations(VideoInfo(fps=fps).completed(video))


def _read_layer(file: Path) -> tuple[float, float, float | None, dict[str, dict[int, tuple[float, float]]]]:
    """Source width and height, frames a second, and the keys of position and scale."""
    head: dict[str, float] = {}
    values: dict[str, dict[int, tuple[float, float]]] = {"Position": {}, "Scale": {}}
    section = ""
    lines = read_text(file).split("\n")
    if not lines[0].startswith(HEADER[:28]):
        raise InputError(f"{file}:1: expected {HEADER!r}, found {lines[0][:60]!r}")
    for number, line in enumerate(lines[1:], start=2):
        words = [word.strip() for word in line.split("\t")]
        if words[0]:
            section = words[1] if words[0] == "Transform" and len(words) > 1 else words[0]
        elif len(words) > 2 and words[1] != "Frame":
            try:
                if not section:
                    head[words[1]] = float(words[2])
                elif section in values:
                    values[section][int(words[1])] = (float(words[2]), float(words[3]))
            except (ValueError, IndexError):
                if section or words[1].startswith(("Units", "Source W", "Source H")):
                    raise InputError(f"{file}:{number}: expected numbers, found {line.strip()[:60]!r}") from None
    missing = [name for name in ("Source Width", "Source Height") if name not in head]
    missing += [name for name, keys in values.items() if not keys]
    if missing:
        raise InputError(f"{file}: has no {', '.join(missing)}")
    return head["Source Width"], head["Source Height"], head.get("Units Per Second"), values


def write_nuke(annotations: Annotations, path: Path) -> None:
    """A script to paste or import: for each track a Rectangle over the target, with the knob ``center`` to link to.

    Frames count from 1 and y from the bottom, as in Nuke. Raises InputError if the size of the frames is unknown.
    """
    if annotations.video.size is None:
        raise InputError(
            "Nuke counts y from the bottom; give the video, which tells the height of its frames (--video)"
        )
    height = annotations.video.size[1]
    with text_output(path) as file:
        for track in annotations.tracks:
            label = re.sub(r"[^A-Za-z0-9 _-]", "_", track.label)
            edges = [_edges(box, height) for box in track.boxes.values()]
            area, center = _curves(track.boxes, edges), _curves(track.boxes, [_middle(*edge) for edge in edges])
            off = [(frame, (float(not shown),)) for frame, shown in _switches(track, annotations.num_frames)]
            disable = " ".join(f"x{frame + 1} {value[0]:g}" for frame, value in off)
            file.write(f"Rectangle {{\n inputs 0\n area {area}\n color 1\n softness 0\n name target_{track.id}\n")
            file.write(f' label "{label}"\n disable {{{{curve K {disable}}}}}\n')
            file.write(f" addUserKnob {{20 track l Track}}\n addUserKnob {{12 center}}\n center {center}\n}}\n")


def _edges(box: AnnotatedBox, height: int) -> tuple[float, ...]:
    """Left, bottom, right, top, with y from the bottom."""
    x, y, w, h = box.box
    return x, height - y - h, x + w, height - y


def _middle(left: float, bottom: float, right: float, top: float) -> tuple[float, ...]:
    return (left + right) / 2, (bottom + top) / 2


def _curves(frames: Iterable[int], values: list[tuple[float, ...]]) -> str:
    """A curve of Nuke for each number of ``values``."""
    numbers = [frame + 1 for frame in frames]
    curves = []
    for column in zip(*values, strict=True):
        keys = " ".join(f"x{frame} {value:.4f}" for frame, value in zip(numbers, column, strict=True))
        curves.append(f"{{curve {keys}}}")
    return "{" + " ".join(curves) + "}"
