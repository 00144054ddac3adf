"""Debug hooks: the intermediate results of DiMP in each frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytracking.tracker.base.arrays import as_numpy
from pytracking.tracker.dimp.confidence import Evidence
from pytracking.tracker.dimp.functions import Array, BoxEnergy
from pytracking.tracker.dimp.localization import Localization
from pytracking.tracker.dimp.memory import Memory


class DebugHook:
    """Receives DiMP's intermediate results in every frame. The base class ignores them."""

    def clone(self) -> DebugHook:
        """A hook for another target."""
        return self

    def on_search(self, crop: Array) -> None:
        """Called first in a frame, with the search region: RGB uint8 ``[S, S, 3]``."""

    def on_localize(self, scores: np.ndarray, found: Localization) -> None:
        """Called with the score map ``[K, K]`` and the localization."""

    def on_refine(self, energy: BoxEnergy, before: np.ndarray, after: np.ndarray) -> None:
        """Called after a refinement, with its energy and the box ``[4]`` before and after, in crop pixels."""

    def on_evidence(self, evidence: Evidence) -> None:
        """Called with what the score is made of."""

    def on_update(self, memory: Memory) -> None:
        """Called last in a frame, with the training samples and their weights."""


@dataclass
class FrameDebug:
    """The values that a :class:`DebugHook` received in one frame."""

    crop: np.ndarray
    scores: np.ndarray | None = None
    found: Localization | None = None
    energy: BoxEnergy | None = None
    before: np.ndarray | None = None
    after: np.ndarray | None = None
    weights: np.ndarray | None = None
    num_init: int = 0


class DebugRecorder(DebugHook):
    """Keeps the values of the last frame in ``frame`` (None before the first)."""

    def __init__(self) -> None:
        self.frame: FrameDebug | None = None

    def clone(self) -> DebugRecorder:
        return DebugRecorder()

    def on_search(self, crop: Array) -> None:
        self.frame = FrameDebug(as_numpy(crop))

    def on_localize(self, scores: np.ndarray, found: Localization) -> None:
        self._current.scores, self._current.found = scores, found

    def on_refine(self, energy: BoxEnergy, before: np.ndarray, after: np.ndarray) -> None:
        self._current.energy, self._current.before, self._current.after = energy, before, after

    def on_update(self, memory: Memory) -> None:
        frame = self._current
        frame.weights, frame.num_init = memory.weights[: memory.count, 0].astype(np.float32), memory.num_init

    @property
    def _current(self) -> FrameDebug:
        assert self.frame is not None, "on_search is called first"
        return self.frame
