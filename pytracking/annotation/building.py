"""What the readers share: boxes one by one become tracks, and errors name their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ltr.utils.errors import InputError
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo, check_frame, plain

MOST_BOXES = 10_000_000


class TrackBuilder:
    """Collects boxes in any order."""

    def __init__(self) -> None:
        self._labels: dict[int, str] = {}
        self._boxes: dict[int, dict[int, AnnotatedBox]] = {}
        self._count = 0

    def start(self, target: int, label: str) -> None:
        """Make the target known, also if it gets no box."""
        self._labels.setdefault(target, plain(label))
        self._boxes.setdefault(target, {})

    def add(self, target: int, label: str, frame: int, box: AnnotatedBox) -> None:
        """Add a box. InputError if the target has one in the frame already, or another label."""
        self.start(target, label)
        if self._labels[target] != plain(label):
            raise InputError(f"target {target} is called {label!r}, and {self._labels[target]!r} before")
        if frame in self._boxes[target]:
            raise InputError(f"target {target} has two boxes in frame {frame}")
        check_frame(frame)
        self._count += 1
        if self._count > MOST_BOXES:
            raise InputError(f"more than {MOST_BOXES} boxes, which would fill the memory")
        self._boxes[target][frame] = box

    def annotations(self, video: VideoInfo) -> Annotations:
        """All of it."""
        tracks = (AnnotatedTrack(target, label, self._boxes[target]) for target, label in self._labels.items())
        return Annotations(tuple(tracks), video)


@contextmanager
def at(place: str) -> Iterator[None]:
    """An InputError in the block begins with ``place``."""
    try:
        yield
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
