"""From a map of scores to a displacement and a verdict: tracking, uncertain or lost. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState

Place = tuple[float, float]  # (x, y) from the crop's centre, where the target was, in cells of the score map
Choice = Literal["clear", "rival", "ambiguous"]
MOST_PEAKS = 5


@dataclass(frozen=True)
class Localization:
    """Where the target is seen, and what was made of it."""

    displacement: Place
    score: float
    state: TrackState
    hard_negative: bool  # there was a distractor worth learning
    highest: bool = True  # it is the highest peak
    rivals: tuple[Place, ...] = ()  # the other peaks


@dataclass(frozen=True)
class Past:
    """What the frames before say about this one."""

    place_known: bool = True  # the target was at the crop's centre not long ago
    lost: int = 0  # for so many frames it has not been seen
    motion: Place = (0.0, 0.0)  # of the target, in the last frame where it was seen
    rivals: tuple[Place, ...] = ()  # the other peaks of the last frame

    def distance(self, place: Place) -> float:
        """From where the target would be, whether it has stayed or moved on as before."""
        moved_on = self.motion[0] * (1 + self.lost), self.motion[1] * (1 + self.lost)
        return min(math.hypot(*place), math.dist(place, moved_on))


@dataclass(frozen=True)
class _Peak:
    place: Place
    score: float
    far: bool  # the target would have moved there implausibly

    @property
    def distance(self) -> float:
        return math.hypot(*self.place)


def peak(scores: Tensor) -> Tensor:
    """Where ``[K, K]`` is highest, between the cells: (row, column), ``[2]`` on its device, which is not waited for."""
    return _between_cells(scores, scores.argmax())


def _between_cells(scores: Tensor, index: Tensor) -> Tensor:
    """The top of a parabola through a cell and its neighbours on each axis, within half a cell of it."""
    size = scores.shape[0]
    cell = torch.stack([index // size, index % size])
    offsets = torch.arange(-1, 2, device=scores.device)
    around = (index + torch.stack([size * offsets, offsets], dim=1)).clamp(0, size * size - 1)
    before, top, after = scores.flatten()[around]
    curvature = before - 2 * top + after
    has_vertex = (cell > 0) & (cell < size - 1) & (curvature < 0)
    return cell + torch.where(has_vertex, 0.5 * (before - after) / curvature, 0).clamp(-0.5, 0.5)


def localize(
    scores: np.ndarray,
    highest: tuple[float, float],
    target_size: tuple[float, float],
    past: Past,
    params: LocalizationParams,
) -> Localization:
    """Choose the target's peak and judge it: DiMP's "advanced localization", with a memory of one frame.

    The target is the highest peak that is high enough for its place, unless one nearer to the last place is nearly as
    high, or the highest is where something else was in the last frame.

    Args:
        scores: ``[K, K]``; the cell (K - 1) / 2 is the crop's centre.
        highest: the scores' :func:`peak`.
        target_size: (w, h) in cells.
        past: what is known from the last frame.
        params: thresholds.
    """
    seen = _peaks(scores, highest, target_size, past, params)
    candidates = [peak for peak in seen if peak.score >= _needed(peak, past, params)]
    if not candidates:
        return Localization(seen[0].place, seen[0].score, "lost", False)
    margin = params.swap_margin * math.sqrt(target_size[0] * target_size[1])
    target, choice = _choose(candidates, seen, margin, past, params)
    rivals = [peak for peak in seen if peak is not target]
    strong = max(params.hard_negative_ratio * target.score, params.not_found_threshold)
    hard_negative = choice == "rival" or (choice == "clear" and any(peak.score > strong for peak in rivals))
    sure = choice != "ambiguous" and target.score >= params.uncertain_threshold
    return Localization(
        target.place,
        target.score,
        "tracking" if sure else "uncertain",
        hard_negative,
        target is seen[0],
        tuple(peak.place for peak in rivals),
    )


def _peaks(
    scores: np.ndarray,
    highest: tuple[float, float],
    target_size: tuple[float, float],
    past: Past,
    params: LocalizationParams,
) -> list[_Peak]:
    """The highest peak, and others that are no part of the same thing, highest first."""
    cells, centre = np.arange(len(scores)), (len(scores) - 1) / 2
    half_w, half_h = (params.neighborhood_scale * side / 2 for side in target_size)
    reach = params.displacement_scale * centre / 2
    rest, (row, column) = scores.copy(), highest
    found: list[_Peak] = []
    while True:
        place = column - centre, row - centre
        found.append(_Peak(place, float(rest.max()), past.place_known and past.distance(place) > reach))
        rest[np.ix_(np.abs(cells - row) <= half_h, np.abs(cells - column) <= half_w)] = -np.inf
        if len(found) == MOST_PEAKS or not rest.max() > params.not_found_threshold:
            return found
        row, column = _between_cells(torch.from_numpy(scores), torch.tensor(rest.argmax())).tolist()


def _needed(peak: _Peak, past: Past, params: LocalizationParams) -> float:
    """How high a peak has to be to be the target."""
    needed = params.not_found_threshold
    if past.lost:
        needed = max(needed, params.found_again_threshold)
    if peak.far:
        needed = max(needed, params.far_threshold)
    return needed


def _choose(
    candidates: list[_Peak], seen: list[_Peak], margin: float, past: Past, params: LocalizationParams
) -> tuple[_Peak, Choice]:
    """The target among peaks (highest first), and whether it has a rival."""
    first, *others = candidates
    if not past.place_known:
        return first, "clear"
    enough = max(params.swap_ratio * first.score, params.uncertain_threshold)
    its = [rival for rival in past.rivals if min(seen, key=lambda peak: math.dist(peak.place, rival)) is first]
    stayed = [other for other in others if other.score >= enough and _swapped(first, other, its, margin)]
    if stayed:
        return min(stayed, key=lambda peak: peak.distance), "rival"
    if not others or others[0].score <= params.distractor_ratio * first.score:
        return first, "clear" if first is seen[0] else "ambiguous"
    if first.far == others[0].far:
        return first, "ambiguous"
    return others[0] if first.far else first, "rival"


def _swapped(first: _Peak, other: _Peak, rivals: list[Place], margin: float) -> bool:
    """Whether ``first`` is a rival of the last frame and ``other`` the target, and not the other way round.

    Of the two ways to match them with the last frame's places, the one where they have moved less (in sum).
    """
    return other.distance < first.distance and any(
        other.distance + math.dist(first.place, rival) + margin < first.distance + math.dist(other.place, rival)
        for rival in rivals
    )
