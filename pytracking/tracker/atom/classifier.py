"""ATOM's target classifier: two small layers on the backbone's features, learned on line (Danelljan et al., 2019).

    s = phi(w2 * (w1 x)),   L(w) = sum_j gamma_j || s_j - y_j ||^2 + lambda_1 || w1 ||^2 + lambda_2 || w2 ||^2

w1 are 1 x 1 convolutions to D channels, w2 is one k x k convolution, phi is the identity above 0 and flat far below it,
y_j is a Gaussian at the target. Both layers are learned in the first frame, w2 alone afterwards. As nothing lies
between the layers, the scores are those of one k x k convolution.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ltr.data.labels import ScoreGrid
from ltr.models.layers.filter import apply_filter
from ltr.models.target_classifier.features import InstanceL2Norm
from ltr.models.target_classifier.linear_filter import LinearFilter
from ltr.models.tracking.settings import DiMPnetSettings
from pytracking.parameter.atom.base import AtomClassifierParams
from pytracking.tracker.atom.gauss_newton import gauss_newton

SEED = 0  # of the first weights: the same ones for every target


@dataclass(frozen=True)
class ATOMnetSettings(DiMPnetSettings):
    """Of a network with ATOM's classifier."""

    projection_dim: int = 64  # D

    @property
    def filter_shape(self) -> tuple[int, ...]:
        """Both layers in one array: of each of the D channels the row of w1, then the kernel of w2."""
        c = self.classifier
        return 1, self.projection_dim, c.feature_dim + c.filter_size**2


class TwoLayers(nn.Module):
    """Optimizer of both layers: the part of :class:`AtomClassifier` with a filter, samples and labels."""

    def __init__(self, params: AtomClassifierParams, channels: int, grid: ScoreGrid) -> None:
        super().__init__()
        self.params, self.channels, self.grid = params, channels, grid

    def start(self, device: torch.device) -> Tensor:
        """Random layers ``[1, D, C + k k]``, w2 so small that all scores are about 0, where phi has a slope."""
        dim, taps = self.params.compressed_dim, self.params.kernel_size**2
        generator = torch.Generator().manual_seed(SEED)
        projection = torch.randn(1, dim, self.channels, generator=generator) / math.sqrt(self.channels)
        kernel = torch.randn(1, dim, taps, generator=generator) / (dim * taps)
        return torch.cat([projection, kernel], dim=2).to(device)

    def split(self, layers: Tensor) -> tuple[Tensor, Tensor]:
        """w1 ``[B, D, C]`` and w2 ``[B, D, k, k]``."""
        projection, kernel = layers.split([self.channels, self.params.kernel_size**2], dim=2)
        return projection, kernel.unflatten(2, (self.params.kernel_size, self.params.kernel_size))

    def learn(self, feat: Tensor, boxes: Tensor, num_iter: int) -> Tensor:
        """Both layers, by ``num_iter`` steps of conjugate gradient in all; arguments as for :meth:`forward`."""
        rounds = min(self.params.init_gn_iter, max(num_iter, 1))
        steps = [num_iter // rounds + (i < num_iter % rounds) for i in range(rounds)]
        with torch.inference_mode(False):
            feat, start = feat.clone(), self.start(feat.device)
            error = self._error(boxes.clone(), boxes.new_full(boxes.shape[:2], 1 / len(boxes)))
            projection, kernel = self.split(start)
            regs = [self.params.projection_reg] * projection.shape[2] + [self.params.filter_reg] * kernel[0, 0].numel()
            weight = start.new_tensor(regs).sqrt()

            def residuals(layers: Tensor) -> Tensor:
                projection, kernel = self.split(layers)
                return torch.cat([error(_project(feat, projection), kernel), (weight * layers).flatten()])

            return gauss_newton(residuals, start, steps, 1 / weight)

    def forward(
        self, filter: Tensor, feat: Tensor, boxes: Tensor, sample_weight: Tensor, num_iter: int
    ) -> list[Tensor]:
        """The layers, and those with a better w2.

        Args:
            filter: both layers, ``[1, D, C + k k]``.
            feat: samples ``[n, 1, C, H, W]``.
            boxes: the target's, ``[n, 1, 4]`` in crop pixels.
            sample_weight: ``[n, 1]``.
            num_iter: steps of conjugate gradient.
        """
        projection, kernel = self.split(filter)
        projected = _project(feat, projection)
        with torch.inference_mode(False):
            projected, kernel = projected.clone(), kernel.clone()
            error = self._error(boxes.clone(), sample_weight.clone())
            weight = math.sqrt(self.params.filter_reg)

            def residuals(kernel: Tensor) -> Tensor:
                return torch.cat([error(projected, kernel), (weight * kernel).flatten()])

            kernel = gauss_newton(residuals, kernel, [num_iter])
        return [filter, torch.cat([projection, kernel.flatten(2)], dim=2)]

    def _error(self, boxes: Tensor, sample_weight: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
        """Projected samples ``[n, 1, D, H, W]`` and w2 -> weighted differences of scores and labels, flat."""
        labels, weight = self.grid.label(boxes), sample_weight.sqrt()[..., None, None]
        floor = self.params.response_floor

        def error(projected: Tensor, kernel: Tensor) -> Tensor:
            scores = apply_filter(projected, kernel)
            return (weight * (soft_floor(scores, floor) - labels)).flatten()

        return error


class AtomClassifier(LinearFilter):
    """The classifier in the place of DiMP's; its filter is :attr:`ATOMnetSettings.filter_shape`.

    Args:
        params: of the layers.
        channels: C of the backbone's features.
        grid: of the scores.
    """

    def __init__(self, params: AtomClassifierParams, channels: int, grid: ScoreGrid) -> None:
        layers = TwoLayers(params, channels, grid)
        super().__init__(nn.Identity(), layers, InstanceL2Norm())
        self.layers = layers

    def get_filter(
        self, feat: Tensor, boxes: Tensor, sample_weight: Tensor | None = None, num_iter: int | None = None
    ) -> list[Tensor]:
        """The layers learned from the first frame's features ``[n, 1, C, H, W]`` and boxes ``[n, 1, 4]``."""
        return [self.layers.learn(feat, boxes, num_iter or 0)]

    def classify(self, filter: Tensor, feat: Tensor) -> Tensor:
        """Scores ``[F, B, K, K]`` of layers ``[B, D, C + k k]`` on features ``[F, B, C, H, W]``."""
        projection, kernel = self.layers.split(filter)
        return apply_filter(feat, torch.einsum("bdc,bdij->bcij", projection, kernel))

    def confidence(self, scores: Tensor) -> Tensor:
        """Score maps as confidences: unchanged, since they regress a label between 0 and 1."""
        return scores


def _project(feat: Tensor, projection: Tensor) -> Tensor:
    """w1 ``[1, D, C]`` on features ``[n, 1, C, H, W]``: ``[n, 1, D, H, W]``."""
    return (projection @ feat.flatten(3)).unflatten(3, feat.shape[3:])


def soft_floor(x: Tensor, floor: float) -> Tensor:
    """x above 0, floor (exp(x / floor) - 1) below it: smooth, and never below -floor."""
    return torch.where(x > 0, x, floor * torch.expm1(x.clamp(max=0) / floor))
