"""Mixtures of Gaussians, one for each input: proposals, and what a mixture density network predicts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor


@dataclass(frozen=True)
class Mixture:
    """q_i(y) = sum_k w_ik N(y; mu_ik, diag(sigma_ik^2)), differentiable in its parameters.

    Args:
        log_weights: log w ``[N, K]``, normalized over k.
        means: mu ``[N, K, D]``.
        sigmas: standard deviations ``[N, K, D]``.
    """

    log_weights: Tensor
    means: Tensor
    sigmas: Tensor

    def log_components(self, y: Tensor) -> Tensor:
        """log w_ik N(y; mu_ik, sigma_ik) ``[N, M, K]`` of ``y [N, M, D]``."""
        values = self.log_weights[:, None]
        for d in range(y.shape[-1]):
            mean, sigma = self.means[:, None, :, d], self.sigmas[:, None, :, d]
            squared = ((y[..., d, None] - mean) / sigma).square()
            values = values - 0.5 * squared - sigma.log() - 0.5 * math.log(2 * math.pi)
        return values

    def log_prob(self, y: Tensor) -> Tensor:
        """Log-density ``[N, M]`` of ``y [N, M, D]``."""
        return self.log_components(y).logsumexp(dim=-1)

    def sample(self, num_samples: int, generator: Generator | None = None) -> Tensor:
        """Independent draws ``[N, M, D]``, without gradient."""
        with torch.no_grad():
            chosen = torch.multinomial(self.log_weights.exp(), num_samples, replacement=True, generator=generator)
            index = chosen[..., None].expand(-1, -1, self.means.shape[-1])
            mean, sigma = self.means.gather(1, index), self.sigmas.gather(1, index)
            noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
            return mean + sigma * noise
