"""CVAT for video 1.1 (XML)."""

from __future__ import annotations

import math
import re
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import TrackBuilder, at
from pytracking.annotation.model import (
    AnnotatedBox,
    AnnotatedTrack,
    Annotations,
    VideoInfo,
    check_frame,
    interpolated,
    needed_frames,
    runs,
)
from pytracking.annotation.safe_xml import Element, read_xml
from pytracking.tracker.base.output import Box


def is_cvat(path: Path) -> bool:
    """Whether ``path`` is an XML file of CVAT."""
    if path.suffix.lower() != ".xml" or not path.is_file():
        return False
    with path.open("rb") as file:
        return b"<annotations" in file.read(4096)


def read_cvat(path: Path, video: VideoInfo) -> Annotations:
    """The boxes of all tracks. Frames between boxes are interpolated, as CVAT shows them, and a box that does not end
    (``outside``) stays to the last frame. Rotated boxes become the upright ones around them."""
    root = read_xml(path)
    if root.tag != "annotations":
        raise InputError(f"{path}:{root.line}: expected <annotations> of CVAT for video 1.1, found <{root.tag}>")
    if next(root.all("image"), None):
        raise InputError(f"{path}: is CVAT for images; export the task as CVAT for video 1.1")
    known = _video_of(root, path).completed(video)
    tracks = TrackBuilder()
    for number, track in enumerate(root.all("track")):
        with at(f"{path}:{track.line}: <track>"):
            target = _whole(track, "id", number)
            label = track.attributes.get("label", "")
            tracks.start(target, label)
        shape = next((child for child in track.children if child.tag != "box"), None)
        if shape:
            raise InputError(
                f"{path}:{shape.line}: track {target}: expected <box>, found <{shape.tag}>; draw rectangles"
            )
        for frame, box in _boxes(track, path, known.num_frames).items():
            with at(f"{path}:{track.line}: track {target}"):
                tracks.add(target, label, frame, box)
    return tracks.annotations(known)


def _boxes(track: Element, path: Path, num_frames: int | None) -> dict[int, AnnotatedBox]:
    found: dict[int, AnnotatedBox] = {}
    ends: dict[int, None] = {}  # frames from which the target is outside
    for element in track.all("box"):
        with at(f"{path}:{element.line}: <box>"):
            frame = _whole(element, "frame")
            check_frame(frame)
            if frame in found or frame in ends:
                raise InputError(f"a second box in frame {frame}")
            if _whole(element, "outside", 0):
                ends[frame] = None
            else:
                keyframe, occluded = (bool(_whole(element, name, default)) for name, default in _FLAGS)
                found[frame] = AnnotatedBox(_box(element), keyframe, occluded)
    last_frames = {max((f for f in found if f < end), default=-1): end for end in sorted(ends, reverse=True)}
    filled = interpolated(found, ends=list(last_frames))
    for last, end in last_frames.items():  # the last box before an end stays up to it
        filled |= _held(found, last, end)
    if found and num_frames and max(found) not in last_frames:
        filled |= _held(found, max(found), num_frames)
    return dict(sorted(filled.items()))


_DIGITS = re.compile("[0-9]{1,18}")
_FLAGS = (("keyframe", 1), ("occluded", 0))


def _held(found: dict[int, AnnotatedBox], frame: int, end: int) -> dict[int, AnnotatedBox]:
    if frame not in found:
        return {}
    still = AnnotatedBox(found[frame].box, False, found[frame].occluded)
    return dict.fromkeys(range(frame + 1, end), still)


def _box(element: Element) -> Box:
    left, top, right, bottom = (_number(element, name) for name in ("xtl", "ytl", "xbr", "ybr"))
    turn = math.radians(_number(element, "rotation", 0.0) % 360)
    w, h = right - left, bottom - top
    if turn and min(w, h) > 0:
        w, h = (
            abs(w * math.cos(turn)) + abs(h * math.sin(turn)),
            abs(w * math.sin(turn)) + abs(h * math.cos(turn)),
        )
    return (left + right - w) / 2, (top + bottom - h) / 2, w, h


def _number(element: Element, name: str, default: float | None = None) -> float:
    text = element.attributes.get(name)
    try:
        return float(text) if text is not None or default is None else default  # type: ignore[arg-type]
    except (TypeError, ValueError):
        raise InputError(f"expected a number in {name}, found {text!r}") from None


def _whole(element: Element, name: str, default: int | None = None) -> int:
    text = element.attributes.get(name)
    if text is None and default is not None:
        return default
    if text is None or not _DIGITS.fullmatch(text):
        raise InputError(f"expected a whole number in {name}, found {text!r}")
    return int(text)


def _video_of(root: Element, path: Path) -> VideoInfo:
    job = root.find("meta/task") or root.find("meta/job") or root.find("meta/project/tasks/task")
    size = root.find("meta/original_size") or (job and job.find("original_size"))
    if job is None:
        return VideoInfo()
    texts = [job.text_of("size"), job.text_of("stop_frame")]
    texts += [size.text_of(side) for side in ("width", "height")] if size else ["", ""]
    if not all(_DIGITS.fullmatch(text) or not text for text in texts):
        raise InputError(f"{path}:{job.line}: expected whole numbers in size, stop_frame, width and height")
    count, stop, width, height = (int(text or 0) for text in texts)
    frames = max(count, stop + 1 if texts[1] else 0)
    return VideoInfo((width, height) if width and height else None, frames or None, None, job.text_of("source"))


def write_cvat(annotations: Annotations, path: Path) -> None:
    """The file that CVAT uploads as "CVAT 1.1" to a task of the same video.

    CVAT keeps key frames only and interpolates between them, so a frame is no key frame only where that gives its box.
    """
    video, frames = annotations.video, annotations.num_frames
    labels = "".join(f"<label><name>{escape(label)}</name></label>" for label in annotations.labels)
    size = (
        "<original_size><width>{}</width><height>{}</height></original_size>".format(*video.size) if video.size else ""
    )
    with text_output(path) as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n<version>1.1</version>\n<meta><task>')
        file.write(f"<size>{frames}</size><mode>interpolation</mode><start_frame>0</start_frame>")
        file.write(f"<stop_frame>{max(0, frames - 1)}</stop_frame><labels>{labels}</labels>")
        file.write(f"{size}<source>{escape(video.source)}</source></task></meta>\n")
        for track in annotations.tracks:
            file.write(f'<track id="{track.id}" label={quoteattr(track.label)} source="auto">\n')
            file.write("".join(_lines(track, frames)))
            file.write("</track>\n")
        file.write("</annotations>\n")


def _lines(track: AnnotatedTrack, frames: int) -> list[str]:
    needed = needed_frames(track.boxes)
    lines = []
    for run in runs(track.boxes):
        lines += [_line(frame, track.boxes[frame], frame in needed) for frame in run]
        if run.stop < frames:
            lines.append(_line(run.stop, track.boxes[run.stop - 1], True, outside=True))
    return lines


def _line(frame: int, box: AnnotatedBox, keyframe: bool, outside: bool = False) -> str:
    x, y, w, h = box.box
    edges = zip(("xtl", "ytl", "xbr", "ybr"), (x, y, x + w, y + h), strict=True)
    flags = {"keyframe": keyframe, "outside": outside, "occluded": box.occluded}
    words = [f'frame="{frame}"', *(f'{name}="{int(flag)}"' for name, flag in flags.items())]
    words += [f'{name}="{value:.4f}"' for name, value in edges]
    return f'  <box {" ".join(words)} z_order="0"></box>\n'
