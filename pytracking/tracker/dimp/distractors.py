"""The target's distractors: the other peaks of the score maps, matched over frames. Pure functions of numpy arrays.

Each peak of a frame is a known distractor near the place where that is expected, or else a new one. Of all ways to
match them, the one with the smallest sum of squared distances is taken: a motion that all share, the camera's, does not
change which one that is. A distractor that is hidden for a while keeps its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from functools import cache

import numpy as np

REACH = 1.0  # largest distance from the expected place, in target sizes
MOTION_RATE = 0.3  # least weight of a new motion in the running mean
MOTION_DECAY = 0.9  # of the expected motion, with each frame in which a distractor is not seen
REMEMBERED = 30  # frames without being seen, and at most twice the number of times it was seen
MOST = 8


def _empty(*shape: int, kind: type = np.float64) -> np.ndarray:
    return field(default_factory=lambda: np.empty(shape, kind))  # type: ignore[no-any-return]


@dataclass(frozen=True)
class Distractors:
    """n of them, those of the last frame first; lengths in image pixels, times in frames."""

    ids: np.ndarray = _empty(0, kind=np.int64)  # int64 [n], from 1
    places: np.ndarray = _empty(0, 2)  # (x, y) where last seen, float64 [n, 2]
    motions: np.ndarray = _empty(0, 2)  # (x, y) in a frame, float64 [n, 2]
    scores: np.ndarray = _empty(0)  # when last seen, float64 [n]
    ages: np.ndarray = _empty(0, kind=np.int64)  # number of times seen, int64 [n]
    unseen: np.ndarray = _empty(0, kind=np.int64)  # frames since it was seen, int64 [n]
    count: int = 0  # of all so far

    def after(self, places: np.ndarray, scores: np.ndarray, size: float) -> Distractors:
        """The distractors after a frame with other peaks at ``places [p, 2]`` with ``scores [p]``.

        size: of the target, sqrt(w h) in pixels.
        """
        if not len(self.ids) + len(places):
            return self  # as in most frames
        found = np.array(self._match(places, size), np.int64)
        peaks, seen = found[found >= 0], self._only(found >= 0)
        motion = (places[peaks] - seen.places) / (1 + seen.unseen[:, None])
        rate = np.maximum(MOTION_RATE, 1 / np.maximum(seen.ages, 1))[:, None]
        seen = replace(
            seen,
            places=places[peaks],
            motions=seen.motions + rate * (motion - seen.motions),
            scores=scores[peaks],
            ages=seen.ages + 1,
            unseen=np.zeros_like(seen.unseen),
        )
        new = np.setdiff1d(np.arange(len(places)), peaks)
        missed = replace(self._only(found < 0), unseen=self.unseen[found < 0] + 1)
        missed = missed._only(missed.unseen <= np.minimum(REMEMBERED, 2 * missed.ages))
        missed = missed._only(np.arange(len(missed.ids)) < MOST - len(peaks) - len(new))
        return _joined(seen, _new(places[new], scores[new], self.count), missed)

    @property
    def shown(self) -> Distractors:
        """Those of the last frame."""
        return self._only(self.unseen == 0)

    def scaled(self, factors: np.ndarray) -> Distractors:
        """In pixels of a picture that is larger by ``factors`` (x, y)."""
        return replace(self, places=self.places * factors, motions=self.motions * factors)

    def _only(self, chosen: np.ndarray) -> Distractors:
        return _of({name: getattr(self, name)[chosen] for name in _ARRAYS}, self.count)

    def _match(self, places: np.ndarray, size: float) -> tuple[int, ...]:
        """The peak that each distractor is, -1 if none: exact, by dynamic programming over the sets of taken peaks."""
        steps = MOTION_DECAY * (1 - MOTION_DECAY ** (1 + self.unseen[:, None])) / (1 - MOTION_DECAY)
        offsets = (self.places + steps * self.motions)[:, None] - places
        costs: list[list[float]] = ((offsets**2).sum(axis=-1) / size**2).tolist()

        @cache
        def cheapest(row: int, taken: int) -> tuple[float, tuple[int, ...]]:
            if row == len(costs):
                return 0.0, ()
            rest, peaks = cheapest(row + 1, taken)
            best = rest + REACH**2, (-1, *peaks)
            for peak, cost in enumerate(costs[row]):
                if cost < REACH**2 and not taken >> peak & 1:
                    rest, peaks = cheapest(row + 1, taken | 1 << peak)
                    best = min(best, (rest + cost, (peak, *peaks)))
            return best

        return cheapest(0, 0)[1]


_ARRAYS = [each.name for each in fields(Distractors) if each.name != "count"]


def _of(arrays: dict[str, np.ndarray], count: int) -> Distractors:
    return Distractors(**arrays, count=count)


def _new(places: np.ndarray, scores: np.ndarray, count: int) -> Distractors:
    ones = np.ones(len(places), np.int64)
    return Distractors(
        count + ones.cumsum(), places, np.zeros_like(places), scores, ones, 0 * ones, count + len(places)
    )


def _joined(seen: Distractors, new: Distractors, missed: Distractors) -> Distractors:
    parts = seen, new, missed
    return _of({name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}, new.count)
