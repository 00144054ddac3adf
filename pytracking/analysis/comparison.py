"""Trackers compared with a baseline, sequence by sequence: which differences of AUC are significant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from pytracking.analysis import statistics
from pytracking.analysis.metrics import Array
from pytracking.analysis.statistics import ALPHA

if TYPE_CHECKING:
    from pytracking.analysis.extract_results import TrackerScores

Interval = tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """A tracker minus the baseline, in points of AUC.

    interval: 95 %, None for fewer than five sequences. p: of the test that there is no difference, corrected for all
    comparisons. detectable: the smallest difference that these sequences show with 80 % power, None for fewer than
    five sequences. tests: the number of comparisons that p is corrected for.
    """

    mean: float
    interval: Interval | None
    p: float
    detectable: float | None
    sequences: int
    tests: int = 1

    @property
    def sequences_needed(self) -> int:
        """The fewest sequences, at least six, with which p can be below 5 %; the least p is 2 of all sign patterns."""
        return math.floor(math.log2(2 * self.tests / ALPHA)) + 1

    @property
    def shown(self) -> bool:
        """Whether the difference is significant at 5 %."""
        return self.p < ALPHA

    @property
    def sequences_missing(self) -> int | None:
        """How many more sequences would show a difference of this size with 80 % power; None if no number would."""
        if self.detectable is None or self.mean == 0:
            return None
        needed = math.ceil(self.sequences * (self.detectable / self.mean) ** 2)
        return 0 if self.shown else max(1, needed - self.sequences)


@dataclass(frozen=True)
class Comparison:
    """The others against ``baseline``; the rank of each tracker: 1 + the number of significantly better trackers."""

    baseline: str
    differences: dict[str, Difference]
    ranks: dict[str, int]


def compare(trackers: Sequence["TrackerScores"], baseline: str | None = None) -> Comparison:
    """Compare ``trackers`` with ``baseline``, or with the tracker of the highest AUC.

    The best of many trackers is partly the best by luck. So if the data chose the baseline, p is corrected for all
    pairs of trackers. (Corrected for the other trackers alone, 11 % of comparisons of eight equal trackers would show
    a difference.)
    """
    scores = {t.name: t.by_run["auc"] for t in trackers}
    weights = trackers[0].weights
    means = {t.name: float(t.overall["auc"].mean()) for t in trackers}
    chosen = baseline or max(means, key=lambda name: means[name])
    pairs = list(combinations(scores, 2))
    differences = {pair: scores[pair[0]].mean(axis=0) - scores[pair[1]].mean(axis=0) for pair in pairs}
    p = statistics.sign_flip_p(np.array(list(differences.values())), weights)
    of_all_pairs = dict(zip(pairs, statistics.holm(p), strict=True))
    ours = [pair for pair in pairs if chosen in pair]
    corrected, tests = of_all_pairs, len(pairs)
    if baseline is not None:
        of_ours = statistics.holm(np.array([p[pairs.index(pair)] for pair in ours]))
        corrected, tests = dict(zip(ours, of_ours, strict=True)), len(ours)
    others = [pair[pair[0] == chosen] for pair in ours]
    intervals = statistics.difference_intervals([(scores[name], scores[chosen]) for name in others], weights)
    found = {
        name: Difference(
            means[name] - means[chosen],
            as_interval(interval),
            float(corrected[pair]),
            as_number(statistics.detectable_difference(differences[pair], weights, tests)),
            len(weights),
            tests,
        )
        for name, pair, interval in zip(others, ours, intervals, strict=True)
    }
    return Comparison(chosen, found, _ranks(means, {pair for pair in pairs if of_all_pairs[pair] < ALPHA}))


def _ranks(means: dict[str, float], apart: set[tuple[str, str]]) -> dict[str, int]:
    return {
        name: 1 + sum(means[other] > mean and {(name, other), (other, name)} & apart != set() for other in means)
        for name, mean in means.items()
    }


def as_interval(ends: Array) -> Interval | None:
    """``ends`` [2] as numbers; None if they are NaN."""
    return None if np.isnan(ends).any() else (float(ends[0]), float(ends[1]))


def as_number(value: float) -> float | None:
    """``value``, or None if it is NaN or infinite."""
    return float(value) if np.isfinite(value) else None


def difference_line(name: str, comparison: Comparison) -> str:
    """One line that says whether the tracker is better than the baseline."""
    difference = comparison.differences[name]
    interval = difference.interval
    ends = f" [{interval[0]:+.2f}, {interval[1]:+.2f}]" if interval else ""
    missing = difference.sequences_missing
    if difference.shown:
        verdict = "better" if difference.mean > 0 else "worse"
    elif difference.sequences < difference.sequences_needed:
        verdict = f"no difference shown: so few sequences can show none, {difference.sequences_needed} or more can"
    elif missing is None:
        verdict = "no difference shown"
    else:
        verdict = f"no difference shown; one of this size would take some {missing} sequences more (80 % power)"
    facts = f"AUC {difference.mean:+.2f}{ends}, p {show_p(difference.p)}, {difference.sequences} sequences"
    return f"{name} - {comparison.baseline}: {facts}: {verdict}"


def show_p(p: float) -> str:
    """``p`` with two digits, or the text that it is below 0.001."""
    return f"{p:.2f}" if p >= 0.095 else f"{p:.3f}" if p >= 0.001 else "<0.001"
