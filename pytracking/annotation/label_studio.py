"""Label Studio: tasks with video rectangles (JSON). Boxes are parts of the frame in percent, frames count from 1."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltr.dataset.coco_format import read_json
from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import TrackBuilder, at
from pytracking.annotation.model import (
    LABEL,
    AnnotatedBox,
    AnnotatedTrack,
    Annotations,
    VideoInfo,
    check_frame,
    interpolated,
    needed_frames,
    runs,
)

KIND = "videorectangle"
DEFAULT_FPS = 25.0
CONTROL, VIDEO = "box", "video"  # names of the tags <VideoRectangle> and <Video> in the template of Label Studio
_ID = re.compile(r"target_([0-9]{1,18})")


def is_label_studio(path: Path) -> bool:
    """Whether ``path`` is a JSON file with video rectangles."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        return KIND.encode() in file.read(1 << 20)


def read_label_studio(path: Path, video: VideoInfo) -> Annotations:
    """The annotation (without one, the prediction) of the only task of an export.

    Frames between those of the sequence are interpolated where it is enabled; the last one, if it is, stays to the end.
    """
    tasks = read_json(path)
    tasks = tasks if isinstance(tasks, list) else [tasks]
    if len(tasks) != 1 or not isinstance(tasks[0], dict):
        raise InputError(f"{path}: expected one task, found {len(tasks)}; export each video to a file of its own")
    done = [item for name in ("annotations", "predictions") for item in tasks[0].get(name) or ()]
    results = done[0].get("result") if done and isinstance(done[0], dict) else None
    if not isinstance(results, list):
        raise InputError(f'{path}: the task has no "annotations" with a list "result"')
    data = tasks[0].get("data")
    source = next((value for value in data.values() if isinstance(value, str)), "") if isinstance(data, dict) else ""
    return regions_to_annotations(results, video.completed(VideoInfo(source=source)), str(path))


def regions_to_annotations(results: list[Any], video: VideoInfo, place: str) -> Annotations:
    """The tracks of a ``result`` of Label Studio. ``video`` has the size of the frames; ``place``: for errors."""
    if video.size is None:
        raise InputError(
            f"{place}: Label Studio gives boxes in percent; give the video, which tells their size (--video)"
        )
    size = video.size
    regions = [item for item in results if isinstance(item, dict) and item.get("type") == KIND]
    ids = track_ids(regions)
    tracks = TrackBuilder()
    for number, (region, target) in enumerate(zip(regions, ids, strict=True)):
        where = f"{place}: region {number} ({region.get('id')})"
        value = region.get("value")
        sequence = value.get("sequence") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(sequence, list):
            raise InputError(f'{where}: expected a value with a list "sequence"')
        labels = value.get("labels")
        label = str(labels[0]) if isinstance(labels, list) and labels else LABEL
        count = value.get("framesCount")
        with at(where):
            video = video.completed(VideoInfo(num_frames=count if isinstance(count, int) and count > 0 else None))
            tracks.start(target, label)
            for frame, box in _boxes(sequence, size, video.num_frames).items():
                tracks.add(target, label, frame, box)
    return tracks.annotations(video)


def track_ids(regions: list[dict[str, Any]]) -> list[int]:
    """The id of each region's track: the number in ``target_7``, or else the next one that is not in use."""
    given = [_ID.fullmatch(str(region.get("id"))) for region in regions]
    taken = {int(match[1]) for match in given if match}
    unused = (number for number in range(len(regions) + len(taken) + 1) if number not in taken)
    return [int(match[1]) if match else next(unused) for match in given]


def _boxes(sequence: list[Any], size: tuple[int, int], num_frames: int | None) -> dict[int, AnnotatedBox]:
    found: dict[int, AnnotatedBox] = {}
    ends: list[int] = []
    for index, item in enumerate(sequence):
        with at(f"sequence[{index}]"):
            frame, box = _box(item, size)
            if frame in found:
                raise InputError(f"a second box in frame {frame + 1}")
            found[frame] = box
            if not item.get("enabled", True):
                ends.append(frame)
    filled = interpolated(found, ends)
    if found and num_frames and max(found) not in ends:
        still = AnnotatedBox(found[max(found)].box, keyframe=False)
        filled |= dict.fromkeys(range(max(found) + 1, num_frames), still)
    return filled


def _box(item: Any, size: tuple[int, int]) -> tuple[int, AnnotatedBox]:
    try:
        frame = item["frame"]
        x, y, w, h = (float(item[name]) / 100 for name in ("x", "y", "width", "height"))
        turn = math.radians(float(item.get("rotation") or 0) % 360)
        keyframe = not (item.get("auto") or False)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        frame = None
    if not isinstance(frame, int) or frame < 1:
        raise InputError("expected frame (from 1), x, y, width and height")
    check_frame(frame - 1)
    x, y, w, h = x * size[0], y * size[1], w * size[0], h * size[1]
    if turn:  # around the left top corner; the upright box around it
        corners = [(a * math.cos(turn) - b * math.sin(turn), a * math.sin(turn) + b * math.cos(turn))
                   for a in (0.0, w) for b in (0.0, h)]  # fmt: skip
        low, high = (
            [min(axis) for axis in zip(*corners, strict=True)],
            [max(axis) for axis in zip(*corners, strict=True)],
        )
        x, y, w, h = x + low[0], y + low[1], high[0] - low[0], high[1] - low[1]
    return frame - 1, AnnotatedBox((x, y, w, h), keyframe)


def write_label_studio(annotations: Annotations, path: Path) -> None:
    """A task with one annotation, to import into a project of the template "Video Object Detection and Tracking"."""
    task = {"data": {VIDEO: annotations.video.source}, "annotations": [{"result": annotations_to_regions(annotations)}]}
    with text_output(path) as file:
        json.dump([task], file, indent=1)


def annotations_to_regions(
    annotations: Annotations, control: str = CONTROL, video: str = VIDEO
) -> list[dict[str, Any]]:
    """A ``result`` of Label Studio. control, video: names of its tags <VideoRectangle> and <Video>.

    Raises InputError if the size of the frames is unknown.
    """
    size, fps = annotations.video.size, annotations.video.fps or DEFAULT_FPS
    if size is None:
        raise InputError(
            "Label Studio needs boxes in percent; give the video, which tells the size of its frames (--video)"
        )
    frames = annotations.num_frames
    return [
        {
            "id": f"target_{track.id}",
            "type": KIND,
            "from_name": control,
            "to_name": video,
            "origin": "manual",
            "value": {
                "framesCount": frames,
                "duration": frames / fps,
                "labels": [track.label],
                "sequence": _sequence(track, size, fps),
            },
        }
        for track in annotations.tracks
    ]


def _sequence(track: AnnotatedTrack, size: tuple[int, int], fps: float) -> list[Mapping[str, Any]]:
    """The boxes that interpolation needs; ``auto`` (which Label Studio ignores): not drawn by a person."""
    needed = needed_frames(track.boxes)
    found: list[Mapping[str, Any]] = []
    for run in runs(track.boxes):
        for frame in sorted(needed.intersection(run)):
            x, y, w, h = track.boxes[frame].box
            percent = {"x": x / size[0], "y": y / size[1], "width": w / size[0], "height": h / size[1]}
            found.append(
                {
                    "frame": frame + 1,
                    "time": frame / fps,
                    "enabled": frame + 1 in run,
                    "rotation": 0,
                    **{name: 100 * part for name, part in percent.items()},
                    **({} if track.boxes[frame].keyframe else {"auto": True}),
                }
            )
    return found
