"""The 1-D data sets against scipy, and the divergence against closed forms."""

import math

import numpy as np
import pytest
import scipy.stats
import torch
from torch import Tensor

from ltr.dataset.regression1d import DATASETS, grid


def scipy_density(name: str, x: float, y: np.ndarray) -> np.ndarray:
    if name == "sine":
        return scipy.stats.norm.pdf(y, math.sin(x), 0.15 / (1 + math.exp(-x)))
    if x < 0:
        modes = (0.8, math.sin(x)), (0.2, -math.sin(x))
        return sum(weight * scipy.stats.norm.pdf(y, mean, 0.075) for weight, mean in modes)
    return scipy.stats.lognorm.pdf(y + 1, 0.25)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("x", [-2.9, -1.0, -0.01, 0.0, 0.7, 3.0])
def test_density_equals_scipy(name: str, x: float) -> None:
    y = grid(501)
    density = DATASETS[name].density(torch.tensor(x, dtype=torch.float64), y)
    np.testing.assert_allclose(density.numpy(), scipy_density(name, x, y.numpy()), rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize("name", DATASETS)
@pytest.mark.parametrize("x", [-1.5, 1.0])
def test_draws_follow_the_density(name: str, x: float) -> None:
    """Kolmogorov-Smirnov against the integrated density."""
    y = DATASETS[name].sample(torch.full((4000,), x, dtype=torch.float64), torch.Generator().manual_seed(0))
    points = torch.linspace(-3, 3, 4001, dtype=torch.float64)
    cumulative = DATASETS[name].density(torch.tensor(x), points).cumsum(0) * (6 / 4000)
    statistic, _ = scipy.stats.kstest(y.numpy(), lambda v: np.interp(v, points.numpy(), cumulative.numpy()))
    assert statistic < 1.63 / math.sqrt(4000)  # the 1 % level


@pytest.mark.parametrize("name", DATASETS)
def test_pairs_are_reproducible_and_cover_the_range(name: str) -> None:
    x, y = DATASETS[name].pairs(2000, seed=3)
    again = DATASETS[name].pairs(2000, seed=3)
    other = DATASETS[name].pairs(2000, seed=4)
    assert x.shape == y.shape == (2000, 1)
    assert x.dtype == y.dtype == torch.float32
    assert torch.equal(y, again[1])
    assert not torch.equal(y, other[1])
    assert -3 <= x.min() < -2.9
    assert 2.9 < x.max() <= 3


@pytest.mark.parametrize("name", DATASETS)
def test_divergence_of_the_truth_is_zero(name: str) -> None:
    density = DATASETS[name]

    def log_density(x: Tensor, y: Tensor) -> Tensor:
        return density.density(x, y[..., 0]).clamp(min=1e-300).log()

    assert density.kl_divergence(log_density, size=256) == pytest.approx(0, abs=1e-5)


def test_divergence_between_gaussians() -> None:
    """log(s2 / s1) + (s1^2 + d^2) / (2 s2^2) - 1/2, averaged over x, for a model with its own mean and spread."""

    def energy(x: Tensor, y: Tensor) -> Tensor:
        return -0.5 * ((y[..., 0] - torch.sin(x) - 0.1) / 0.2) ** 2

    x = grid(1024)
    sigma = 0.15 / (1 + torch.exp(-x))
    expected = (torch.log(0.2 / sigma) + (sigma**2 + 0.1**2) / (2 * 0.2**2) - 0.5).mean().item()
    assert DATASETS["sine"].kl_divergence(energy, size=1024) == pytest.approx(expected, rel=1e-3)
