"""What every tracker gives back for a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np

Box = tuple[float, float, float, float]
TrackState = Literal["tracking", "uncertain", "lost"]


@dataclass(frozen=True)
class TrackOutput:
    """The target in one frame."""

    box: Box  # (x, y, w, h) in image pixels; not to be believed where the target is lost
    score: float  # confidence in 0..1
    state: TrackState


class BaseTracker(Protocol):
    """A tracker of one target; ``initialize`` starts it again on another."""

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame."""


# What some trackers can do besides. Ask with isinstance.


@runtime_checkable
class BatchTracker(Protocol):
    """Trackers of one model that are faster together."""

    def track_batch(self, trackers: Sequence[Any], frame: np.ndarray) -> list[TrackOutput]:
        """What ``track`` of each of ``trackers``, this one's model's, would give."""


@runtime_checkable
class Restorable(Protocol):
    """A tracker that can be put away and go on later."""

    def state_dict(self) -> dict[str, Any]:
        """A copy of its state as named tensors."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there. ValueError where ``state`` is of another kind of tracker."""


@runtime_checkable
class Debuggable(Protocol):
    """A tracker that shows what it sees; ``debug`` has a method ``clone`` for the hook of another target."""

    debug: Any


@runtime_checkable
class Staged(Protocol):
    """A tracker whose ``track`` has parts that can be timed."""

    stages: dict[str, tuple[object, str]]  # by name: an object and the name of its method
