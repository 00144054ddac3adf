"""From a map of scores to a displacement and a verdict: tracking, uncertain or lost. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState


@dataclass(frozen=True)
class Localization:
    """Where the target is seen from the crop's centre."""

    displacement: tuple[float, float]  # (x, y) in cells of the score map
    score: float
    state: TrackState
    hard_negative: bool  # there was a distractor worth learning


def peak(scores: np.ndarray) -> tuple[float, float]:
    """(row, column) of the highest score, between the cells by a parabola through its neighbours on each axis."""
    row, col = np.unravel_index(int(scores.argmax()), scores.shape)
    return row + _vertex(scores[:, col], int(row)), col + _vertex(scores[row], int(col))


def _vertex(profile: np.ndarray, index: int) -> float:
    if not 0 < index < len(profile) - 1:
        return 0.0
    before, top, after = (float(value) for value in profile[index - 1 : index + 2])
    curvature = before - 2 * top + after
    return 0.5 * (before - after) / curvature if curvature < 0 else 0.0


def localize(
    scores: np.ndarray,
    target_size: tuple[float, float],
    last_displacement: tuple[float, float],
    params: LocalizationParams,
) -> Localization:
    """Choose the target's peak and judge it, as DiMP does (its "advanced localization").

    Args:
        scores: ``[K, K]``; the cell (K - 1) / 2 is the crop's centre.
        target_size: (w, h) in cells.
        last_displacement: (x, y) from the crop's centre to where the target was, in cells.
        params: thresholds.
    """
    centre = (scores.shape[0] - 1) / 2

    def displacement(position: tuple[float, float]) -> tuple[float, float]:
        return position[1] - centre, position[0] - centre

    first = peak(scores)
    score = float(scores.max())
    if score < params.not_found_threshold:
        return Localization(displacement(first), score, "lost", False)

    rest = scores.copy()
    half_w, half_h = (params.neighborhood_scale * side / 2 for side in target_size)
    rows = np.abs(np.arange(scores.shape[0]) - first[0]) <= half_h
    cols = np.abs(np.arange(scores.shape[1]) - first[1]) <= half_w
    rest[np.ix_(rows, cols)] = -np.inf
    second_score = float(rest.max())
    state: TrackState = "tracking" if score >= params.uncertain_threshold else "uncertain"

    if second_score > params.distractor_ratio * score:
        second = peak(np.where(np.isfinite(rest), rest, rest[np.isfinite(rest)].min()))
        near = params.displacement_scale * centre / 2
        first_far, second_far = (
            np.hypot(*np.subtract(displacement(position), last_displacement)) > near for position in (first, second)
        )
        if first_far and not second_far:
            return Localization(displacement(second), second_score, state, True)
        if second_far and not first_far:
            return Localization(displacement(first), score, state, True)
        return Localization(displacement(first), score, "uncertain", False)

    hard = second_score > params.hard_negative_ratio * score and second_score > params.not_found_threshold
    return Localization(displacement(first), score, state, hard)
