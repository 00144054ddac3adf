"""The file of an annotation in work: this toolkit's JSON, and where targets leave."""

from __future__ import annotations

import json
import os
import re
import tempfile
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from ltr.dataset.coco_format import read_json as parse_json
from ltr.utils.errors import InputError
from ltr.utils.files import check_regular, replacing
from pytracking.annotation.editing import Project
from pytracking.annotation.model import Annotations, VideoInfo
from pytracking.annotation.tables import read_json, write_json

MARK = "annotation_project"  # key: files with it may be written again
SUFFIX = ".annotations.json"


def project_path(video: str) -> Path:
    """The file beside a video or an image folder, or in the folder of a glob; of a URL, in the current folder."""
    if "://" in video:
        return Path(_without_magic(Path(urlsplit(video).path).name or "video") + SUFFIX)
    path = Path(video)
    path = path if path.name not in ("", "..") else path.resolve()
    return path.with_name((path.name if path.exists() else _without_magic(path.name)) + SUFFIX)


def _without_magic(name: str) -> str:
    return re.sub(r"[*?\[\]]", "_", name)


class ProjectFile:
    """The file ``path`` that a project is kept in. What another program writes to it meanwhile is not written over."""

    def __init__(self, path: Path) -> None:
        self.path, self._seen = path, _stamp(path)

    def save(self, project: Project) -> bool:
        """Write the project; whether to another file than before, which :attr:`path` then names, since another program
        has written the old one."""
        there = _stamp(self.path)
        moves = there is not None and there != self._seen
        if moves:
            stem = self.path.name.removesuffix(".json")
            names = (self.path.with_name(f"{stem}-{number}.json") for number in count(2))
            self.path = next(path for path in names if not os.path.lexists(path))
        save_project(project, self.path)
        self._seen = _stamp(self.path)
        return moves

    def save_at_the_end(self, project: Project) -> None:
        """:meth:`save`; where that fails, to a temporary folder, with an OSError that names it."""
        try:
            self.save(project)
        except OSError as error:
            path = Path(tempfile.mkdtemp(prefix="annotations-")) / self.path.name
            save_project(project, path)
            raise OSError(
                f"{self.path} cannot be written ({error.strerror or error}): the annotations are in {path}"
            ) from None


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size, status.st_ino


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
    check_regular(path)
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
    """Raise InputError if ``annotations``, from ``path``, are of a video of another size or length, or a target begins
    outside the frame."""
    of = annotations.video
    for what, there, here in (("frames", of.num_frames, video.num_frames), ("size", of.size, video.size)):
        if there is not None and here is not None and there != here:
            raise InputError(f"{path}: is of another video: {what} {there}, and {here} in {video.source}")
    if video.num_frames is not None and annotations.num_frames > video.num_frames:
        last = annotations.num_frames - 1
        raise InputError(f"{path}: has a box in frame {last}, but {video.source} has {video.num_frames} frames")
    if video.size is None:
        return
    for track in annotations.tracks:
        frame, (x, y, w, h) = next((frame, box.box) for frame, box in track.boxes.items())
        if x >= video.size[0] or y >= video.size[1] or x + w <= 0 or y + h <= 0:
            wide, high = video.size
            raise InputError(
                f"{path}: is of another video: target {track.id} begins in frame {frame} at "
                f"({x:g}, {y:g}, {w:g}, {h:g}), and the frames of {video.source} have {wide} x {high} pixels"
            )
