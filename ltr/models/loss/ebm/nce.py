"""Ranking noise contrastive estimation (NCE), NCE+ for noisy labels, and conditional NCE."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import softplus

from ltr.models.loss.ebm.base import EBMLoss, Energy, LossOutput, require_count, require_positive
from ltr.models.loss.ebm.proposals import GaussianMixture, Sigmas


def log_probability_of_first(energies: Tensor, log_noise: Tensor) -> Tensor:
    """log exp(g_i0) / sum_m exp(g_im), g = ``energies`` - ``log_noise``, both ``[N, M + 1]``: ``[N]``."""
    logits = energies - log_noise
    return logits[:, 0] - logits.logsumexp(dim=1)


@dataclass(frozen=True)
class NCE(EBMLoss):
    """Ranking NCE, paper equation (12), noise p_N from (11), y_i0 = y_i::

        J = -1/n sum_i log(exp(g_i0) / sum_{m=0..M} exp(g_im)),   g_im = f(x_i, y_im) - log p_N(y_im|y_i)

    Args:
        sigmas: standard deviations of the noise p_N, see :class:`GaussianMixture`.
        num_samples: M, noise samples per target.
    """

    sigmas: Sigmas = (0.1, 0.8)
    num_samples: int = 1024

    def __post_init__(self) -> None:
        GaussianMixture(self.sigmas)
        require_count(num_samples=self.num_samples)

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        candidates, log_noise = self.candidates(target, generator)
        energies = energy(candidates)
        log_probability = log_probability_of_first(energies, log_noise)
        stats = {
            "energy_target": energies[:, 0].mean().item(),
            "energy_samples": energies[:, 1:].mean().item(),
            "probability_target": log_probability.exp().mean().item(),
        }
        return LossOutput(-log_probability.mean(), stats)

    def candidates(self, target: Tensor, generator: Generator | None) -> tuple[Tensor, Tensor]:
        """y_i0, y_i1, ..., y_iM ``[N, M + 1, D]`` for ``target [N, D]``, and their log p_N ``[N, M + 1]``."""
        noise = GaussianMixture(self.sigmas)
        y = noise.sample(target, self.num_samples, generator)
        candidates = torch.cat([self.positive(target, generator), y], dim=1)
        return candidates, noise.log_prob(candidates, target)

    def positive(self, target: Tensor, generator: Generator | None) -> Tensor:
        """The positive sample y_i0 ``[N, 1, D]``: here the label itself."""
        return target[:, None]


@dataclass(frozen=True)
class NCEPlus(NCE):
    """NCE+, paper equation (16): NCE with y_i0 = y_i + nu_i, nu_i ~ p_beta (15), for labels that are noisy.

    p_beta is p_N centered at zero with every *standard deviation* multiplied by ``beta``. The paper's formula
    (15) writes the variance as beta sigma_k^2; its text and the authors' released code scale the standard
    deviation, and so do we. The density in (16) is that of p_N for y_i0 too.

    Args:
        beta: scale of the label noise relative to p_N; NCE+ tends to NCE as it tends to zero.
    """

    beta: float = 0.025

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive(beta=self.beta)

    def positive(self, target: Tensor, generator: Generator | None) -> Tensor:
        return GaussianMixture(self.sigmas).scaled(self.beta).sample(target, 1, generator)


@dataclass(frozen=True)
class ConditionalNCE(EBMLoss):
    """Conditional NCE (Ceylan and Gutmann, ICML 2018), noise from (11) around the label::

        J = 1/n sum_i 1/M sum_m log(1 + exp(f(x_i, y_im) - f(x_i, y_i)))

    Each draw is told from the label that it was made from. This noise is symmetric, p(y_im|y_i) = p(y_i|y_im), so its
    density cancels, as Z does; the gradient at the true density is zero in the mean for every M. As only nearby points
    are compared, modes that lie farther apart than the noise reaches get the wrong weights.

    Args:
        sigmas: standard deviations of the noise, see :class:`GaussianMixture`.
        num_samples: M, noise samples per target.
    """

    sigmas: Sigmas = (0.1, 0.8)
    num_samples: int = 1024

    def __post_init__(self) -> None:
        GaussianMixture(self.sigmas)
        require_count(num_samples=self.num_samples)

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        y = GaussianMixture(self.sigmas).sample(target, self.num_samples, generator)
        energies = energy(torch.cat([target[:, None], y], dim=1))
        excess = energies[:, 1:] - energies[:, :1]
        stats = {
            "energy_target": energies[:, 0].mean().item(),
            "energy_samples": energies[:, 1:].mean().item(),
            "probability_target": (-excess).sigmoid().mean().item(),
        }
        return LossOutput(softplus(excess).mean(), stats)
