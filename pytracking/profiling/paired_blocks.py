"""How much faster one tracker is than another that took the same frames in turns, and how sure that is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLOCKS = 30  # of consecutive frames: long enough that one says little of the next
RESAMPLES, LEVEL = 10_000, 0.95
_CLOCK = 1e-9  # the least time of a block: some systems count processor time in steps of 16 ms


@dataclass(frozen=True)
class Ratio:
    """How many times as fast: an estimate, and the ends of its 95 % interval; equal to it where there is one block."""

    value: float
    low: float
    high: float


def paired_ratio(base: NDArray[np.float64], times: NDArray[np.float64], seed: int = 0) -> Ratio:
    """How many times as fast as ``base`` a tracker is; both are times [n] of the same frames, n > 0, in one unit.

    The frames are cut into ``BLOCKS`` blocks (as many as there are frames, where these are fewer). A machine that is
    slow for a while is so for both trackers in a block: so each block gives a ratio of its own, and the estimate is
    their geometric mean. Its interval holds the middle 95 % of the estimates from blocks drawn with replacement
    (percentile bootstrap; Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13).
    """
    count = min(BLOCKS, len(base))
    sums = [[block.sum() for block in np.array_split(values, count)] for values in (base, times)]
    first, other = np.log(np.maximum(sums, _CLOCK))
    logs = first - other
    drawn = logs[np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))].mean(axis=1)
    value, low, high = np.exp([logs.mean(), *np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])])
    return Ratio(*(round(float(number), 4) for number in (value, low, high)))
