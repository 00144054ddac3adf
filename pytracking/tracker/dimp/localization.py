"""Target localization: from a score map to a displacement and a state (tracking, uncertain or lost). Pure functions.

In pytracking's flags, ``tracking`` is "normal" (or "hard_negative", if a distractor is learned) and ``lost`` is
"not_found".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np

from pytracking.parameter.dimp.base import LocalizationParams
from pytracking.tracker.base.output import TrackState

Offset = tuple[float, float]  # (x, y) from the crop's center in cells of the score map
Choice = Literal["unambiguous", "distractor", "ambiguous"]
MAX_PEAKS = 5


@dataclass(frozen=True)
class Localization:
    """Position and state of the target in a score map."""

    displacement: Offset
    score: float
    state: TrackState
    hard_negative: bool  # whether a distractor is strong enough to be learned
    distractors: tuple[Offset, ...] = ()  # the other peaks, highest first
    distractor_scores: tuple[float, ...] = ()


@dataclass(frozen=True)
class MotionContext:
    """The context of a frame from the previous ones."""

    last_place: Offset = (0.0, 0.0)  # of the target; not the crop's center if the crop was shifted into the frame
    place_known: bool = True  # whether the last position is reliable
    lost: int = 0  # number of frames since the target was seen
    motion: Offset = (0.0, 0.0)  # of the target, in the last frame in which it was seen
    distractors: tuple[Offset, ...] = ()  # the other peaks of the last frame

    def distance(self, place: Offset) -> float:
        """Distance to the expected position: the last one, or that with constant motion, whichever is nearer."""
        (x, y), (motion_x, motion_y), frames = self.last_place, self.motion, 1 + self.lost
        moved_on = x + motion_x * frames, y + motion_y * frames
        return min(math.dist(place, self.last_place), math.dist(place, moved_on))


@dataclass(frozen=True)
class _Peak:
    place: Offset
    score: float
    distance: float  # from the target's last position
    far: bool  # whether the displacement is implausibly large


def subcell_argmax(scores: np.ndarray, index: int | None = None) -> Offset:
    """Sub-cell position (row, column) of the maximum of ``[K, K]``, or of the peak in cell ``index`` of the flat map.

    On each axis: the vertex of a parabola through the cell and its neighbors, within half a cell.
    """
    cell = divmod(int(scores.argmax()) if index is None else index, len(scores))
    row, column = (
        at + _vertex(line[at - 1 : at + 2])
        for at, line in zip(cell, (scores[:, cell[1]], scores[cell[0]]), strict=True)
    )
    return row, column


def _vertex(values: np.ndarray) -> float:
    """Position of the maximum of a parabola through three ``values`` at -1, 0, 1, within -0.5..0.5; 0 without one."""
    if len(values) < 3:  # at the map's border
        return 0.0
    before, top, after = map(float, values)
    curvature = before - 2 * top + after
    return min(max(0.5 * (before - after) / curvature, -0.5), 0.5) if curvature < 0 else 0.0


def peaks(scores: np.ndarray, half_w: float, half_h: float, start: int | None = None) -> Iterator[tuple[Offset, float]]:
    """The peaks of ``[K, K]``, highest first, each outside the neighborhoods of those before: places and scores.

    Args:
        half_w, half_h: of a neighborhood, in cells.
        start: flat index of the first peak, if not the highest.
    """
    rest, cells, center = scores.copy(), np.arange(len(scores)), (len(scores) - 1) / 2
    highest = int(rest.argmax()) if start is None else start
    while rest.flat[highest] != -np.inf:
        row, column = subcell_argmax(scores, highest)
        yield (column - center, row - center), float(rest.flat[highest])
        rest[np.ix_(np.abs(cells - row) <= half_h, np.abs(cells - column) <= half_w)] = -np.inf
        highest = int(rest.argmax())


def localize(
    scores: np.ndarray, target_size: tuple[float, float], context: MotionContext, params: LocalizationParams
) -> Localization:
    """Select the target's peak and its state: DiMP's "advanced localization", with the distractors of the last frame.

    The target is the highest peak above the threshold for its position, unless a nearer peak is nearly as high, or the
    highest one matches a distractor of the last frame.

    Args:
        scores: ``[K, K]``; the cell (K - 1) / 2 is the crop's center.
        target_size: (w, h) in cells.
        context: from the previous frames.
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
        tuple(peak.score for peak in distractors),
    )


def _find_peaks(
    scores: np.ndarray, target_size: tuple[float, float], context: MotionContext, params: LocalizationParams
) -> list[_Peak]:
    """The highest peak and others outside its neighborhood, highest first."""
    half_w, half_h = (params.neighborhood_scale * side / 2 for side in target_size)
    reach = params.displacement_scale * (len(scores) - 1) / 4
    start = int((scores * _window(len(scores), context)).argmax()) if params.window else None
    found: list[_Peak] = []
    for place, score in islice(peaks(scores, half_w, half_h, start), MAX_PEAKS):
        if found and not score > params.not_found_threshold:
            break
        far = context.place_known and context.distance(place) > reach
        found.append(_Peak(place, score, math.dist(place, context.last_place), far))
    return found


def _window(size: int, context: MotionContext) -> np.ndarray:
    """A Hann window ``[size, size]`` around the last place; 0 is just outside a map whose center that is."""
    cells = np.arange(size) - (size - 1) / 2
    across, down = (
        0.5 + 0.5 * np.cos(2 * np.pi * ((cells - place) / (size + 1)).clip(-0.5, 0.5)) for place in context.last_place
    )
    window: np.ndarray = down[:, None] * across
    return window


def _score_threshold(peak: _Peak, context: MotionContext, params: LocalizationParams) -> float:
    """The lowest score with which a peak can be the target."""
    needed = params.not_found_threshold
    if context.lost:
        needed = max(needed, params.found_again_threshold)
    if peak.far:
        needed = max(needed, params.far_threshold)
    return needed


def _choose(
    candidates: list[_Peak], seen: list[_Peak], margin: float, context: MotionContext, params: LocalizationParams
) -> tuple[_Peak, Choice]:
    """The target among candidate peaks (highest first), and whether it has a distractor."""
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
    """Whether ``first`` is a distractor of the last frame and ``other`` the target, not vice versa.

    Of the two assignments to the last frame's positions, the one with the smaller total displacement is chosen.
    """
    return other.distance < first.distance and any(
        other.distance + math.dist(first.place, distractor) + margin
        < first.distance + math.dist(other.place, distractor)
        for distractor in distractors
    )
