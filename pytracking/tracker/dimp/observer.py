"""A look inside the running tracker, for whoever wants one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from pytracking.tracker.dimp.localization import Localization
from pytracking.tracker.dimp.memory import Memory

BoxEnergy = Callable[[Tensor], Tensor]  # boxes [M, 4] (x, y, w, h; crop pixels) -> f(x, y) [M]


class Observer:
    """Is shown, in every frame, what DiMP sees and decides on the way to a box. This one looks away."""

    def another(self) -> Observer:
        """The observer of another target."""
        return self

    def searched(self, crop: Tensor) -> None:
        """The search region: RGB uint8 ``[S, S, 3]``. A frame begins."""

    def located(self, scores: np.ndarray, found: Localization) -> None:
        """The score map ``[K, K]``, and what was made of it."""

    def refined(self, energy: BoxEnergy, before: Tensor, after: Tensor) -> None:
        """The box ``[4]`` in crop pixels before and after its refinement by an energy; only where it was refined."""

    def remembered(self, memory: Memory) -> None:
        """The training samples and their weights. The frame ends."""


@dataclass
class View:
    """What an :class:`Observer` was shown of one frame."""

    crop: np.ndarray
    scores: np.ndarray | None = None
    found: Localization | None = None
    energy: BoxEnergy | None = None
    before: Tensor | None = None
    after: Tensor | None = None
    weights: np.ndarray | None = None
    num_init: int = 0


class Recorder(Observer):
    """Keeps the last frame in ``view`` (None before the first)."""

    def __init__(self) -> None:
        self.view: View | None = None

    def another(self) -> Recorder:
        return Recorder()

    def searched(self, crop: Tensor) -> None:
        self.view = View(crop.cpu().numpy())

    def located(self, scores: np.ndarray, found: Localization) -> None:
        self._seen.scores, self._seen.found = scores, found

    def refined(self, energy: BoxEnergy, before: Tensor, after: Tensor) -> None:
        self._seen.energy, self._seen.before, self._seen.after = energy, before, after

    def remembered(self, memory: Memory) -> None:
        self._seen.weights, self._seen.num_init = memory.weights[:, 0].cpu().numpy(), memory.num_init

    @property
    def _seen(self) -> View:
        assert self.view is not None, "a frame begins with searched"
        return self.view
