"""What the annotation page asks for, and what it is told. No state, no network."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ltr.utils.errors import InputError
from pytracking.annotation.editing import Project
from pytracking.annotation.model import LABEL, AnnotatedTrack
from pytracking.pipeline.propagation import doubt
from pytracking.tracker.base.output import Box

MAX_LABEL = 80  # characters


@dataclass(frozen=True)
class Draw:
    """A box that a person drew: of ``target``, or of a new one (None) called ``label``."""

    target: int | None
    label: str
    frame: int
    box: Box


@dataclass(frozen=True)
class TakeBack:
    """Make ``frame`` no keyframe of the target any more."""

    target: int
    frame: int


@dataclass(frozen=True)
class Hide:
    """The target is not to be seen from ``frame`` on, up to its next keyframe."""

    target: int
    frame: int


@dataclass(frozen=True)
class Relabel:
    """Call the target ``label``."""

    target: int
    label: str


@dataclass(frozen=True)
class Remove:
    """Remove the target."""

    target: int


@dataclass(frozen=True)
class Follow:
    """Fill the frames between the target's keyframes, and on to the end of the video, or ``back`` to its beginning."""

    target: int
    back: bool


@dataclass(frozen=True)
class Stop:
    """Stop filling; what is found stays."""


@dataclass(frozen=True)
class Undo:
    """Undo the newest change."""


@dataclass(frozen=True)
class Redo:
    """Do again what was undone last."""


Edit = Draw | TakeBack | Hide | Relabel | Remove | Follow | Stop | Undo | Redo
EDITS: dict[str, type[Edit]] = {
    kind.__name__.lower(): kind for kind in (Draw, TakeBack, Hide, Relabel, Remove, Follow, Stop, Undo, Redo)
}


def parse_edit(text: str) -> Edit:
    """The edit of a message, ``{"type": "draw", ...}``; InputError if it is invalid."""
    try:
        fields = json.loads(text)
        kind = EDITS[fields.pop("type")]
        return kind(**{name: _CHECKS[name](value) for name, value in fields.items()})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise InputError(f"not an edit: {text[:80]!r}") from None


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _label(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return "".join(char for char in value if char.isprintable()).strip()[:MAX_LABEL] or LABEL


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "target": lambda value: None if value is None else _count(value),
    "label": _label,
    "frame": _count,
    "box": lambda value: tuple(float(side) for side in value),
    "back": _flag,
}


def track_message(track: AnnotatedTrack, project: Project) -> dict[str, Any]:
    """A track for the page: its boxes are [frame, x, y, w, h, keyframe (0 or 1), doubt]."""
    boxes = [
        [frame, *(round(value, 2) for value in box.box), int(box.keyframe), round(doubt(box), 3)]
        for frame, box in track.boxes.items()
    ]
    ends = sorted(frame for target, frame in project.ends if target == track.id)
    return {"id": track.id, "label": track.label, "boxes": boxes, "ends": ends}
