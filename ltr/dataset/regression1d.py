"""The two synthetic data sets of the paper's 1-D regression experiments (Appendix B.1)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

LOW, HIGH = -3.0, 3.0  # of x in the training data; of x and y in the evaluation
NUM_TRAINING_PAIRS = 2000


@dataclass(frozen=True)
class ConditionalDensity:
    """A known density p(y|x), x and y in R.

    Args:
        sample: x ``[n]`` -> one draw of y ``[n]`` for each.
        density: x, y (broadcast against each other) -> p(y|x), float64.
    """

    sample: Callable[[Tensor, Generator], Tensor]
    density: Callable[[Tensor, Tensor], Tensor]

    def pairs(self, count: int, seed: int) -> tuple[Tensor, Tensor]:
        """``count`` pairs with x uniform in [-3, 3]: x ``[count, 1]`` and y ``[count, 1]``, float32."""
        generator = torch.Generator().manual_seed(seed)
        x = LOW + (HIGH - LOW) * torch.rand(count, generator=generator, dtype=torch.float64)
        return x[:, None].float(), self.sample(x, generator)[:, None].float()

    def kl_divergence(self, energy: Callable[[Tensor, Tensor], Tensor], size: int = 2048) -> float:
        """D_KL(p(y|x) || p(y|x; theta)) on a ``size`` x ``size`` grid, mean over x (Appendix B.3, equation S2).

        For each x both densities are normalized over the grid's y.

        Args:
            energy: x ``[n, 1]``, y ``[n, size, 1]`` -> f ``[n, size]``, a 1-D regression network.
            size: points from -3 to 3 along each axis.
        """
        total = 0.0
        y = grid(size)
        with torch.no_grad():
            for x in grid(size).split(64):
                truth = self.density(x[:, None], y)
                truth = truth / truth.sum(dim=1, keepdim=True)
                energies = energy(x[:, None].float(), y.float()[None, :, None].expand(len(x), -1, -1))
                log_model = energies.double().log_softmax(dim=1)
                total += (torch.xlogy(truth, truth) - truth * log_model).sum().item()
        return total / size


def grid(size: int) -> Tensor:
    """``size`` values from -3 to 3, float64, for x and y in the evaluation."""
    return torch.linspace(LOW, HIGH, size, dtype=torch.float64)


def _normal(y: Tensor, mean: Tensor, sigma: Tensor | float) -> Tensor:
    return torch.exp(-0.5 * ((y - mean) / sigma) ** 2) / (math.sqrt(2 * math.pi) * sigma)


def _noise(like: Tensor, generator: Generator) -> Tensor:
    return torch.randn(like.shape, generator=generator, dtype=like.dtype)


_MODE_WEIGHT, _MODE_SIGMA, _LOG_SIGMA = 0.8, 0.075, 0.25


def _sample_bimodal(x: Tensor, generator: Generator) -> Tensor:
    sign = torch.where(torch.rand(x.shape, generator=generator) < _MODE_WEIGHT, 1.0, -1.0)
    two_modes = sign * torch.sin(x) + _MODE_SIGMA * _noise(x, generator)
    log_normal = torch.exp(_LOG_SIGMA * _noise(x, generator)) - 1
    return torch.where(x < 0, two_modes, log_normal)


def _bimodal(x: Tensor, y: Tensor) -> Tensor:
    x, y = torch.broadcast_tensors(x.double(), y.double())
    mean = torch.sin(x)
    two_modes = _MODE_WEIGHT * _normal(y, mean, _MODE_SIGMA) + (1 - _MODE_WEIGHT) * _normal(y, -mean, _MODE_SIGMA)
    positive = (y + 1).clamp(min=torch.finfo(torch.float64).tiny)
    log_normal = _normal(positive.log(), torch.zeros_like(y), _LOG_SIGMA) / positive
    return torch.where(x < 0, two_modes, log_normal)


def _spread(x: Tensor) -> Tensor:
    return 0.15 / (1 + torch.exp(-x))


def _sample_sine(x: Tensor, generator: Generator) -> Tensor:
    return torch.sin(x) + _spread(x) * _noise(x, generator)


def _sine(x: Tensor, y: Tensor) -> Tensor:
    return _normal(y.double(), torch.sin(x.double()), _spread(x.double()))


DATASETS: dict[str, ConditionalDensity] = {
    # x < 0: 0.8 N(sin x, 0.075) + 0.2 N(-sin x, 0.075); x >= 0: lognormal(0, 0.25) - 1. Figure S1.
    "bimodal": ConditionalDensity(_sample_bimodal, _bimodal),
    # N(sin x, 0.15 / (1 + exp(-x))). Equation (S1).
    "sine": ConditionalDensity(_sample_sine, _sine),
}
