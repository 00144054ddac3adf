"""Three ways to normalize exp f: a grid, importance sampling, bridge sampling. Each gives log Z with its error."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from ltr.models.density.mala import mala
from ltr.models.density.points import Estimate, Points
from ltr.models.density.target import UnnormalizedDensity
from ltr.models.loss.ebm.base import require_count
from ltr.models.loss.ebm.proposals import Proposal
from ltr.utils.errors import InputError

MAX_CELLS = 2**27  # of all inputs: 2 GiB of values and weights


def grid_points(target: UnnormalizedDensity, size: int = 1023) -> Points:
    """The centers of ``size ** D`` equal cells, weighted by exp f (midpoint rule).

    The standard error of log Z is the distance from the value of a grid three times as coarse: more than the true
    error, unless the density is narrower than the coarse cells.

    Args:
        target: exp f.
        size: cells an axis; divisible by 3.
    """
    dimensions = len(target.domain.low)
    cells = size**dimensions * target.num_inputs
    if size < 3 or size % 3 or cells > MAX_CELLS:
        raise InputError(
            f"size: expected a multiple of 3, and no more than {MAX_CELLS} cells for all inputs; "
            f"got {size}^{dimensions} for each of {target.num_inputs}"
        )
    parts, values = [], []
    for y in target.cells(size):
        parts.append(y)
        values.append(target.log_density(y.expand(target.num_inputs, -1, -1)))
    log_density = torch.cat(values, dim=1)
    fine = log_density.logsumexp(dim=1)
    coarse = log_density.view(-1, *[size] * dimensions)[(slice(None), *[slice(1, None, 3)] * dimensions)]
    error = (fine - dimensions * math.log(3) - coarse.flatten(1).logsumexp(dim=1)).abs()
    log_z = Estimate(fine + target.domain.log_volume - dimensions * math.log(size), error)
    y = torch.cat(parts).expand(target.num_inputs, -1, -1)
    return Points(y, (log_density - fine[:, None]).exp(), log_density, log_z)


def importance_points(
    target: UnnormalizedDensity, proposal: Proposal, num_samples: int = 4096, generator: Generator | None = None
) -> Points:
    """Draws of a proposal, weighted by exp(f) / q. The standard error is that of the mean of the weights.

    Where q misses a part of p, no draw can tell; where its tails are too thin, the error is underestimated. A proposal
    with wide tails: :func:`~ltr.models.density.adaptive.adapted_proposal`.
    """
    require_count(num_samples=num_samples)
    y = proposal.sample(num_samples, generator)
    log_density = target.log_density(y)
    log_weights = log_density - proposal.log_prob(y).double()
    log_sum = log_weights.logsumexp(dim=1)
    weights = (log_weights - log_sum[:, None]).exp()
    relative = (weights.square().sum(dim=1) - 1 / num_samples).clamp(min=0) * num_samples / max(num_samples - 1, 1)
    return Points(y, weights, log_density, Estimate(log_sum - math.log(num_samples), relative.sqrt()))


def bridge_points(
    target: UnnormalizedDensity,
    proposal: Proposal,
    num_samples: int = 4096,
    generator: Generator | None = None,
    *,
    num_chains: int = 128,
    warm_up: int = 100,
) -> Points:
    """Draws of MALA, and log Z by bridge sampling (Meng and Wong, 1996) between them and those of a proposal.

    The chains start from importance resampling. The standard error is that of Frühwirth-Schnatter (2004), where
    the variance of the part of MALA is that of the means of its chains, which holds whatever their autocorrelation. A
    proposal with thinner tails than p, with which importance sampling fails, will do.

    Args:
        target: exp f.
        proposal: q.
        num_samples: draws of q, again for the starts, and in all chains of MALA.
        generator: source of the draws.
        num_chains: at least 2; the fewer against the effective samples of q, the less its starts have in common.
        warm_up: see :func:`~ltr.models.density.mala.mala`.
    """
    require_count(num_samples=num_samples)
    if not 2 <= num_chains <= num_samples:
        raise InputError(f"num_chains: expected 2 to num_samples = {num_samples}, got {num_chains}")
    pool = importance_points(target, proposal, num_samples, generator)
    start = pool.sample(num_chains, generator)
    chains = mala(target, start, max(1, num_samples // num_chains), generator, warm_up=warm_up)
    y = chains.y.flatten(1, 2)
    from_p = chains.log_density - proposal.log_prob(y).double().view(chains.log_density.shape)
    drawn = proposal.sample(num_samples, generator)
    from_q = target.log_density(drawn) - proposal.log_prob(drawn).double()
    log_z = _bridge(from_p, from_q, pool)
    count = y.shape[1]
    weights = torch.full((len(y), count), 1 / count, dtype=torch.float64, device=y.device)
    return Points(y, weights, chains.log_density.flatten(1), log_z)


def _bridge(from_p: Tensor, from_q: Tensor, pool: Points) -> Estimate:
    """The fixed point of Meng and Wong's iteration.

    Args:
        from_p: log exp f / q of the states of the chains ``[N, C, T]``.
        from_q: of the draws of q ``[N, M]``.
        pool: what the chains start from; a finite one adds to their variance.
    """
    share_p = from_p[0].numel() / (from_p[0].numel() + from_q.shape[1])
    log_p, log_q = math.log(share_p), math.log(1 - share_p)
    log_z = pool.log_z.value
    for _ in range(1000):
        upper = from_q - torch.logaddexp(log_p + from_q, log_q + log_z[:, None])
        lower = -torch.logaddexp(log_p + from_p, log_q + log_z[:, None, None])
        mean_upper = upper.logsumexp(dim=1) - math.log(upper.shape[1])
        mean_lower = lower.flatten(1).logsumexp(dim=1) - math.log(lower[0].numel())
        change, log_z = mean_upper - mean_lower - log_z, mean_upper - mean_lower
        if change.abs().max() < 1e-10:
            break
    of_q = (upper - mean_upper[:, None]).exp().var(dim=1) / upper.shape[1]
    of_chains = (lower - mean_lower[:, None, None]).exp().mean(dim=2).var(dim=1)
    of_p = of_chains * (1 / lower.shape[1] + 1 / pool.effective_samples)
    return Estimate(log_z, (of_q + of_p).sqrt())
