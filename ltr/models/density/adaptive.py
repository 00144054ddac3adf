"""A proposal for an energy of which only the domain is known."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from ltr.models.density.mixture import Mixture
from ltr.models.density.target import UnnormalizedDensity
from ltr.models.loss.ebm.base import require_count
from ltr.refine import refine

WIDE = 0.05  # weight of the component that covers the domain: bounds the importance weights
NARROWEST = 1e-3  # sigma, relative to the domain


def adapted_proposal(
    target: UnnormalizedDensity,
    generator: Generator | None = None,
    *,
    num_components: int = 32,
    num_samples: int = 1024,
    rounds: int = 10,
) -> Mixture:
    """A mixture that is fitted to exp f by population Monte Carlo (Cappé et al., 2008).

    Every round draws from the mixture, weights by exp f / q, and takes one step of EM on the weighted draws, which
    lowers D_KL(p || q). Where few weights would dominate, they are flattened (w^b, b such that the effective samples
    are at least four a component): the mixture goes to p in several rounds. The components start at uniform points
    moved uphill by Algorithm S1; one more, as wide as the domain, stays. In 3 or 4 dimensions a mode much narrower
    than its neighbors can be missed; another seed may find it.

    Args:
        target: exp f.
        generator: source of the draws.
        num_components: K, more than p has modes.
        num_samples: draws a round and input.
        rounds: of draws.
    """
    require_count(num_components=num_components, num_samples=num_samples, rounds=rounds)
    start = target.uniform(num_components, generator)
    low, high = target.domain.corners(start)
    width = high - low
    means = refine(target.energy, start, (width / 10).square(), num_iterations=30)[0].clamp(low, high)
    sigmas = (width / 10).expand_as(means)
    log_weights = means.new_full(means.shape[:2], -math.log(num_components))
    wide = Mixture(
        means.new_full((len(means), 1), math.log(WIDE)),
        ((low + high) / 2).expand(len(means), 1, -1),
        (width / 2).expand(len(means), 1, -1),
    )
    for number in range(rounds + 1):
        proposal = _joined(Mixture(log_weights, means, sigmas), wide)
        if number == rounds:
            break
        y = proposal.sample(num_samples, generator)
        log_ratio = target.log_density(y) - proposal.log_prob(y).double()
        weights = _flattened(log_ratio, 4 * num_components).to(y.dtype)
        parts = proposal.log_components(y)[..., :-1].softmax(dim=-1) * weights[..., None]  # [N, M, K]
        mass = parts.sum(dim=1).clamp(min=1e-6)
        log_weights = (mass / mass.sum(dim=1, keepdim=True)).log()
        means = (parts.mT @ y) / mass[..., None]
        spread = (parts.mT @ y.square()) / mass[..., None] - means.square()
        sigmas = spread.clamp(min=0).sqrt().maximum(NARROWEST * width)
    return proposal


def _joined(first: Mixture, wide: Mixture) -> Mixture:
    return Mixture(
        torch.cat([first.log_weights + math.log(1 - WIDE), wide.log_weights], dim=1),
        torch.cat([first.means, wide.means], dim=1),
        torch.cat([first.sigmas, wide.sigmas], dim=1),
    )


def _flattened(log_ratio: Tensor, least: float) -> Tensor:
    """Weights ``[N, M]`` in proportion to exp(b log_ratio), b <= 1 the largest with ``least`` effective samples."""
    log_ratio = log_ratio.masked_fill(log_ratio == -math.inf, -1e4)
    low, high = torch.zeros_like(log_ratio[:, :1]), torch.ones_like(log_ratio[:, :1])
    for step in range(20):
        middle = (low + high) / 2 if step else high
        enough = 1 / (middle * log_ratio).softmax(dim=1).square().sum(dim=1, keepdim=True) >= least
        low, high = torch.where(enough, middle, low), torch.where(enough, high, middle)
    return (low * log_ratio).softmax(dim=1)
