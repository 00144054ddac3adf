"""Maximum likelihood and KL divergence with importance sampling: ML-IS and KLD-IS."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Generator, Tensor

from ltr.models.loss.ebm.base import EBMLoss, Energy, LossOutput, require_count, require_positive
from ltr.models.loss.ebm.proposals import GaussianMixture, Sigmas


def log_partition(energies: Tensor, log_q: Tensor) -> tuple[Tensor, float]:
    """Importance-sampled log Z_i = log 1/M sum_m exp(f(x_i, y_im) - log q(y_im|y_i)) ``[N]``.

    The second value is the effective sample size (sum w)^2 / sum w^2, w = exp(f - log q), in 1..M, averaged
    over i. ``energies`` f and ``log_q`` are ``[N, M]``.
    """
    log_weights = energies - log_q
    log_sum = log_weights.logsumexp(dim=1)
    log_sum_squares = (2 * log_weights.detach()).logsumexp(dim=1)
    effective = (2 * log_sum.detach() - log_sum_squares).exp().mean()
    return log_sum - math.log(energies.shape[1]), effective.item()


def negative_log_likelihood(energy: Energy, target: Tensor, y: Tensor, log_q: Tensor) -> LossOutput:
    """Of targets y_i ``[N, D]``, log Z by the draws ``y [N, M, D]`` of q: 1/n sum_i log Z_i - f(x_i, y_i)."""
    at_target, at_samples = energy(target[:, None])[:, 0], energy(y)
    log_z, effective = log_partition(at_samples, log_q)
    stats = {
        "energy_target": at_target.mean().item(),
        "energy_samples": at_samples.mean().item(),
        "effective_samples": effective,
    }
    return LossOutput((log_z - at_target).mean(), stats)


@dataclass(frozen=True)
class MLIS(EBMLoss):
    """ML-IS, paper equation (5), proposal q from (4)::

        J = 1/n sum_i log(1/M sum_m exp(f(x_i, y_im) - log q(y_im|y_i))) - f(x_i, y_i)

    Args:
        sigmas: standard deviations of the proposal q, see :class:`GaussianMixture`.
        num_samples: M, draws per target. With few of them the loss has no minimum (M = 1: f may fall without
            end at every draw and rise at the label), which is why it fails there in Figures 2 and 3.
    """

    sigmas: Sigmas = (0.2, 1.6)
    num_samples: int = 1024

    def __post_init__(self) -> None:
        GaussianMixture(self.sigmas)
        require_count(num_samples=self.num_samples)

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        proposal = GaussianMixture(self.sigmas)
        y = proposal.sample(target, self.num_samples, generator)
        return negative_log_likelihood(energy, target, y, proposal.log_prob(y, target))


@dataclass(frozen=True)
class KLDIS(EBMLoss):
    """KLD-IS, paper equation (7), proposal q from (4), assumed density of the label p(y|y_i)::

        p(y|y_i) = N(y; y_i, label_sigma^2 I)
        J = 1/n sum_i log(1/M sum_m exp(f(x_i, y_im) - log q(y_im|y_i)))
                      - 1/M sum_m f(x_i, y_im) p(y_im|y_i) / q(y_im|y_i)

    Args:
        sigmas: standard deviations of the proposal q, see :class:`GaussianMixture`.
        label_sigma: standard deviation of the label, one number or D numbers.
        num_samples: M, draws per target.
    """

    sigmas: Sigmas = (0.2, 1.6)
    label_sigma: float | tuple[float, ...] = 0.025
    num_samples: int = 1024

    def __post_init__(self) -> None:
        GaussianMixture(self.sigmas)
        for value in self.label_sigma if isinstance(self.label_sigma, tuple) else (self.label_sigma,):
            require_positive(label_sigma=value)
        require_count(num_samples=self.num_samples)

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        proposal, label = GaussianMixture(self.sigmas), GaussianMixture((self.label_sigma,))
        y = proposal.sample(target, self.num_samples, generator)
        log_q = proposal.log_prob(y, target)
        energies = energy(y)
        log_z, effective = log_partition(energies, log_q)
        weights = (
            label.log_prob(y, target) - log_q
        ).exp()  # of known densities: bounded by K max(sigma / label_sigma)^D
        expected = (energies * weights).mean(dim=1)
        stats = {
            "energy_target": expected.mean().item(),
            "energy_samples": energies.mean().item(),
            "effective_samples": effective,
        }
        return LossOutput((log_z - expected).mean(), stats)
