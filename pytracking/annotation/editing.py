"""Changes of annotations by a person: drawn boxes, frames without the target, labels. All are pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ltr.utils.errors import InputError
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations
from pytracking.tracker.base.output import Box


@dataclass(frozen=True)
class Project:
    """Annotations in work.

    ends: (id, frame): after this frame the target is not to be seen, up to its next keyframe.
    """

    annotations: Annotations
    ends: frozenset[tuple[int, int]] = frozenset()

    def track(self, target: int) -> AnnotatedTrack:
        """The track of a target; InputError for an unknown id."""
        return self.annotations.only([target]).tracks[0]

    def keys(self, target: int) -> list[int]:
        """The keyframes of a target, ascending."""
        return [frame for frame, box in self.track(target).boxes.items() if box.keyframe]

    def around(self, target: int, frame: int) -> tuple[int | None, int | None]:
        """The keyframes next to ``frame``, before and after it; None where there is none."""
        keys = self.keys(target)
        before, after = [key for key in keys if key < frame], [key for key in keys if key > frame]
        return (before[-1] if before else None), (after[0] if after else None)

    def end_within(self, target: int, start: int, stop: int) -> int | None:
        """The frame after which the target is gone, from keyframe ``start`` to before ``stop``; None if it stays."""
        return min((end for id, end in self.ends if id == target and start <= end < stop), default=None)


def with_boxes(project: Project, target: int, boxes: Mapping[int, AnnotatedBox]) -> Project:
    """With these boxes in place of all others of the target."""
    track = replace(project.track(target), boxes=boxes)
    others = tuple(other for other in project.annotations.tracks if other.id != target)
    return replace(project, annotations=replace(project.annotations, tracks=(*others, track)))


def draw(project: Project, target: int | None, label: str, frame: int, box: Box) -> tuple[Project, int]:
    """A keyframe of a target (None: of a new one, called ``label``); the project and the target's id."""
    frames = project.annotations.video.num_frames
    if frames is not None and frame >= frames:
        raise InputError(f"frame {frame}: the video has {frames} frames, from 0")
    key = AnnotatedBox(box)
    if target is None:
        target = max((track.id for track in project.annotations.tracks), default=-1) + 1
        track = AnnotatedTrack(target, label, {frame: key})
        tracks = (*project.annotations.tracks, track)
        return replace(project, annotations=replace(project.annotations, tracks=tracks)), target
    ends = project.ends - {(target, frame - 1)}  # nothing is left between
    return with_boxes(replace(project, ends=ends), target, {**project.track(target).boxes, frame: key}), target


def cleared(project: Project, target: int, start: int, stop: int) -> Project:
    """Without what tracking found in the frames from ``start`` to ``stop``; keyframes stay."""
    boxes = project.track(target).boxes
    kept = {frame: box for frame, box in boxes.items() if box.keyframe or not start <= frame <= stop}
    return with_boxes(project, target, kept)


def fill(project: Project, target: int, boxes: Mapping[int, AnnotatedBox]) -> Project:
    """With ``boxes`` found by tracking; keyframes stay as they are."""
    kept = project.track(target).boxes
    keys = {frame: box for frame, box in kept.items() if box.keyframe}
    return with_boxes(project, target, {**kept, **boxes, **keys})


def take_back(project: Project, target: int, frame: int) -> Project:
    """Without the keyframe ``frame``, and without the boxes that were found from it."""
    boxes = dict(project.track(target).boxes)
    if frame not in boxes or not boxes[frame].keyframe:
        raise InputError(f"target {target} has no keyframe {frame}")
    before, after = project.around(target, frame)
    return _without(project, target, -1 if before is None else before, after)


def hide(project: Project, target: int, frame: int) -> Project:
    """Without the target from ``frame`` on, up to its next keyframe; without it at all, if no box is left."""
    _, after = project.around(target, frame)
    hidden = _without(project, target, frame - 1, after)
    if all(track.id != target for track in hidden.annotations.tracks):
        return hidden
    return replace(hidden, ends=hidden.ends | {(target, frame - 1)})


def _without(project: Project, target: int, start: int, stop: int | None) -> Project:
    """Without the boxes and ends between the frames ``start`` and ``stop`` (None: to the end). A target without boxes
    is removed."""

    def is_kept(frame: int) -> bool:
        return frame <= start or (stop is not None and frame >= stop)

    boxes = {frame: box for frame, box in project.track(target).boxes.items() if is_kept(frame)}
    if not boxes:
        return remove(project, target)
    ends = frozenset(end for end in project.ends if end[0] != target or is_kept(end[1]))
    return with_boxes(replace(project, ends=ends), target, boxes)


def relabel(project: Project, target: int, label: str) -> Project:
    """With another label of a target."""
    track = replace(project.track(target), label=label)
    others = tuple(other for other in project.annotations.tracks if other.id != target)
    return replace(project, annotations=replace(project.annotations, tracks=(*others, track)))


def remove(project: Project, target: int) -> Project:
    """Without a target."""
    project.track(target)
    kept = tuple(track for track in project.annotations.tracks if track.id != target)
    ends = frozenset(end for end in project.ends if end[0] != target)
    return Project(replace(project.annotations, tracks=kept), ends)


@dataclass(frozen=True)
class Part:
    """What a project has of one target; track: None without it. only_label: its label alone."""

    target: int
    track: AnnotatedTrack | None
    ends: frozenset[tuple[int, int]]
    only_label: bool = False


def part_of(project: Project, target: int, only_label: bool = False) -> Part:
    """What ``project`` has of a target, which need not be there."""
    track = next((track for track in project.annotations.tracks if track.id == target), None)
    return Part(target, track, frozenset(end for end in project.ends if end[0] == target), only_label)


def with_part(project: Project, part: Part) -> Project:
    """With ``part`` in place of what there is of its target; the other targets stay."""
    if part.only_label and part.track:
        return relabel(project, part.target, part.track.label)
    others = tuple(track for track in project.annotations.tracks if track.id != part.target)
    tracks = (*others, part.track) if part.track else others
    ends = frozenset(end for end in project.ends if end[0] != part.target)
    return Project(replace(project.annotations, tracks=tracks), ends | part.ends)
