"""From a map of scores to a displacement and a verdict: tracking, uncertain or lost. Pure functions.

pytracking's flags: ``tracking`` is its "normal" ("hard_negative" where a distractor is worth learning), ``lost`` its
"not_found".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState

Offset = tuple[float, float]  # (x, y) from the crop's center in cells of the score map
Choice = Literal["unambiguous", "distractor", "ambiguous"]
MAX_PEAKS = 5


@dataclass(frozen=True)
class Localization:
    """Where the target is seen, and what was made of it."""

    displacement: Offset
    score: float
    state: TrackState
    hard_negative: bool  # there was a distractor worth learning
    distractors: tuple[Offset, ...] = ()  # the other peaks


@dataclass(frozen=True)
class MotionContext:
    """What the frames before say about this one."""

    last_place: Offset = (0.0, 0.0)  # of the target; not the crop's center where the crop was moved into the frame
    place_known: bool = True  # the target was there not long ago
    lost: int = 0  # for so many frames it has not been seen
    motion: Offset = (0.0, 0.0)  # of the target, in the last frame where it was seen
    distractors: tuple[Offset, ...] = ()  # the other peaks of the last frame

    def distance(self, place: Offset) -> float:
        """From where the target would be, whether it has stayed or moved on as before."""
        (x, y), (motion_x, motion_y), frames = self.last_place, self.motion, 1 + self.lost
        moved_on = x + motion_x * frames, y + motion_y * frames
        return min(math.dist(place, self.last_place), math.dist(place, moved_on))


@dataclass(frozen=True)
class _Peak:
    place: Offset
    score: float
    distance: float  # from the target's last place
    far: bool  # the target would have moved there implausibly


def subcell_argmax(scores: np.ndarray, index: int | None = None) -> Offset:
    """Where ``[K, K]`` is highest (or the cell ``index`` of the flat map), between the cells: (row, column).

    The top of a parabola through the cell and its neighbors on each axis, within half a cell of it.
    """
    cell = divmod(int(scores.argmax()) if index is None else index, len(scores))
    row, column = (
        at + _vertex(line[at - 1 : at + 2])
        for at, line in zip(cell, (scores[:, cell[1]], scores[cell[0]]), strict=True)
    )
    return row, column


def _vertex(values: np.ndarray) -> float:
    """Where a parabola through three ``values`` at -1, 0, 1 has its top, within -0.5..0.5; 0 where it has none."""
    if len(values) < 3:  # at the map's border
        return 0.0
    before, top, after = map(float, values)
    curvature = before - 2 * top + after
    return min(max(0.5 * (before - after) / curvature, -0.5), 0.5) if curvature < 0 else 0.0


def localize(
    scores: np.ndarray, target_size: tuple[float, float], context: MotionContext, params: LocalizationParams
) -> Localization:
    """Choose the target's peak and judge it: DiMP's "advanced localization", with a memory of one frame.

    The target is the highest peak that is high enough for its place, unless one nearer to the last place is nearly as
    high, or the highest is where something else was in the last frame.

    Args:
        scores: ``[K, K]``; the cell (K - 1) / 2 is the crop's center.
        target_size: (w, h) in cells.
        context: what is known from the frames before.
        params: thresholds.
    """
    seen = _find_peaks(scores, target_size, context, params)
    candidates = [peak for peak in seen if peak.score >= _score_threshold(peak, context, params)]
    if not candidates:
        return Localization(seen[0].place, seen[0].score, "lost", False)
    margin = params.swap_margin * math.sqrt(target_size[0] * target_size[1])
    target, choice = _choose(candidates, seen, margin, context, params)
    distractors = [peak for peak in seen if peak is not target]
    strong = max(params.hard_negative_ratio * target.score, params.not_found_threshold)
    hard_negative = choice == "distractor" or (
        choice == "unambiguous" and any(peak.score > strong for peak in distractors)
    )
    sure = choice != "ambiguous" and target.score >= params.uncertain_threshold
    return Localization(
        target.place,
        target.score,
        "tracking" if sure else "uncertain",
        hard_negative,
        tuple(peak.place for peak in distractors),
    )


def _find_peaks(
    scores: np.ndarray, target_size: tuple[float, float], context: MotionContext, params: LocalizationParams
) -> list[_Peak]:
    """The highest peak, and others that are no part of the same thing, highest first."""
    cells, center = np.arange(len(scores)), (len(scores) - 1) / 2
    half_w, half_h = (params.neighborhood_scale * side / 2 for side in target_size)
    reach = params.displacement_scale * center / 2
    rest, (row, column) = scores.copy(), subcell_argmax(scores)
    found: list[_Peak] = []
    while True:
        place = column - center, row - center
        far = context.place_known and context.distance(place) > reach
        found.append(_Peak(place, float(rest.max()), math.dist(place, context.last_place), far))
        rest[np.ix_(np.abs(cells - row) <= half_h, np.abs(cells - column) <= half_w)] = -np.inf
        if len(found) == MAX_PEAKS or not rest.max() > params.not_found_threshold:
            return found
        row, column = subcell_argmax(scores, int(rest.argmax()))


def _score_threshold(peak: _Peak, context: MotionContext, params: LocalizationParams) -> float:
    """How high a peak has to be to be the target."""
    needed = params.not_found_threshold
    if context.lost:
        needed = max(needed, params.found_again_threshold)
    if peak.far:
        needed = max(needed, params.far_threshold)
    return needed


def _choose(
    candidates: list[_Peak], seen: list[_Peak], margin: float, context: MotionContext, params: LocalizationParams
) -> tuple[_Peak, Choice]:
    """The target among peaks (highest first), and whether it has a distractor."""
    first, *others = candidates
    if not context.place_known:
        return first, "unambiguous"
    enough = max(params.swap_ratio * first.score, params.uncertain_threshold)
    its = [
        distractor
        for distractor in context.distractors
        if min(seen, key=lambda peak: math.dist(peak.place, distractor)) is first
    ]
    stayed = [other for other in others if other.score >= enough and _swapped(first, other, its, margin)]
    if stayed:
        return min(stayed, key=lambda peak: peak.distance), "distractor"
    if not others or others[0].score <= params.distractor_ratio * first.score:
        return first, "unambiguous" if first is seen[0] else "ambiguous"
    if first.far == others[0].far:
        return first, "ambiguous"
    return others[0] if first.far else first, "distractor"


def _swapped(first: _Peak, other: _Peak, distractors: list[Offset], margin: float) -> bool:
    """Whether ``first`` is a distractor of the last frame and ``other`` the target, and not the other way round.

    Of the two ways to match them with the last frame's places, the one where they have moved less (in sum).
    """
    return other.distance < first.distance and any(
        other.distance + math.dist(first.place, distractor) + margin
        < first.distance + math.dist(other.place, distractor)
        for distractor in distractors
    )
