"""The target classifier's formulas in plain loops and with autograd."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F


def apply_filter(feat: Tensor, filter: Tensor) -> Tensor:
    """Features ``[F, B, C, H, W]``, filters ``[B, C, k, k]``: every map convolved with its sequence's filter."""
    pad = filter.shape[-1] // 2
    return torch.stack(
        [
            torch.cat([F.conv2d(m[None], f[None], padding=pad)[0] for m, f in zip(maps, filter, strict=True)])
            for maps in feat
        ]
    )


def distance_map(center: tuple[float, float], bins: int, width: float, height: int, columns: int) -> Tensor:
    """``[bins, height, columns]``: hats of the distance to ``center`` (row, column), the last one open to the right."""
    out = torch.zeros(bins, height, columns)
    for i in range(height):
        for j in range(columns):
            distance = math.hypot(i - center[0], j - center[1]) / width
            for b in range(bins):
                open_end = b == bins - 1 and distance > b
                out[b, i, j] = 1 if open_end else max(0.0, 1 - abs(distance - b))
    return out


def leaky_relu(x: Tensor, slope: Tensor) -> Tensor:
    """x where positive, slope x where negative."""
    return torch.where(x > 0, x, slope * x)


def filter_residuals(
    feat: Tensor, label: Tensor, mask: Tensor, spatial_weight: Tensor, sample_weight: Tensor
) -> Callable[[Tensor], Tensor]:
    """One sequence's residual vector as a function of its filter ``[C, k, k]``: DiMP's data term is its squared norm.

    Features ``[F, C, H, W]``; label, mask, weight ``[F, K, K]``; sample weights ``[F]``.
    """

    def residuals(filter: Tensor) -> Tensor:
        scores = apply_filter(feat[:, None], filter[None])[:, 0]
        difference = spatial_weight * (leaky_relu(scores, mask) - label)
        return (sample_weight.sqrt().view(-1, 1, 1) * difference).flatten()

    return residuals


def steepest_descent_step(
    residuals: Callable[[Tensor], Tensor], filter: Tensor, reg: float, step_length: float
) -> tuple[Tensor, Tensor]:
    """The next filter and the loss before the step; gradient by autograd, curvature by the whole Jacobian."""
    f = filter.detach().clone().requires_grad_()
    loss = 0.5 * residuals(f).square().sum() + 0.5 * reg * f.square().sum()
    (gradient,) = torch.autograd.grad(loss, f)
    jacobian = torch.autograd.functional.jacobian(residuals, filter).flatten(1)
    curvature = (jacobian @ gradient.flatten()).square().sum() + reg * gradient.square().sum()
    return filter - step_length * gradient.square().sum() / curvature * gradient, loss.detach()


def lb_hinge(scores: Tensor, label: Tensor, threshold: float) -> float:
    """Mean of squared residuals: score - label near the target, positive scores elsewhere."""
    total = 0.0
    for s, y in zip(scores.flatten().tolist(), label.flatten().tolist(), strict=True):
        total += (s - y) ** 2 if y > threshold else max(0.0, s) ** 2
    return total / scores.numel()
