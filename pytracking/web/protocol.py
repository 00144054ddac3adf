"""What page and server say to each other over the WebSocket. No state, no network.

Page to server: a picture of the camera is a binary message, its number (uint32, big-endian) and a JPEG; everything
else is a JSON object whose ``type`` is a key of ``COMMANDS``. Server to page: pictures of an uploaded video in the
same binary form, and JSON objects of the types hello, video, added, result, ended and error.

Boxes are x, y, w, h in pixels of the picture that they belong to, which its number names.
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
    """A message that no page of ours sends: the connection is closed."""


@dataclass(frozen=True)
class Picture:
    """A picture of the camera, to be tracked in."""

    number: int
    jpeg: bytes


@dataclass(frozen=True)
class Add:
    """Follow what ``box`` shows in picture ``frame``."""

    frame: int
    box: Box


@dataclass(frozen=True)
class Remove:
    """Follow target ``id`` no longer."""

    id: int


@dataclass(frozen=True)
class Reset:
    """Follow nothing."""


@dataclass(frozen=True)
class Camera:
    """Pictures come from the camera from now on: forget the uploaded video and its targets."""


@dataclass(frozen=True)
class Play:
    """Go on with the uploaded video."""


@dataclass(frozen=True)
class Pause:
    """Stop the uploaded video where it is."""


@dataclass(frozen=True)
class Rewind:
    """The uploaded video again from its first picture, stopped; its targets are learned again where they were drawn."""


@dataclass(frozen=True)
class Seen:
    """Picture ``frame`` of the uploaded video is on the screen: another one can be sent."""

    frame: int


Command = Add | Remove | Reset | Camera | Play | Pause | Rewind | Seen
COMMANDS: dict[str, type[Command]] = {
    kind.__name__.lower(): kind for kind in (Add, Remove, Reset, Camera, Play, Pause, Rewind, Seen)
}


def parse_command(text: str) -> Command:
    """The command that a text message holds; ProtocolError where it is none."""
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
    """The picture that a binary message holds; ProtocolError where it is too short for one."""
    if len(message) <= _NUMBER.size:
        raise ProtocolError(f"a picture of {len(message)} bytes")
    return Picture(_NUMBER.unpack_from(message)[0], message[_NUMBER.size :])


def picture_message(number: int, jpeg: bytes) -> bytes:
    """The binary form of a picture."""
    return _NUMBER.pack(number) + jpeg


def result_message(frame: int, outputs: Mapping[int, TrackOutput], seconds: float) -> str:
    """Where the targets are in picture ``frame``, and how long it took to find them."""
    targets = [
        {"id": number, "box": output.box, "score": round(output.score, 4), "state": output.state}
        for number, output in outputs.items()
    ]
    return json.dumps({"type": "result", "frame": frame, "targets": targets, "seconds": round(seconds, 4)})


def added_message(number: int) -> str:
    """A target was learned and has this id."""
    return json.dumps({"type": "added", "id": number})


def error_message(text: str, frame: int | None = None) -> str:
    """What went wrong, in words for the person; ``frame``: the picture that is not going to be answered otherwise."""
    return json.dumps({"type": "error", "message": text, "frame": frame})
