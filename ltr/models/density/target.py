"""The unnormalized density exp f(x_i, y) of N inputs on a box of targets, the support."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ltr.models.loss.ebm.base import Energy, checked, energy_gradient
from ltr.utils.errors import InputError

MAX_DIMENSIONS = 4
CHUNK = 2**18  # targets that are scored at once


@dataclass(frozen=True)
class Domain:
    """A box in the space of targets: all densities are zero outside.

    Without it Z may be infinite: the energy of a network need not fall at infinity.

    Args:
        low, high: corners, D numbers each, D from 1 to 4.
    """

    low: tuple[float, ...]
    high: tuple[float, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.low) <= MAX_DIMENSIONS or len(self.high) != len(self.low):
            raise InputError(f"domain: expected 1 to {MAX_DIMENSIONS} numbers for either corner, got {self}")
        if not all(-math.inf < a < b < math.inf for a, b in zip(self.low, self.high, strict=True)):
            raise InputError(f"domain: expected low < high, finite, in every dimension, got {self}")

    @property
    def log_volume(self) -> float:
        """Log of the volume."""
        return sum(math.log(b - a) for a, b in zip(self.low, self.high, strict=True))

    def corners(self, like: Tensor) -> tuple[Tensor, Tensor]:
        """low and high as tensors ``[D]``."""
        return like.new_tensor(self.low), like.new_tensor(self.high)

    def contains(self, y: Tensor) -> Tensor:
        """``[..., D] -> [...]``, bool."""
        low, high = self.corners(y)
        return ((y >= low) & (y <= high)).all(dim=-1)


@dataclass(frozen=True)
class UnnormalizedDensity:
    """exp f(x_i, y) on a domain, for N inputs.

    Args:
        energy: f, ``[N, M, D] -> [N, M]``, as the training methods see it.
        num_inputs: N.
        domain: the support.
        dtype, device: of the targets that ``energy`` takes.
    """

    energy: Energy
    num_inputs: int
    domain: Domain
    dtype: torch.dtype = torch.float32
    device: torch.device | str = "cpu"

    def __post_init__(self) -> None:
        if self.num_inputs < 1:
            raise InputError(f"num_inputs: expected at least 1, got {self.num_inputs}")

    def log_density(self, y: Tensor) -> Tensor:
        """f, and minus infinity outside the domain: ``y [N, M, D] -> [N, M]``, float64, without gradient."""
        energy = checked(self.energy)
        parts = []
        with torch.no_grad():
            for part in y.split(max(1, CHUNK // len(y)), dim=1):
                values = energy(part.to(self.device, self.dtype)).double()
                parts.append(values.masked_fill(~self.domain.contains(part).to(values.device), -math.inf))
        return torch.cat(parts, dim=1)

    def log_density_and_gradient(self, y: Tensor) -> tuple[Tensor, Tensor]:
        """:meth:`log_density` and the gradient of f in y ``[N, M, D]``."""
        values, gradient = energy_gradient(checked(self.energy), y.detach().requires_grad_())
        values = values.detach().double()
        return values.masked_fill(~self.domain.contains(y), -math.inf), gradient.detach()

    def uniform(self, num_samples: int, generator: Generator | None = None) -> Tensor:
        """Uniform draws in the domain ``[N, M, D]``."""
        shape = (self.num_inputs, num_samples, len(self.domain.low))
        unit = torch.rand(shape, generator=generator, dtype=self.dtype, device=self.device)
        low, high = self.domain.corners(unit)
        return low + (high - low) * unit

    def cells(self, size: int) -> Iterator[Tensor]:
        """The centers of ``size`` cells an axis, in parts of bounded size ``[m, D]``, the last axis fastest."""
        like = torch.empty(0, dtype=self.dtype, device=self.device)
        middles = (torch.arange(size, dtype=self.dtype, device=self.device) + 0.5) / size
        low, high = self.domain.corners(like)
        dimensions, total = len(low), size ** len(low)
        for numbers in torch.arange(total, device=self.device).split(max(1, CHUNK // self.num_inputs)):
            index = torch.stack([numbers // size**power % size for power in reversed(range(dimensions))], dim=-1)
            yield low + (high - low) * middles[index]
