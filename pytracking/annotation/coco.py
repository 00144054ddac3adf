"""COCO's JSON for the frames of a video: an image for each frame, and annotations with the id of their track."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ltr.data.media_files import number_order
from ltr.dataset.coco_format import CocoFile, box_column, read_coco
from ltr.utils.errors import InputError
from ltr.utils.files import text_output
from pytracking.annotation.building import TrackBuilder
from pytracking.annotation.model import LABEL, AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo

FILE_NAME = "{:06d}.jpg"


def is_coco(path: Path) -> bool:
    """Whether ``path`` is a JSON file with images and annotations."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    with path.open("rb") as file:
        start = file.read(1 << 20)
    return b'"images"' in start or (b'"annotations"' in start and b'"category_id"' in start)


def read_coco_video(path: Path, video: VideoInfo) -> Annotations:
    """The annotations that have a track: the field ``track_id`` or ``instance_id``, or ``track_id`` in ``attributes``.

    The frame is the image's ``frame_index`` or ``frame_id``, or its place in the order of the names. Crowds are left
    out.
    """
    coco = read_coco(path)
    numbers = _frames(coco)
    boxes = coco.boxes()
    tracks = TrackBuilder()
    names = coco.category_names
    for index, (item, corners) in enumerate(zip(boxes.items, box_column(boxes).tolist(), strict=True)):
        try:
            more = item.get("attributes")
            attributes = more if isinstance(more, dict) else {}
            target = _track_id(item, attributes)
            if item.get("image_id") not in numbers:
                raise InputError(f"image_id: expected a picture's id, got {item.get('image_id')!r}")
            frame = numbers[item["image_id"]]
            score = item.get("score")
            score = float(score) if isinstance(score, int | float) and abs(score) < 1e9 else None
            keyframe = bool(attributes.get("keyframe", score is None))
            box = AnnotatedBox(tuple(corners), keyframe, bool(attributes.get("occluded", False)), score)
            tracks.add(target, names.get(item.get("category_id"), LABEL), frame, box)
        except (InputError, TypeError) as error:
            raise boxes.error(index, str(error)) from None
    return tracks.annotations(_video_of(coco, numbers).completed(video))


def _track_id(item: Mapping[str, Any], attributes: Mapping[str, Any]) -> int:
    given = (item.get("track_id"), item.get("instance_id"), attributes.get("track_id"))
    target = next((value for value in given if isinstance(value, int) and not isinstance(value, bool)), None)
    if target is None:
        raise InputError("expected a whole number in track_id, which tells whose box it is")
    return target


def _frames(coco: CocoFile) -> dict[Any, int]:
    """The frame of each picture by its id."""
    pictures = coco.pictures
    pictures.by_id()  # each has an id, and no two the same
    if len({item.get("video_id") for item in pictures.items}) > 1:
        raise InputError(f"{pictures.path}: holds several videos; split it")
    for name in ("frame_index", "frame_id"):
        if pictures.items and all(isinstance(item.get(name), int) for item in pictures.items):
            return {item["id"]: item[name] for item in pictures.items}
    ordered = sorted(pictures.items, key=lambda item: number_order(str(item.get("file_name", item["id"]))))
    return {item["id"]: frame for frame, item in enumerate(ordered)}


def _video_of(coco: CocoFile, numbers: Mapping[Any, int]) -> VideoInfo:
    first = coco.pictures.items[0] if coco.pictures.items else {}
    sides = first.get("width"), first.get("height")
    known = all(isinstance(side, int) and side > 0 for side in sides)
    return VideoInfo((sides[0], sides[1]) if known else None, max(numbers.values(), default=-1) + 1 or None)  # type: ignore[arg-type]


def write_coco_video(annotations: Annotations, path: Path) -> None:
    """Images are called 000000.jpg, 000001.jpg, ...; they and their annotations have ``frame_index`` and ``track_id``.

    Raises InputError if the size of the frames is unknown.
    """
    if annotations.video.size is None:
        raise InputError("COCO needs the size of the frames; give the video (--video)")
    width, height = annotations.video.size
    labels = annotations.labels
    images = [
        {"id": frame + 1, "file_name": FILE_NAME.format(frame), "width": width, "height": height, "video_id": 1}
        | {"frame_index": frame}
        for frame in range(annotations.num_frames)
    ]
    placed = [(frame, track) for track in annotations.tracks for frame in track.boxes]
    content = {
        "info": {"description": annotations.video.source},
        "videos": [{"id": 1, "name": annotations.video.source, "width": width, "height": height}],
        "images": images,
        "annotations": [_annotation(n, frame, track, labels) for n, (frame, track) in enumerate(placed, start=1)],
        "categories": [{"id": number, "name": label} for number, label in enumerate(labels, start=1)],
    }
    with text_output(path) as file:
        json.dump(content, file)


def _annotation(number: int, frame: int, track: AnnotatedTrack, labels: list[str]) -> dict[str, Any]:
    box = track.boxes[frame]
    return {
        "id": number,
        "image_id": frame + 1,
        "category_id": labels.index(track.label) + 1,
        "bbox": [round(value, 4) for value in box.box],
        "area": round(box.box[2] * box.box[3], 4),
        "iscrowd": 0,
        "track_id": track.id,
        "attributes": {"track_id": track.id, "occluded": box.occluded, "keyframe": box.keyframe},
        **({} if box.score is None else {"score": box.score}),
    }
