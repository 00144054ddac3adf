"""Maximum likelihood with samples of the model, drawn by Langevin dynamics: ML-MCMC."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ltr.models.loss.ebm.base import (
    EBMLoss,
    Energy,
    LossOutput,
    energy_gradient,
    require_count,
    require_positive,
)


def langevin(energy: Energy, start: Tensor, num_steps: int, step_length: float, generator: Generator | None) -> Tensor:
    """L steps of Langevin dynamics, paper equation (9), from ``start [N, M, D]``, without gradient.

    ``y <- y + alpha^2 / 2 grad_y f(x, y) + alpha eps``, ``eps ~ N(0, I)``
    """
    y = start.detach()
    for _ in range(num_steps):
        _, gradient = energy_gradient(energy, y.requires_grad_())
        noise = torch.randn(y.shape, generator=generator, dtype=y.dtype, device=y.device)
        y = (y + 0.5 * step_length**2 * gradient + step_length * noise).detach()
    return y


@dataclass(frozen=True)
class MLMCMC(EBMLoss):
    """ML-MCMC, paper equation (10), chains (9) started at the label (contrastive divergence)::

        J = 1/n sum_i (1/M sum_m f(x_i, y_im)) - f(x_i, y_i),   y_im ~ p(y|x_i) by L Langevin steps

    The value of J says little; its gradient is that of the negative log-likelihood (8).

    Args:
        num_steps: L, Langevin steps per draw; the cost of training grows in proportion.
        step_length: alpha of the dynamics.
        num_samples: M, chains per target.
    """

    num_steps: int = 16
    step_length: float = 0.05
    num_samples: int = 1024

    def __post_init__(self) -> None:
        require_count(num_steps=self.num_steps, num_samples=self.num_samples)
        require_positive(step_length=self.step_length)

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        start = target[:, None].repeat(1, self.num_samples, 1)
        y = langevin(energy, start, self.num_steps, self.step_length, generator)
        at_target = energy(target[:, None])[:, 0]
        at_samples = energy(y)
        stats = {
            "energy_target": at_target.mean().item(),
            "energy_samples": at_samples.mean().item(),
            "distance_samples": (y - start).norm(dim=-1).mean().item(),
        }
        return LossOutput((at_samples.mean(dim=1) - at_target).mean(), stats)
