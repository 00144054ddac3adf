"""From a map of scores to a displacement and a verdict: tracking, uncertain or lost. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState


@dataclass(frozen=True)
class Localization:
    """Where the target is seen from the crop's centre."""

    displacement: tuple[float, float]  # (x, y) in cells of the score map
    score: float
    state: TrackState
    hard_negative: bool  # there was a distractor worth learning
    highest: bool = True  # it is the highest peak


def peak(scores: Tensor) -> Tensor:
    """Where ``[K, K]`` is highest, between the cells by a parabola through its neighbours on each axis.

    (row, column), ``[2]`` on the scores' device, which is not waited for.
    """
    size = scores.shape[0]
    index = scores.argmax()
    cell = torch.stack([index // size, index % size])
    offsets = torch.arange(-1, 2, device=scores.device)
    around = (index + torch.stack([size * offsets, offsets], dim=1)).clamp(0, size * size - 1)
    before, top, after = scores.flatten()[around]
    curvature = before - 2 * top + after
    has_vertex = (cell > 0) & (cell < size - 1) & (curvature < 0)
    return cell + torch.where(has_vertex, 0.5 * (before - after) / curvature, 0)


def localize(
    scores: np.ndarray,
    highest: tuple[float, float],
    target_size: tuple[float, float],
    last_displacement: tuple[float, float] | None,
    params: LocalizationParams,
) -> Localization:
    """Choose the target's peak and judge it, as DiMP does (its "advanced localization").

    Args:
        scores: ``[K, K]``; the cell (K - 1) / 2 is the crop's centre.
        highest: the scores' :func:`peak`.
        target_size: (w, h) in cells.
        last_displacement: (x, y) from the crop's centre to where the target was, in cells. None: that is not known,
            and no peak is the likelier one for being near.
        params: thresholds.
    """
    centre = (scores.shape[0] - 1) / 2

    def displacement(position: tuple[float, float]) -> tuple[float, float]:
        return position[1] - centre, position[0] - centre

    score = float(scores.max())
    if score < params.not_found_threshold:
        return Localization(displacement(highest), score, "lost", False)

    rest = scores.copy()
    half_w, half_h = (params.neighborhood_scale * side / 2 for side in target_size)
    rows = np.abs(np.arange(scores.shape[0]) - highest[0]) <= half_h
    cols = np.abs(np.arange(scores.shape[1]) - highest[1]) <= half_w
    rest[np.ix_(rows, cols)] = -np.inf
    second_score = float(rest.max())
    state: TrackState = "tracking" if score >= params.uncertain_threshold else "uncertain"

    if last_displacement is not None and second_score > params.distractor_ratio * score:
        row, column = peak(torch.from_numpy(np.where(np.isfinite(rest), rest, rest[np.isfinite(rest)].min()))).tolist()
        second = (row, column)
        near = params.displacement_scale * centre / 2
        first_far, second_far = (
            np.hypot(*np.subtract(displacement(position), last_displacement)) > near for position in (highest, second)
        )
        if first_far and not second_far:
            return Localization(displacement(second), second_score, state, True, highest=False)
        if second_far and not first_far:
            return Localization(displacement(highest), score, state, True)
        return Localization(displacement(highest), score, "uncertain", False)

    hard = second_score > params.hard_negative_ratio * score and second_score > params.not_found_threshold
    return Localization(displacement(highest), score, state, hard)
