"""Langevin dynamics with Metropolis correction (Roberts and Tweedie, 1996): samples of exp f, without bias."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ltr.models.density.target import UnnormalizedDensity
from ltr.models.loss.ebm.base import require_count

ACCEPTANCE = 0.574  # the best one (Roberts and Rosenthal, 1998)


@dataclass(frozen=True)
class Chains:
    """C chains of T states for each of N inputs.

    Args:
        y: states ``[N, C, T, D]``.
        log_density: f of the states ``[N, C, T]``, float64.
        acceptance: fraction of accepted steps ``[N]``.
        step: alpha, the length of a step in units of the scale ``[N]``.
    """

    y: Tensor
    log_density: Tensor
    acceptance: Tensor
    step: Tensor


def mala(
    target: UnnormalizedDensity,
    start: Tensor,
    num_steps: int,
    generator: Generator | None = None,
    *,
    warm_up: int = 100,
    thin: int = 1,
) -> Chains:
    """Run chains from ``start [N, C, D]``; equation (9) of the paper, each step accepted by Metropolis and Hastings.

    In the warm-up, which is dropped, the step of each input is tuned to an acceptance of 0.574. Coordinates are scaled
    by the spread of the starts. Chains seldom move between separate modes: start them from all
    (:meth:`~ltr.models.density.points.Points.sample`).

    Args:
        target: exp f.
        start: in the domain.
        num_steps: T, states that are kept.
        generator: source of the draws.
        warm_up: steps before the first that is kept.
        thin: steps from one kept state to the next.
    """
    require_count(num_steps=num_steps, thin=thin)
    y = start.to(target.device, target.dtype)
    value, slope = target.log_density_and_gradient(y)
    low, high = target.domain.corners(y)
    scale = y.std(dim=1, keepdim=True, correction=0).maximum(1e-3 * (high - low))
    log_step = torch.full((len(y), 1, 1), math.log(0.5), dtype=y.dtype, device=y.device)
    kept, kept_values = [], []
    accepted = torch.zeros(len(y), dtype=torch.float64, device=y.device)
    for number in range(1 - warm_up, num_steps * thin + 1):
        step = log_step.exp() * scale
        noise = torch.randn(y.shape, generator=generator, dtype=y.dtype, device=y.device)
        proposed = y + 0.5 * step.square() * slope + step * noise
        new_value, new_slope = target.log_density_and_gradient(proposed)
        back = (y - proposed - 0.5 * step.square() * new_slope) / step
        log_ratio = new_value - value + 0.5 * (noise.square().sum(dim=-1) - back.square().sum(dim=-1)).double()
        uniform = torch.rand(log_ratio.shape, generator=generator, dtype=torch.float64, device=y.device)
        moves = uniform.log() < log_ratio
        y = torch.where(moves[..., None], proposed, y)
        slope = torch.where(moves[..., None], new_slope, slope)
        value = torch.where(moves, new_value, value)
        if number <= 0:
            rate = log_ratio.clamp(max=0).exp().mean(dim=1)
            gain = (warm_up + number) ** -0.6
            log_step = log_step + gain * (rate - ACCEPTANCE).to(y.dtype)[:, None, None]
        else:
            accepted += moves.double().mean(dim=1)
            if number % thin == 0:
                kept.append(y)
                kept_values.append(value)
    return Chains(
        torch.stack(kept, dim=2),
        torch.stack(kept_values, dim=2),
        accepted / (num_steps * thin),
        log_step[:, 0, 0].exp(),
    )
