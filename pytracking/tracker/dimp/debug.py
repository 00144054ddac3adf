"""What the tracker sees and decides, shown frame by frame to whoever asks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytracking.tracker.dimp.functions import Array, BoxEnergy
from pytracking.tracker.dimp.localization import Localization
from pytracking.tracker.dimp.memory import Memory


class DebugHook:
    """Is shown, in every frame, what DiMP sees and decides on the way to a box. This one ignores it."""

    def clone(self) -> DebugHook:
        """The hook of another target."""
        return self

    def on_search(self, crop: Array) -> None:
        """The search region: RGB uint8 ``[S, S, 3]``. A frame begins."""

    def on_localize(self, scores: np.ndarray, found: Localization) -> None:
        """The score map ``[K, K]``, and what was made of it."""

    def on_refine(self, energy: BoxEnergy, before: np.ndarray, after: np.ndarray) -> None:
        """The box ``[4]`` in crop pixels before and after its refinement by an energy; only where it was refined."""

    def on_update(self, memory: Memory) -> None:
        """The training samples and their weights. The frame ends."""


@dataclass
class FrameDebug:
    """What an :class:`DebugHook` was shown of one frame."""

    crop: np.ndarray
    scores: np.ndarray | None = None
    found: Localization | None = None
    energy: BoxEnergy | None = None
    before: np.ndarray | None = None
    after: np.ndarray | None = None
    weights: np.ndarray | None = None
    num_init: int = 0


class DebugRecorder(DebugHook):
    """Keeps the last frame in ``frame`` (None before the first)."""

    def __init__(self) -> None:
        self.frame: FrameDebug | None = None

    def clone(self) -> DebugRecorder:
        return DebugRecorder()

    def on_search(self, crop: Array) -> None:
        self.frame = FrameDebug(crop.cpu().numpy())

    def on_localize(self, scores: np.ndarray, found: Localization) -> None:
        self._seen.scores, self._seen.found = scores, found

    def on_refine(self, energy: BoxEnergy, before: np.ndarray, after: np.ndarray) -> None:
        self._seen.energy, self._seen.before, self._seen.after = energy, before, after

    def on_update(self, memory: Memory) -> None:
        self._seen.weights, self._seen.num_init = memory.weights[: memory.count, 0].astype(np.float32), memory.num_init

    @property
    def _seen(self) -> FrameDebug:
        assert self.frame is not None, "a frame begins with on_search"
        return self.frame
