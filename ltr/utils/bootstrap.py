"""How much a statistic of independent runs varies with the runs: the bootstrap (Efron, 1979)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RESAMPLES = 10_000


def resampled(
    values: Sequence[float], statistic: Callable[[Array], Array], resamples: int = RESAMPLES, seed: int = 0
) -> Array:
    """``statistic`` of as many values, drawn with replacement, ``resamples`` times: ``[resamples]``.

    Args:
        values: n >= 1 independent measurements.
        statistic: ``[..., n] -> [...]``.
        resamples: number of draws.
        seed: of the draws.
    """
    drawn = np.random.default_rng(seed).integers(0, len(values), (resamples, len(values)))
    return statistic(np.asarray(values, dtype=np.float64)[drawn])


def standard_error(values: Sequence[float], statistic: Callable[[Array], Array]) -> float:
    """The standard deviation of ``statistic`` of :func:`resampled` ``values``; infinite if one is not finite."""
    results = resampled(values, statistic)
    return float(results.std()) if np.isfinite(results).all() else float("inf")
