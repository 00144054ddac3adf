"""Relative speed of two trackers that process the same frames in turn, with a confidence interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCKS = 30  # of consecutive frames, long enough to be nearly independent
RESAMPLES, LEVEL = 10_000, 0.95
_CLOCK = 1e-9  # lower bound of a block's time: some systems count processor time in steps of 16 ms


@dataclass(frozen=True)
class Ratio:
    """Relative speed: an estimate and its 95 % interval, which is a point for one block."""

    value: float
    low: float
    high: float


def paired_ratio(base: NDArray[np.float64], times: NDArray[np.float64], seed: int = 0) -> Ratio:
    """Speed of a tracker relative to ``base``; both are times [n] of the same frames, n > 0, in the same unit.

    The frames are split into ``BLOCKS`` blocks (at most n). A temporary slowdown of the machine affects both trackers
    in a block, so each block gives a ratio, and the estimate is their geometric mean. The interval is the percentile
    bootstrap over blocks (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
    """
    count = min(BLOCKS, len(base))
    sums = [[block.sum() for block in np.array_split(values, count)] for values in (base, times)]
    first, other = np.log(np.maximum(sums, _CLOCK))
    logs = first - other
    drawn = logs[np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))].mean(axis=1)
    value, low, high = np.exp([logs.mean(), *np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])])
    return Ratio(*(round(float(number), 4) for number in (value, low, high)))
