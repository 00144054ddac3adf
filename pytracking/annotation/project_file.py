"""The file of an annotation in work: this toolkit's JSON, and where targets leave."""

from __future__ import annotations

import json
from pathlib import Path

from ltr.dataset.coco_format import read_json as parse_json
from ltr.utils.errors import InputError
from ltr.utils.files import replacing
from pytracking.annotation.editing import Project
from pytracking.annotation.model import Annotations, VideoInfo
from pytracking.annotation.tables import read_json, write_json

MARK = "annotation_project"  # key: files with it may be written again
SUFFIX = ".annotations.json"


def project_path(video: str) -> Path:
    """The file beside a video, or beside an image folder."""
    path = Path(video.rstrip("/"))
    return path.with_name(path.name + SUFFIX)


def save_project(project: Project, path: Path) -> None:
    """Write ``path`` anew, whole or not at all."""
    with replacing(path) as temporary:
        write_json(project.annotations, temporary)
        content = json.loads(temporary.read_text(encoding="utf-8"))
        head = {MARK: 1, "ends": sorted(project.ends)}
        frames = content.pop("frames")
        with temporary.open("w", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps({**head, **content, "frames": []}).removesuffix("]}"))
            file.write("\n" + ",\n".join(map(json.dumps, frames)) + "\n]}\n")


def open_project(path: Path, video: VideoInfo) -> Project | None:
    """The project in ``path``; None if there is no such file.

    InputError for another file, which is not to be overwritten, and for a project of another video.
    """
    if not path.exists():
        return None
    content = parse_json(path)
    if not (isinstance(content, dict) and content.get(MARK) == 1):
        raise InputError(
            f"{path}: is there already, and no project of pytracking annotate; --out gives another name, and --boxes "
            "begins with the boxes of a file"
        )
    found = read_json(path, VideoInfo())
    check_video(found, video, path)
    try:
        ends = frozenset((int(target), int(frame)) for target, frame in content.get("ends", []))
    except (TypeError, ValueError):
        raise InputError(f"{path}: ends: expected a list of [id, frame]") from None
    return Project(Annotations(found.tracks, video), ends)


def check_video(annotations: Annotations, video: VideoInfo, path: Path) -> None:
    """Raise InputError if ``annotations``, from ``path``, are of a video of another size or length."""
    of = annotations.video
    for what, there, here in (("frames", of.num_frames, video.num_frames), ("size", of.size, video.size)):
        if there is not None and here is not None and there != here:
            raise InputError(f"{path}: is of another video: {what} {there}, and {here} in {video.source}")
    if video.num_frames is not None and annotations.num_frames > video.num_frames:
        last = annotations.num_frames - 1
        raise InputError(f"{path}: has a box in frame {last}, but {video.source} has {video.num_frames} frames")
