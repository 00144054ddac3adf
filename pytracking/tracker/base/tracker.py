"""Interfaces of trackers: one target, the model that targets share, and the family that loads a model by name.

:mod:`pytracking.tracker.families` lists the families.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from pytracking.tracker.base.config import TrackerConfig
from pytracking.tracker.base.output import Box, TrackOutput
from pytracking.tracker.base.run_info import RunInfo


class BaseTracker(Protocol):
    """A tracker of one target; ``initialize`` restarts it on another."""

    def initialize(self, frame: np.ndarray, box: Box) -> None:
        """Learn the target ``box`` (x, y, w, h) of ``frame`` (RGB uint8 ``[H, W, 3]``)."""

    def track(self, frame: np.ndarray) -> TrackOutput:
        """Find the target in the next frame."""


class TrackerModel(Protocol):
    """A loaded tracker: the immutable part that all its targets share."""

    def new_tracker(self) -> BaseTracker:
        """A tracker of one target; the same seed gives the same boxes."""

    def run_info(self) -> RunInfo:
        """The settings that its results depend on: device, threads, network, versions of libraries, ..."""

    def track_batch(self, trackers: Sequence[Any], frame: np.ndarray) -> list[TrackOutput]:
        """Outputs of ``track`` for each of this model's ``trackers``; some models process them as one batch."""
        return [tracker.track(frame) for tracker in trackers]


@dataclass(frozen=True)
class Family:
    """A kind of tracker.

    parameters: by name. load: builds the model from parameters; raises InputError, FileNotFoundError or ImportError.
    of_network: the parameters for a .safetensors file, None if the family has no such networks.
    of_file: the parameters in a parameter file of pytracking (.py), None if the family reads none.
    """

    parameters: Mapping[str, Any]
    load: Callable[[Any, TrackerConfig], TrackerModel]
    of_network: Callable[[str], Any] | None = None
    of_file: Callable[[Path], Any] | None = None


# Optional capabilities of a BaseTracker, tested with isinstance.


@runtime_checkable
class Restorable(Protocol):
    """A tracker whose state can be saved and restored."""

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state as named arrays of numpy (or tensors); restored as numpy arrays."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue from ``state``; InputError if it belongs to another kind of tracker."""


@runtime_checkable
class Debuggable(Protocol):
    """A tracker with a debug hook; the hook's ``clone`` makes the one of another target."""

    debug: Any


@runtime_checkable
class Staged(Protocol):
    """A tracker whose ``track`` consists of stages that can be timed."""

    stages: dict[str, tuple[object, str]]  # by stage: an object and the name of its method
