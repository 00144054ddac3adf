"""Statistics of scores and their differences: intervals, paired tests and their power (numpy, no files).

The unit is the sequence: frames of a sequence are not independent measurements. Scores are arrays [..., s] over
sequences, NaN if one has no score; ``weights`` [s] are those of a mean (ones, or frames if a protocol pools them).

- Intervals come from a bootstrap over sequences, and over whole runs if there are several. Quantiles are widened for
  few sequences (Hesterberg, "What Teachers Should Know about the Bootstrap", 2015). For scores, which pile up below
  100, they are also corrected for skewness (BCa; Efron, "Better Bootstrap Confidence Intervals", 1987). Differences of
  two trackers are nearly symmetric; for them the correction would follow outliers and reduce the coverage.
- p is that of the sign-flip test: if two trackers are equally good, either sign of each difference is equally likely.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import product
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytracking.analysis.metrics import Array

LEVEL, ALPHA, POWER = 0.95, 0.05, 0.8
FEWEST = 5  # sequences; fewer give no interval
RESAMPLES = 10_000
_NORMAL = NormalDist()


def weighted_mean(values: Array, weights: Array) -> Array:
    """Mean [...] over the sequences of ``values`` [..., s] with ``weights`` [s]; NaN values are left out."""
    weights = np.where(np.isnan(values), 0.0, weights)
    with np.errstate(invalid="ignore"):
        return (np.nan_to_num(values) * weights).sum(axis=-1) / weights.sum(axis=-1)


def resampled_means(groups: Sequence[Array], weights: Array, resamples: int = RESAMPLES) -> Array:
    """Means [g, resamples] of ``groups``, each [runs, s]; all groups share the same draws of sequences.

    Whole runs are drawn, separately for each group. A few runs understate the spread of the population, so their
    spread is enlarged.
    """
    values = np.concatenate(groups)
    weighted = np.where(np.isnan(values), 0.0, weights)
    middle = weighted_mean(values, weights)
    counts = _draws(values.shape[1], resamples)
    offsets = weighted * (np.nan_to_num(values) - middle[:, None])  # small numbers: float32 is exact enough
    sums = (counts @ offsets.T.astype(np.float32)).T.astype(float)
    if (weighted == weighted[0, 0]).all():
        totals = np.array(weighted[0].sum())
    else:
        totals = (counts @ weighted.T.astype(np.float32)).T.astype(float)
    means = middle[:, None] + np.divide(sums, totals, out=np.zeros_like(sums), where=totals > 0)
    rng, ends = np.random.default_rng(1), np.cumsum([len(group) for group in groups])
    return np.array([_mean_of_drawn_runs(part, rng) for part in np.split(means, ends[:-1])])


def _mean_of_drawn_runs(means: Array, rng: np.random.Generator) -> Array:
    """Means [resamples] over runs drawn separately for each column of ``means`` [runs, resamples]."""
    runs = len(means)
    middle = means.mean(axis=0)
    if runs == 1:
        return middle
    drawn = rng.multinomial(runs, np.full(runs, 1 / runs), means.shape[1]).T / runs
    return middle + np.sqrt(runs / (runs - 1)) * (drawn * (means - middle)).sum(axis=0)


@lru_cache(maxsize=1)
def _draws(sequences: int, resamples: int) -> NDArray[np.float32]:
    """How often each sequence is drawn in each resample of ``sequences`` draws: [resamples, sequences]."""
    drawn = np.random.default_rng(0).integers(0, sequences, (resamples, sequences), dtype=np.int32)
    drawn += np.arange(0, resamples * sequences, sequences, dtype=np.int32)[:, None]
    counts = np.bincount(drawn.ravel(), minlength=resamples * sequences)
    return counts.reshape(resamples, sequences).astype(np.float32)


def score_intervals(groups: Sequence[Array], weights: Array, resamples: int = RESAMPLES) -> Array:
    """The 95 % interval [g, 2] of the mean of each of ``groups`` [runs, s]; NaN if it has too few sequences."""
    scores = np.array([group.mean(axis=0) for group in groups])
    return _intervals(resampled_means(groups, weights, resamples), scores, weights, skewed=True)


def difference_intervals(pairs: Sequence[tuple[Array, Array]], weights: Array, resamples: int = RESAMPLES) -> Array:
    """The 95 % interval [p, 2] of the mean difference of each of ``pairs``, [runs, s] minus [runs, s]."""
    means = resampled_means([group for pair in pairs for group in pair], weights, resamples)
    differences = np.array([first.mean(axis=0) - second.mean(axis=0) for first, second in pairs])
    return _intervals(means[::2] - means[1::2], differences, weights, skewed=False)


def _intervals(means: Array, values: Array, weights: Array, skewed: bool) -> Array:
    """Low and high [g, 2] from resampled ``means`` [g, resamples] of ``values`` [g, s]; skewed: use BCa."""
    sequences = (~np.isnan(values)).sum(axis=1)
    middle = weighted_mean(values, weights)
    offsets = np.nan_to_num(weights * (values - middle[:, None]))
    spread = (offsets**2).sum(axis=1)
    bias = acceleration = np.zeros(len(values))
    if skewed:
        below = ((means < middle[:, None]).mean(axis=1) + (means <= middle[:, None]).mean(axis=1)) / 2
        bias = _each(_NORMAL.inv_cdf, below.clip(1e-4, 1 - 1e-4))
        acceleration = (offsets**3).sum(axis=1) / np.where(spread > 0, 6 * spread**1.5, 1.0)
    few = sequences.clip(FEWEST)
    tail = _each(lambda n: student_quantile((1 - LEVEL) / 2, n - 1) * (n / (n - 1)) ** 0.5, few)
    ordered = np.sort(means, axis=1)
    ends = np.empty((len(values), 2))
    for side, z in enumerate((tail, -tail)):
        place = _each(_NORMAL.cdf, bias + (bias + z) / (1 - acceleration * (bias + z))) * (means.shape[1] - 1)
        lower = place.astype(int).clip(0, means.shape[1] - 2)
        rows, part = np.arange(len(values)), place - lower
        ends[:, side] = (1 - part) * ordered[rows, lower] + part * ordered[rows, lower + 1]
    ends[spread == 0] = middle[spread == 0, None]
    ends[sequences < FEWEST] = np.nan
    return ends


def _each(function: Callable[[Any], float], values: NDArray[Any]) -> Array:
    return np.array([function(value) for value in values.tolist()])


def student_quantile(p: float, freedom: int) -> float:
    """The quantile of Student's t (Abramowitz and Stegun, 26.7.5); 0.01 too small at 97.5 % and ``freedom`` 4."""
    z = _NORMAL.inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, start=1))


def sign_flip_p(differences: Array, weights: Array, resamples: int = RESAMPLES) -> Array:
    """Two-sided p [d] that the mean of each of ``differences`` [d, s] is 0; exact if all signs can be tried."""
    offsets = np.nan_to_num(differences * weights)
    sequences = offsets.shape[1]
    exact = 2**sequences <= resamples
    signs = np.array(list(product((-1, 1), repeat=sequences))) if exact else _signs(sequences, resamples)
    sums = np.abs(signs.astype(np.float32) @ offsets.T.astype(np.float32))
    observed = np.abs(offsets.sum(axis=1)) - 1e-6 * np.abs(offsets).sum(axis=1)  # tolerance for rounding
    extreme = (sums >= observed.astype(np.float32)).sum(axis=0)
    return extreme / len(signs) if exact else (1 + extreme) / (1 + len(signs))


def _signs(sequences: int, resamples: int) -> NDArray[np.int8]:
    return 2 * np.random.default_rng(2).integers(0, 2, (resamples, sequences), dtype=np.int8) - 1


def holm(p: Array) -> Array:
    """``p`` [m] of m tests, corrected so that the family-wise error rate is 5 % at most (Holm, 1979)."""
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    corrected = np.empty_like(stepped)
    corrected[order] = np.minimum(stepped, 1.0)
    return corrected


def detectable_difference(differences: Array, weights: Array, tests: int = 1) -> float:
    """The smallest mean difference that a test at 5 % shows with 80 % power, given the spread of ``differences`` [s].

    tests: the number of tests that share the 5 %. NaN if there are too few sequences.
    """
    there = ~np.isnan(differences)
    sequences = int(there.sum())
    if sequences < FEWEST:
        return float("nan")
    offsets = (weights * (differences - weighted_mean(differences, weights)))[there]
    error = np.sqrt((offsets**2).sum() * sequences / (sequences - 1)) / weights[there].sum()
    freedom = sequences - 1
    return float((student_quantile(1 - ALPHA / 2 / tests, freedom) + student_quantile(POWER, freedom)) * error)
