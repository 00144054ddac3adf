"""What a tracker is: of one target, its model that others share, and the family that loads it by name.

The families are listed in :mod:`pytracking.tracker.families`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo


class BaseTracker(Protocol):
    """A tracker of one target; ``initialize`` starts it again on another."""

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame."""


class TrackerModel(Protocol):
    """Parameters made ready to run: what all trackers of one name share, and nothing that tracking changes."""

    def new_tracker(self) -> BaseTracker:
        """A tracker of one target; with the same seed, it gives the same boxes."""

    def run_info(self) -> RunInfo:
        """What its results depend on: device, threads, network, versions of libraries, ..."""

    def track_batch(self, trackers: Sequence[Any], frame: np.ndarray) -> list[TrackOutput]:
        """What ``track`` of each of ``trackers``, which are this model's, gives; some models are faster together."""
        return [tracker.track(frame) for tracker in trackers]


@dataclass(frozen=True)
class Family:
    """A kind of tracker.

    parameters: what it knows by name. load: makes some of them ready to run; raises ValueError, FileNotFoundError or
    ImportError where that cannot be. of_network: the parameters for a .safetensors file, in a family of our networks.
    """

    parameters: Mapping[str, Any]
    load: Callable[[Any, TrackerConfig], TrackerModel]
    of_network: Callable[[str], Any] | None = None


# What some trackers of one target can do besides. Ask with isinstance.


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
