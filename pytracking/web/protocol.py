"""Messages between page and server over the WebSocket. No state, no network.

Page to server: a camera picture is a binary message, its number (uint32, big-endian) and a JPEG; all others are JSON
objects whose ``type`` is a key of ``COMMANDS``. Server to page: pictures of an uploaded video in the same binary form,
and JSON objects of the types hello, video, added, result, ended, rendering and error.

Boxes are x, y, w, h in pixels of the picture that their message names by number.
"""

import json
import math
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ltr.utils.errors import InputError
from pytracking.tracker.base.output import Box, TrackOutput

_NUMBER = struct.Struct(">I")


class ProtocolError(InputError):
    """A message that our page never sends: the connection is closed."""


@dataclass(frozen=True)
class Picture:
    """A camera picture to track in."""

    number: int
    jpeg: bytes


@dataclass(frozen=True)
class Add:
    """Track the target in ``box`` of picture ``frame``."""

    frame: int
    box: Box


@dataclass(frozen=True)
class Remove:
    """Remove target ``id``."""

    id: int


@dataclass(frozen=True)
class Restore:
    """Track target ``id`` again, which was removed."""

    id: int


@dataclass(frozen=True)
class Reset:
    """Remove all targets."""


@dataclass(frozen=True)
class Camera:
    """Switch to the camera: discard the uploaded video and its targets."""


@dataclass(frozen=True)
class Demo:
    """Show the demo clip."""


@dataclass(frozen=True)
class Play:
    """Play the uploaded video."""


@dataclass(frozen=True)
class Pause:
    """Pause the uploaded video."""


@dataclass(frozen=True)
class Seek:
    """Show picture ``frame`` of the uploaded video, with what was found there before."""

    frame: int


@dataclass(frozen=True)
class Ack:
    """Picture ``frame`` of the uploaded video was displayed: the next one can be sent."""

    frame: int


Command = Add | Remove | Restore | Reset | Camera | Demo | Play | Pause | Seek | Ack
COMMANDS: dict[str, type[Command]] = {
    **{kind.__name__.lower(): kind for kind in (Add, Remove, Restore, Reset, Camera, Demo, Play, Pause, Seek)},
    "seen": Ack,
}


def parse_command(text: str) -> Command:
    """The command of a text message; ProtocolError if it is invalid."""
    try:
        fields = json.loads(text)
        kind = COMMANDS[fields.pop("type")]
        return kind(**{name: _CHECKS[name](value) for name, value in fields.items()})
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        raise ProtocolError(f"not a command: {text[:80]!r}") from None


def _count(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError
    return value


def _box(value: Any) -> Box:
    x, y, w, h = (float(side) for side in value)
    if not all(map(math.isfinite, (x, y, w, h))):
        raise ValueError
    return x, y, w, h


_CHECKS: dict[str, Callable[[Any], Any]] = {"frame": _count, "id": _count, "box": _box}


def parse_picture(message: bytes) -> Picture:
    """The picture of a binary message; ProtocolError if it is too short."""
    if len(message) <= _NUMBER.size:
        raise ProtocolError(f"a picture of {len(message)} bytes")
    return Picture(_NUMBER.unpack_from(message)[0], message[_NUMBER.size :])


def picture_message(number: int, jpeg: bytes) -> bytes:
    """The binary form of a picture."""
    return _NUMBER.pack(number) + jpeg


def result_message(frame: int, outputs: Mapping[int, TrackOutput], seconds: float) -> str:
    """The targets in picture ``frame``, and the seconds of tracking."""
    targets = [
        {
            "id": number,
            "box": output.box,
            "score": round(output.score, 4),
            "state": output.state,
            "box_std": output.box_std,
        }
        for number, output in sorted(outputs.items())
    ]
    return json.dumps({"type": "result", "frame": frame, "targets": targets, "seconds": round(seconds, 4)})


def added_message(number: int) -> str:
    """A target was added with this id."""
    return json.dumps({"type": "added", "id": number})


def rendering_message(part: float) -> str:
    """How much of the annotated video is done, 0..1."""
    return json.dumps({"type": "rendering", "part": round(part, 3)})


def error_message(text: str, frame: int | None = None) -> str:
    """An error message for the user; ``frame``: the picture that gets no other answer."""
    return json.dumps({"type": "error", "message": text, "frame": frame})
