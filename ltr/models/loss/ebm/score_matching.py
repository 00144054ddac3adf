"""Score matching, and denoising score matching: fitting grad_y f to the score of the data, without Z."""

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
from ltr.models.loss.ebm.proposals import GaussianMixture


@dataclass(frozen=True)
class SM(EBMLoss):
    """Score matching, paper equation (13)::

        J = 1/n sum_i tr(hessian_y f(x_i, y_i)) + 1/2 |grad_y f(x_i, y_i)|^2

    Only the diagonal of the Hessian is computed, one backward pass per dimension. The energy must be twice
    differentiable in y: a network of piecewise linear activations has no curvature.
    """

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        y = target.detach()[:, None].requires_grad_()
        values, gradient = energy_gradient(energy, y, create_graph=True)
        curvature = torch.stack(
            [
                torch.autograd.grad(column.sum(), y, create_graph=True)[0][:, 0, d]
                for d, column in enumerate(gradient.unbind(-1))
            ]
        ).sum(dim=0)
        squared = gradient[:, 0].square().sum(dim=-1)
        stats = {
            "energy_target": values.mean().item(),
            "curvature": curvature.mean().item(),
            "score_norm": squared.sqrt().mean().item(),
        }
        return LossOutput((curvature + 0.5 * squared).mean(), stats)


@dataclass(frozen=True)
class DSM(EBMLoss):
    """Denoising score matching, paper equation (14), y_im ~ N(y_i, sigma^2 I)::

        J = 1/n sum_i 1/M sum_m |grad_y f(x_i, y_im) + (y_im - y_i) / sigma^2|^2

    Its minimizer is the score of the data smoothed by the noise.

    Args:
        sigma: standard deviation of the noise.
        num_samples: M, noisy copies of each target.
    """

    sigma: float = 0.2
    num_samples: int = 1024

    def __post_init__(self) -> None:
        require_positive(sigma=self.sigma)
        require_count(num_samples=self.num_samples)

    def objective(self, energy: Energy, target: Tensor, generator: Generator | None) -> LossOutput:
        y = GaussianMixture((self.sigma,)).sample(target, self.num_samples, generator).requires_grad_()
        values, gradient = energy_gradient(energy, y, create_graph=True)
        residual = gradient + (y.detach() - target[:, None]) / self.sigma**2
        stats = {
            "energy_samples": values.mean().item(),
            "score_norm": gradient.norm(dim=-1).mean().item(),
        }
        return LossOutput(residual.square().sum(dim=-1).mean(), stats)
