"""A synthetic data set with two targets: a banana that turns with x, whose density is known."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ltr.dataset.regression1d import HIGH, LOW

SPREAD_ANGLE, SPREAD_RADIUS = 1.0, 0.1


def _radius(x: Tensor) -> Tensor:
    return 1 + 0.3 * torch.sin(2 * x)


def ring_pairs(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """``count`` pairs with x uniform in [-3, 3]: x ``[count, 1]`` and y ``[count, 2]``, float32.

    y lies on a ring of radius 1 + 0.3 sin 2x, at the angle x + N(0, 1), with N(0, 0.1^2) added to the radius.
    """
    generator = torch.Generator().manual_seed(seed)
    x = LOW + (HIGH - LOW) * torch.rand(count, 1, generator=generator, dtype=torch.float64)
    noise = torch.randn(count, 2, generator=generator, dtype=torch.float64)
    angle, radius = x[:, 0] + SPREAD_ANGLE * noise[:, 0], _radius(x[:, 0]) + SPREAD_RADIUS * noise[:, 1]
    return x.float(), torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1).float()


def ring_log_density(x: Tensor, y: Tensor) -> Tensor:
    """log p(y|x) ``[N, M]`` of ``x [N, 1]`` and ``y [N, M, 2]``, float64."""
    x, y = x.double(), y.double()
    radius, angle = y.norm(dim=-1).clamp(min=1e-6), torch.atan2(y[..., 1], y[..., 0])
    turns = 2 * math.pi * torch.arange(-3, 4, dtype=torch.float64)
    around = _log_normal((angle - x)[..., None] + turns, SPREAD_ANGLE).logsumexp(dim=-1)
    return around + _log_normal(radius - _radius(x), SPREAD_RADIUS) - radius.log()


def _log_normal(error: Tensor, sigma: float) -> Tensor:
    return -0.5 * (error / sigma).square() - math.log(sigma) - 0.5 * math.log(2 * math.pi)
