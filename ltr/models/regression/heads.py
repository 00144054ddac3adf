"""What stands on the features of an input: a mixture of Gaussians, or quantiles."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ltr.models.density.mixture import Mixture

SMALLEST_SIGMA = 1e-3


def _branch(inputs: int, hidden: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


class MixtureHead(nn.Module):
    """Weights, means and standard deviations of K Gaussians (Bishop, 1994), by two layers each.

    Args:
        hidden: of the features and the layers.
        components: K.
        targets: D.
        start_sigma: about the standard deviations before the training.
        largest_sigma: at any time.
    """

    def __init__(
        self, hidden: int, components: int, targets: int, start_sigma: float = 1.0, largest_sigma: float = math.exp(10)
    ) -> None:
        super().__init__()
        self.shape = (components, targets)
        self.log_range = (-10.0, math.log(largest_sigma))
        self.weights = _branch(hidden, hidden, components)
        self.means = _branch(hidden, hidden, components * targets)
        self.log_sigmas = _branch(hidden, hidden, components * targets)
        with torch.no_grad():
            self.log_sigmas[-1].get_parameter("bias").add_(math.log(start_sigma))

    def forward(self, features: Tensor) -> Mixture:
        """The mixture of inputs with ``features [N, hidden]``."""
        sigmas = self.log_sigmas(features).clamp(*self.log_range).exp() + SMALLEST_SIGMA
        log_weights = self.weights(features).log_softmax(dim=-1)
        return Mixture(log_weights, self.means(features).unflatten(-1, self.shape), sigmas.unflatten(-1, self.shape))


class QuantileHead(nn.Module):
    """Quantiles of one number at even levels, in order: the first, and positive gaps.

    Args:
        hidden: of the features and the layers.
        count: Q; the levels are 1 / (Q + 1) to Q / (Q + 1).
    """

    levels: Tensor

    def __init__(self, hidden: int, count: int = 19) -> None:
        super().__init__()
        self.register_buffer("levels", torch.arange(1, count + 1) / (count + 1))
        last = nn.Linear(hidden, count)
        with torch.no_grad():  # from -1.5 to 1.5 at the start; log expm1 is the inverse of softplus
            last.bias.copy_(torch.tensor([-1.5, *[math.log(math.expm1(3 / count))] * (count - 1)]))
        self.branch = nn.Sequential(nn.Linear(hidden, hidden), nn.ReLU(), last)

    def forward(self, features: Tensor) -> Tensor:
        """Quantiles ``[N, Q]`` of inputs with ``features [N, hidden]``."""
        first, gaps = self.branch(features).split([1, len(self.levels) - 1], dim=-1)
        return torch.cat([first, first + (nn.functional.softplus(gaps) + 1e-4).cumsum(dim=-1)], dim=-1)


def pinball(quantiles: Tensor, levels: Tensor, y: Tensor) -> Tensor:
    """The loss whose minimum is the quantile (Koenker and Bassett, 1978): ``[N, Q]``, of ``y [N, 1]``."""
    error = y - quantiles
    return torch.maximum(levels * error, (levels - 1) * error)


def quantile_log_density(quantiles: Tensor, levels: Tensor, y: Tensor) -> Tensor:
    """Log-density ``[N, M]`` at ``y [N, M]``: constant between ``quantiles [N, Q]``, exponential tails that join it."""
    step = levels[1] - levels[0]
    log_densities = step.log() - quantiles.diff(dim=-1).log()
    place = torch.searchsorted(quantiles.contiguous(), y.contiguous())
    inside = log_densities.gather(1, (place - 1).clamp(0, log_densities.shape[1] - 1))
    rates = log_densities[:, [0, -1]].exp() / torch.stack([levels[0], 1 - levels[-1]])
    below = (quantiles[:, :1] - y).clamp(min=0) * rates[:, :1]
    above = (y - quantiles[:, -1:]).clamp(min=0) * rates[:, 1:]
    return inside - below - above
