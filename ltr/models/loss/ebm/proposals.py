"""Mixtures of Gaussians around the true target: the proposal q(y|y_i) (4) and the noise p_N(y|y_i) (11)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Generator, Tensor

from ltr.models.loss.ebm.base import require_positive
from ltr.utils.errors import InputError

Sigmas = Sequence[float | Sequence[float]]
"""One standard deviation per component, or one per component and dimension (then ``[K][D]``)."""


class Proposal(Protocol):
    """A density q(y|x_i) of each of N inputs that does not know the target."""

    def sample(self, num_samples: int, generator: Generator | None = None) -> Tensor:
        """Independent draws ``[N, M, D]``, without gradient."""

    def log_prob(self, y: Tensor) -> Tensor:
        """Log-density ``[N, M]`` of ``y [N, M, D]``."""


@dataclass(frozen=True)
class GaussianMixture:
    """1/K sum_k N(y; center, sigma_k^2 I), paper equations (4), (11) and (15).

    Args:
        sigmas: the K standard deviations, each a number (for all dimensions) or D numbers.
    """

    sigmas: Sigmas

    def __post_init__(self) -> None:
        if not len(self.sigmas):
            raise InputError("sigmas: expected at least one standard deviation, got none")
        rows = [list(row) if isinstance(row, Sequence) else [row] for row in self.sigmas]
        if len({len(row) for row in rows}) > 1:
            raise InputError(f"sigmas: expected as many numbers for each component, got {self.sigmas}")
        for row in rows:
            for value in row:
                require_positive(sigmas=value)

    def scaled(self, factor: float) -> GaussianMixture:
        """The mixture with every standard deviation multiplied by ``factor``."""
        return GaussianMixture(
            tuple(tuple(factor * v for v in s) if isinstance(s, Sequence) else factor * s for s in self.sigmas)
        )

    def sample(self, center: Tensor, num_samples: int, generator: Generator | None = None) -> Tensor:
        """M = ``num_samples`` independent draws around each row of ``center [N, D]``: ``[N, M, D]``."""
        sigmas = self._sigmas(center)
        shape = (len(center), num_samples)
        component = torch.randint(len(sigmas), shape, generator=generator, device=center.device)
        noise = torch.randn(*shape, center.shape[1], generator=generator, dtype=center.dtype, device=center.device)
        return center.detach()[:, None] + sigmas[component] * noise

    def log_prob(self, y: Tensor, center: Tensor) -> Tensor:
        """Log-density of ``y [N, M, D]`` around ``center [N, D]``: ``[N, M]``."""
        sigmas = self._sigmas(center)  # [K, D or 1]
        squared = (y - center[:, None]).square()
        exponents = [-0.5 * (squared / sigma.square()).sum(dim=-1) - self._log_volume(sigma, y) for sigma in sigmas]
        return torch.stack(exponents).logsumexp(dim=0) - math.log(len(exponents))

    def _sigmas(self, like: Tensor) -> Tensor:
        """The standard deviations ``[K, D]``, or ``[K, 1]`` if one per component."""
        sigmas = torch.tensor(self.sigmas, dtype=like.dtype, device=like.device).reshape(len(self.sigmas), -1)
        if sigmas.shape[1] not in (1, like.shape[-1]):
            raise InputError(f"sigmas: expected 1 or {like.shape[-1]} numbers a component, got {sigmas.shape[1]}")
        return sigmas

    @staticmethod
    def _log_volume(sigma: Tensor, y: Tensor) -> Tensor:
        """Log of the normalizer of one Gaussian of standard deviations ``sigma [D or 1]``."""
        return sigma.log().expand(y.shape[-1]).sum() + 0.5 * y.shape[-1] * math.log(2 * math.pi)
