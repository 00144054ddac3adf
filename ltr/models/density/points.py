"""A density as weighted points: its moments, quantiles, CRPS, highest-density regions and samples."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(frozen=True)
class Estimate:
    """Values ``[N]`` and their standard errors ``[N]``, float64."""

    value: Tensor
    standard_error: Tensor


@dataclass(frozen=True)
class Points:
    """The densities p(y|x_i) of N inputs, by M weighted points each: cells of a grid, or draws.

    An average over M draws is off by about 1 / sqrt(:attr:`effective_samples`) of a standard deviation.

    Args:
        y: the points ``[N, M, D]``.
        weights: their probabilities ``[N, M]``, float64, of sum 1.
        log_density: f, not normalized ``[N, M]``, float64.
        log_z: log of the normalizer Z.
    """

    y: Tensor
    weights: Tensor
    log_density: Tensor
    log_z: Estimate

    @property
    def effective_samples(self) -> Tensor:
        """1 / sum w^2 ``[N]``: how many equal weights would average as well."""
        return 1 / self.weights.square().sum(dim=1)

    def log_prob(self, log_density: Tensor) -> Tensor:
        """log p of targets whose f is ``log_density [N, ...]``."""
        return log_density - self.log_z.value.view(-1, *[1] * (log_density.ndim - 1))

    def mean(self) -> Tensor:
        """``[N, D]``."""
        return (self.weights[..., None] * self.y).sum(dim=1)

    def std(self) -> Tensor:
        """``[N, D]``."""
        return (self.weights[..., None] * (self.y - self.mean()[:, None]).square()).sum(dim=1).sqrt()

    def quantiles(self, levels: Tensor) -> Tensor:
        """Quantiles of each coordinate at ``levels [L]`` in 0..1: ``[N, L, D]``."""
        y, order = self.y.sort(dim=1)
        reached = self._weights_by(order).cumsum(dim=1)
        found = [
            torch.searchsorted(reached[..., d].contiguous(), levels.to(reached).expand(len(y), -1).contiguous())
            for d in range(y.shape[-1])
        ]
        return y.gather(1, torch.stack(found, dim=-1).clamp(max=y.shape[1] - 1))

    def crps(self, target: Tensor) -> Tensor:
        """Continuous ranked probability score of each coordinate of ``target [N, D]``: ``[N, D]``, in its units.

        E|Y - y| - E|Y - Y'| / 2 (Gneiting and Raftery, 2007): the integral of the squared difference between the
        distribution function and the step at y; of a certain prediction it is the absolute error. For M draws it is
        larger by E|Y - Y'| / 2M in the mean.
        """
        distance = (self.weights[..., None] * (self.y - target[:, None]).abs()).sum(dim=1)
        y, order = self.y.sort(dim=1)
        weights = self._weights_by(order)
        reached = weights.cumsum(dim=1)
        return distance - (weights * y * (2 * reached - weights - 1)).sum(dim=1)

    def mass_above(self, log_density: Tensor) -> Tensor:
        """Probability of a higher density than that of targets ``[N]`` with f = ``log_density [N]``.

        It is the smallest level whose highest-density region has the target. For targets drawn from the model it is
        uniform in 0..1; the coverage at a level is the fraction of targets for which it is no larger.
        """
        return (self.weights * (self.log_density > log_density[:, None])).sum(dim=1)

    def threshold(self, level: float) -> Tensor:
        """f ``[N]`` above which lies the probability ``level``: the border of the highest-density region."""
        values, order = self.log_density.sort(dim=1, descending=True)
        reached = self.weights.gather(1, order).cumsum(dim=1)
        place = torch.searchsorted(reached, torch.full_like(reached[:, :1], level))
        return values.gather(1, place.clamp(max=values.shape[1] - 1))[:, 0]

    def region_volume(self, level: float) -> Tensor:
        """Volume ``[N]`` of the highest-density region of a level; of the interval or intervals if D = 1."""
        inside = self.log_density >= self.threshold(level)[:, None]
        log_volume = self.weights.log() - self.log_prob(self.log_density)  # of the part that a point stands for
        return log_volume.masked_fill(~inside, -math.inf).logsumexp(dim=1).exp()

    def sample(self, num_samples: int, generator: Generator | None = None) -> Tensor:
        """``[N, num_samples, D]``: points chosen by their weights, with replacement (importance resampling).

        Distinct draws need many more points than samples.
        """
        chosen = torch.multinomial(self.weights, num_samples, replacement=True, generator=generator)
        return self.y.gather(1, chosen[..., None].expand(-1, -1, self.y.shape[-1]))

    def _weights_by(self, order: Tensor) -> Tensor:
        """The weights in the order of each coordinate ``[N, M, D]``."""
        return self.weights[..., None].expand(order.shape).gather(1, order)


def coverage(mass_above: Tensor, level: float) -> float:
    """The fraction of targets in the highest-density region of ``level``; see :meth:`Points.mass_above`."""
    return (mass_above <= level).double().mean().item()
