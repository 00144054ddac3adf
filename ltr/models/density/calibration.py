"""Calibration: what the regions of densities cover, and two corrections that are fitted on validation data.

A density is calibrated if its regions of every level have the target as often as the level says. Temperature scaling
(Guo et al., 2017) makes all densities wider or narrower: p ~ exp(f / T). Conformal prediction takes the
regions of another level, such that their coverage is right for exchangeable data, whatever the model; with
highest-density regions it is HPD-split (Izbicki et al., 2022).
"""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from ltr.models.density.points import Estimate, Points

COLDEST, HOTTEST = 0.01, 100.0  # temperatures


def tempered(points: Points, temperature: float) -> Points:
    """The densities exp(f / T) / Z(T), on the same points; the error of log Z is not known (NaN).

    Exact on a grid. Of draws few keep a weight if T is far from 1: see ``effective_samples``.
    """
    change = (1 / temperature - 1) * points.log_density.masked_fill(points.weights == 0, 0.0)
    log_weights = points.weights.log() + change
    log_z = points.log_z.value + log_weights.logsumexp(dim=1)
    return replace(
        points,
        weights=log_weights.softmax(dim=1),
        log_density=points.log_density / temperature,
        log_z=Estimate(log_z, torch.full_like(log_z, math.nan)),
    )


def fit_temperature(points: Points, log_density: Tensor) -> float:
    """The temperature T in 0.01..100 with the least mean negative log-likelihood of targets, f = ``log_density [N]``.

    That mean is convex in 1 / T. Its derivative there, E f(Y) - f(y) in the mean, is brought to zero by bisection.
    """
    low, high = math.log(1 / HOTTEST), math.log(1 / COLDEST)  # of log 1 / T
    for _ in range(30):
        middle = (low + high) / 2
        weights = tempered(points, math.exp(-middle)).weights
        expected = (weights * points.log_density.masked_fill(weights == 0, 0.0)).sum(dim=1)
        if (expected - log_density).mean() < 0:
            low = middle
        else:
            high = middle
    return math.exp(-(low + high) / 2)


def interval_mass(points: Points, target: Tensor) -> Tensor:
    """The probability of the central interval, between equal tails, that reaches to ``target [N, D]``: ``[N, D]``.

    For each coordinate, as ``Points.mass_above`` is for highest-density regions.
    """
    weights = points.weights[..., None]
    below = (weights * (points.y < target[:, None])).sum(dim=1)
    at = (weights * (points.y == target[:, None])).sum(dim=1)
    return (2 * below + at - 1).abs()


def observed_coverage(mass: Tensor, levels: Tensor) -> Tensor:
    """The fraction of targets in their region of each of ``levels [L]``, for their ``mass [N]``: ``[L]``."""
    return (mass[:, None] <= levels).double().mean(dim=0)


def conformal_levels(mass: Tensor, levels: Tensor) -> Tensor:
    """The levels of the regions that have a new target with probability ``levels [L]`` or more: ``[L]``.

    They are the order statistics of n targets' ``mass [n]`` of rank (n + 1) level; 1, everything, where there is none.
    """
    ranks = (levels * (len(mass) + 1) - 1e-9).ceil().long()
    with_all = torch.cat([mass.sort().values, mass.new_ones(1)])
    return with_all[(ranks - 1).clamp(0, len(mass))]
