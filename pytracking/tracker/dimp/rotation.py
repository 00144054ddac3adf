"""Rotation of the target in the plane: a filter over its angle, which gives the size that the prior expects.

The box around an ellipse of w x h that is turned by the angle a is sqrt(w^2 cos^2 a + h^2 sin^2 a) wide and
sqrt(w^2 sin^2 a + h^2 cos^2 a) high. So the prior of size and shape (:mod:`pytracking.tracker.dimp.shape_prior`) is put
around that size at the likely angles, in the place of the first box's. The angle is a hidden state that changes slowly
from frame to frame, with the refined box as its measurement.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

ANGLES = np.radians(np.linspace(0, 90, 13))  # beyond, the boxes are the same ones again
TURN = 0.2  # probability that the target turns by one of these steps in a frame, in each direction
UPRIGHT = 0.01  # and that it is as in the first frame
SPREAD = 0.05  # scale of Student's t of measured log sizes and shapes, as the prior's


def log_turned(first_size: np.ndarray) -> np.ndarray:
    """Logarithms of the box's (w, h) at each angle, ``[13, 2]``, relative to ``first_size``; 0 at the first."""
    inverse_aspects = first_size[::-1] / first_size
    logs: np.ndarray = np.log(np.cos(ANGLES)[:, None] ** 2 + (np.sin(ANGLES)[:, None] * inverse_aspects) ** 2) / 2
    return logs


def _predicted(probabilities: np.ndarray) -> np.ndarray:
    """The probabilities one frame later."""
    padded = np.pad(probabilities, 1, mode="edge")  # turning beyond 0 or 90 degrees is turning back
    moved: np.ndarray = (1 - UPRIGHT) * ((1 - 2 * TURN) * probabilities + TURN * (padded[:-2] + padded[2:]))
    moved[0] += UPRIGHT
    return moved


@dataclass(frozen=True)
class Rotation:
    """probabilities: of the angles in the next frame, float64 ``[13]``."""

    probabilities: np.ndarray = field(default_factory=lambda: np.eye(len(ANGLES))[0])

    def expected_size(self, first_size: np.ndarray) -> np.ndarray:
        """(w, h) of the box in the next frame, a geometric mean over the angles: ``[2]``."""
        size: np.ndarray = first_size * np.exp(self.probabilities @ log_turned(first_size))
        return size

    def after(self, size: np.ndarray, first_size: np.ndarray) -> Rotation:
        """After a frame whose box has the ``size`` (w, h), in the pixels of ``first_size``."""
        log_w, log_h = (np.log(size / first_size) - log_turned(first_size)).T
        factors = [1 + (each / SPREAD) ** 2 / 2 for each in ((log_w + log_h) / 2, log_w - log_h)]
        posterior = self.probabilities * (factors[0] * factors[1]) ** -1.5
        return Rotation(_predicted(posterior / posterior.sum()))
