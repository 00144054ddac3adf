"""Tracks of boxes through a video."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from ltr.dataset.text_files import LARGEST
from ltr.utils.errors import InputError
from pytracking.tracker.base.output import Box

LABEL = "object"  # of a track whose file gives none
MOST_FRAMES = 1_000_000  # of a video, 11 hours; a file that names more is damaged, and would fill the memory
LARGEST_SIDE = 1_000_000  # pixels


def plain(text: str) -> str:
    """``text`` on one line without control characters, which not all formats can hold."""
    return "".join(c for c in " ".join(text.split()) if c.isprintable())


def check_frame(frame: int) -> None:
    """InputError unless ``frame`` is one of a video."""
    if not 0 <= frame < MOST_FRAMES:
        raise InputError(f"expected frames from 0 to {MOST_FRAMES - 1}, found {frame}")


@dataclass(frozen=True)
class VideoInfo:
    """What is known of the annotated video; None: unknown.

    size: width, height in pixels. num_frames: frames. fps: frames a second. source: its file or name.
    """

    size: tuple[int, int] | None = None
    num_frames: int | None = None
    fps: float | None = None
    source: str = ""

    def __post_init__(self) -> None:
        if self.size is not None and not all(0 < side <= LARGEST_SIDE for side in self.size):
            raise InputError(
                f"expected a frame size of 1 to {LARGEST_SIDE} pixels, found {self.size[0]} x {self.size[1]}"
            )
        if self.num_frames is not None and not 0 < self.num_frames <= MOST_FRAMES:
            raise InputError(f"expected 1 to {MOST_FRAMES} frames, found {self.num_frames}")
        if self.fps is not None and not (math.isfinite(self.fps) and self.fps > 0):
            raise InputError(f"expected frames a second above 0, found {self.fps}")
        object.__setattr__(self, "source", plain(self.source))

    def completed(self, other: VideoInfo) -> VideoInfo:
        """With the values of ``other`` where none are known."""
        return VideoInfo(
            self.size or other.size,
            self.num_frames or other.num_frames,
            self.fps or other.fps,
            self.source or other.source,
        )


@dataclass(frozen=True)
class AnnotatedBox:
    """The target in one frame.

    box: x, y, w, h in pixels of the frame; the left top corner of the frame is 0, 0. keyframe: drawn or confirmed by a
    person; false: filled in, by a tracker or by interpolation. occluded: partly or wholly hidden. score: the tracker's,
    0..1. box_std: standard deviation of x, y, w, h in pixels.
    """

    box: Box
    keyframe: bool = True
    occluded: bool = False
    score: float | None = None
    box_std: Box | None = None

    def __post_init__(self) -> None:
        if len(self.box) != 4 or not all(abs(value) <= LARGEST for value in self.box) or min(self.box[2:]) <= 0:
            raise InputError(f"expected a box x, y, w, h with a width and height above 0, found {_shown(self.box)}")
        if self.score is not None and not math.isfinite(self.score):
            raise InputError(f"expected a finite score, found {self.score}")


@dataclass(frozen=True)
class AnnotatedTrack:
    """One target. boxes: by frame, from 0, in ascending order; a frame without a box does not show the target."""

    id: int
    label: str
    boxes: Mapping[int, AnnotatedBox]

    def __post_init__(self) -> None:
        for frame in self.boxes:
            check_frame(frame)
        object.__setattr__(self, "label", plain(self.label) or LABEL)
        object.__setattr__(self, "boxes", MappingProxyType(dict(sorted(self.boxes.items()))))


@dataclass(frozen=True)
class Annotations:
    """The tracks of a video, in ascending order of their ids, which are unique."""

    tracks: tuple[AnnotatedTrack, ...]
    video: VideoInfo = VideoInfo()

    def __post_init__(self) -> None:
        ids = [track.id for track in self.tracks]
        twice = next((target for target in ids if ids.count(target) > 1), None)
        if twice is not None:
            raise InputError(f"two targets have the id {twice}")
        object.__setattr__(self, "tracks", tuple(sorted(self.tracks, key=lambda track: track.id)))
        last = max((max(track.boxes, default=-1) for track in self.tracks), default=-1)
        if self.video.num_frames is not None and last >= self.video.num_frames:
            raise InputError(f"a box is in frame {last}, but the video has {self.video.num_frames} frames, from 0")

    @property
    def num_frames(self) -> int:
        """The frames of the video; if unknown, those up to the last box."""
        last = max((max(track.boxes, default=-1) for track in self.tracks), default=-1)
        return self.video.num_frames or last + 1

    @property
    def labels(self) -> list[str]:
        """The labels of all tracks, each once, in the order of the tracks."""
        return list(dict.fromkeys(track.label for track in self.tracks))

    def only(self, ids: Sequence[int]) -> Annotations:
        """With the tracks of these ``ids`` only; InputError if one is unknown."""
        known = {track.id: track for track in self.tracks}
        for target in ids:
            if target not in known:
                raise InputError(f"no target {target}; there are {', '.join(map(str, known)) or 'none'}")
        return replace(self, tracks=tuple(known[target] for target in dict.fromkeys(ids)))

    def with_video(self, video: VideoInfo) -> Annotations:
        """With the values of ``video`` where none are known."""
        return replace(self, video=self.video.completed(video))


def between(first: AnnotatedBox, last: AnnotatedBox, part: float) -> AnnotatedBox:
    """The linear interpolation between two boxes; ``part``: 0 at the first, 1 at the last. Not a keyframe."""
    x, y, w, h = (a + (b - a) * part for a, b in zip(first.box, last.box, strict=True))
    return AnnotatedBox((x, y, w, h), keyframe=False, occluded=first.occluded)


def interpolated(boxes: Mapping[int, AnnotatedBox], ends: Sequence[int] = ()) -> dict[int, AnnotatedBox]:
    """``boxes`` with the frames between them filled in, except after the frames ``ends``, where the target leaves."""
    frames = sorted(boxes)
    filled = dict(boxes)
    for start, stop in pairwise(frames):
        if start not in ends:
            filled |= {
                frame: between(boxes[start], boxes[stop], (frame - start) / (stop - start))
                for frame in range(start + 1, stop)
            }
    return dict(sorted(filled.items()))


def runs(boxes: Mapping[int, Any]) -> list[range]:
    """The spans of successive frames in ``boxes``."""
    found: list[range] = []
    for frame in sorted(boxes):
        if found and found[-1].stop == frame:
            found[-1] = range(found[-1].start, frame + 1)
        else:
            found.append(range(frame, frame + 1))
    return found


def needed_frames(boxes: Mapping[int, AnnotatedBox], tolerance: float = 1e-6) -> set[int]:
    """The frames that linear interpolation needs to give all ``boxes``: the key frames, the ends of spans, and where
    a box is not halfway between its neighbors (by ``tolerance`` px)."""
    return {frame for frame, box in boxes.items() if box.keyframe or not _is_halfway(boxes, frame, tolerance)}


def _is_halfway(boxes: Mapping[int, AnnotatedBox], frame: int, tolerance: float) -> bool:
    before, here, after = (boxes.get(frame + step) for step in (-1, 0, 1))
    if not (before and here and after) or before.occluded != here.occluded:
        return False
    middle = between(before, after, 0.5)
    return all(abs(a - b) <= tolerance for a, b in zip(middle.box, here.box, strict=True))


def _shown(box: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in box)
