"""What the readers share: boxes one by one become tracks, and errors name their place."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ltr.utils.errors import InputError
from pytracking.annotation.model import AnnotatedBox, AnnotatedTrack, Annotations, VideoInfo


class TrackBuilder:
    """Collects boxes in any order."""

    def __init__(self) -> None:
        self._labels: dict[int, str] = {}
        self._boxes: dict[int, dict[int, AnnotatedBox]] = {}

    def start(self, target: int, label: str) -> None:
        """Make the target known, also if it gets no box."""
        self._labels.setdefault(target, label)
        self._boxes.setdefault(target, {})

    def add(self, target: int, label: str, frame: int, box: AnnotatedBox) -> None:
        """Add a box. InputError if the target has one in the frame already, or another label."""
        self.start(target, label)
        if self._labels[target] != label:
            raise InputError(f"target {target} is called {label!r}, and {self._labels[target]!r} before")
        if frame in self._boxes[target]:
            raise InputError(f"target {target} has two boxes in frame {frame}")
        if frame < 0:
            raise InputError(f"expected frames from 0 on, found {frame}")
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
