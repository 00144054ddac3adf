"""Activations of the DiMP optimizer."""

from torch import Tensor, nn


class LeakyReluPar(nn.Module):
    """Leaky ReLU with a negative slope ``a`` per position: max(x, 0) + a min(x, 0)."""

    def forward(self, x: Tensor, a: Tensor) -> Tensor:
        return (1 - a) / 2 * x.abs() + (1 + a) / 2 * x


class LeakyReluParDeriv(nn.Module):
    """Derivative of :class:`LeakyReluPar` in ``x`` (1/2 of both slopes at x = 0)."""

    def forward(self, x: Tensor, a: Tensor) -> Tensor:
        return (1 - a) / 2 * x.detach().sign() + (1 + a) / 2
