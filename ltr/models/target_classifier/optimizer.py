"""DiMP's model predictor: steepest descent with the Gauss-Newton matrix on a learned discriminative loss.

Bhat et al., "Learning Discriminative Model Prediction for Tracking", ICCV 2019, section 3.1 to 3.4.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ltr.models.layers.distance import DistanceMap
from ltr.models.layers.filter import apply_feat_transpose, apply_filter
from ltr.models.target_classifier.settings import FilterOptimizerSettings


class LeakyReluPar(nn.Module):
    """Leaky ReLU with a negative slope ``a`` per position: max(x, 0) + a min(x, 0)."""

    def forward(self, x: Tensor, a: Tensor) -> Tensor:
        return (1 - a) / 2 * x.abs() + (1 + a) / 2 * x


class LeakyReluParDeriv(nn.Module):
    """Derivative of :class:`LeakyReluPar` in ``x`` (1/2 of both slopes at x = 0)."""

    def forward(self, x: Tensor, a: Tensor) -> Tensor:
        return (1 - a) / 2 * x.detach().sign() + (1 + a) / 2


class DiMPSteepestDescentGN(nn.Module):
    """Minimize, over the filter f, the mean over samples of  v_c^2 || l(x * f, m_c) - y_c ||^2  +  reg^2 || f ||^2.

    The label y_c, the target mask m_c (slope of the residual's leaky ReLU: hinge-like away from the target) and
    the spatial weight v_c are learned functions of the distance to the target's center c.

    Args:
        settings: initial values.
        label_sigma: standard deviation of the initial label, in cells of the score map.
        feat_stride: crop pixels per cell.
    """

    def __init__(self, settings: FilterOptimizerSettings, label_sigma: float, feat_stride: int) -> None:
        super().__init__()
        self.num_iter = settings.num_iter
        self.feat_stride = feat_stride
        self.min_filter_reg = settings.min_filter_reg
        bins = settings.num_dist_bins
        self.log_step_length = nn.Parameter(torch.tensor([math.log(settings.init_step_length)]))
        self.filter_reg = nn.Parameter(torch.tensor([settings.init_filter_reg]))
        self.distance_map = DistanceMap(bins, settings.bin_displacement)
        self.label_map_predictor = nn.Conv2d(bins, 1, 1, bias=False)
        self.target_mask_predictor = nn.Sequential(nn.Conv2d(bins, 1, 1, bias=False), nn.Sigmoid())
        self.spatial_weight_predictor = nn.Conv2d(bins, 1, 1, bias=False)
        self.score_activation = LeakyReluPar()
        self.score_activation_deriv = LeakyReluParDeriv()

        distance = torch.arange(bins) * settings.bin_displacement
        label = torch.exp(-0.5 * (distance / label_sigma).square())
        mask = settings.mask_init_factor * torch.tanh(2 - distance)
        for predictor, start in (
            (self.label_map_predictor, label - label.min()),
            (self.target_mask_predictor[0], mask),
            (self.spatial_weight_predictor, torch.ones(bins)),
        ):
            predictor.get_parameter("weight").data.copy_(start.view(1, -1, 1, 1))

    def maps(self, boxes: Tensor, filter_size: int, output_sz: tuple[int, int]) -> tuple[Tensor, Tensor, Tensor]:
        """Label, mask and spatial weight, each ``[F, B, height, width]``, for boxes ``[F, B, 4]`` in crop pixels."""
        center = (boxes[..., :2] + boxes[..., 2:] / 2) / self.feat_stride - (filter_size % 2) / 2
        mask_predictor, sigmoid = self.target_mask_predictor
        predictors = (self.label_map_predictor, mask_predictor, self.spatial_weight_predictor)
        values = torch.cat([predictor.get_parameter("weight").flatten(1) for predictor in predictors])
        maps = self.distance_map(values, center.reshape(-1, 2).flip(-1), output_sz)
        label, mask, weight = maps.reshape(3, *boxes.shape[:2], *output_sz)
        return label, sigmoid(mask), weight

    def confidence(self, scores: Tensor) -> Tensor:
        """Score maps as confidences: unchanged, since they regress a label between 0 and 1."""
        return scores

    def forward(
        self,
        filter: Tensor,
        feat: Tensor,
        boxes: Tensor,
        sample_weight: Tensor | None = None,
        num_iter: int | None = None,
    ) -> list[Tensor]:
        """Improve the filter.

        Args:
            filter: ``[B, C, k, k]``.
            feat: ``[F, B, C, H, W]``, training features.
            boxes: ``[F, B, 4]``, target boxes in crop pixels.
            sample_weight: ``[F, B]``, weights of the frames (1 / F each by default).
            num_iter: steps; ``self.num_iter`` by default.
        Returns:
            The filters of all iterations, ``num_iter + 1`` times ``[B, C, k, k]``, the given one first.
        """
        size = filter.shape[-1]
        output_sz = (feat.shape[-2] + 1 - size % 2, feat.shape[-1] + 1 - size % 2)
        label, mask, spatial_weight = self.maps(boxes, size, output_sz)
        if sample_weight is None:
            sample_weight = boxes.new_full(boxes.shape[:2], 1 / boxes.shape[0])
        weight = sample_weight.sqrt()[..., None, None] * spatial_weight
        reg = self.filter_reg.square().clamp(min=self.min_filter_reg**2)
        step = self.log_step_length.exp()

        filters = [filter]
        scores = apply_filter(feat, filter)
        for _ in range(self.num_iter if num_iter is None else num_iter):
            slope = weight * self.score_activation_deriv(scores, mask)
            residuals = weight * (self.score_activation(scores, mask) - label)
            gradient = apply_feat_transpose(feat, slope * residuals, size) + reg * filter
            # The Gauss-Newton matrix along the gradient: || J g ||^2 + reg || g ||^2.
            along = apply_filter(feat, gradient)
            curvature = (slope * along).square().sum(dim=(0, 2, 3))
            norm = gradient.square().sum(dim=(1, 2, 3))
            optimal = norm / (curvature + reg * norm).clamp(min=1e-8)
            length = (step * optimal).view(-1, 1, 1, 1)
            filter = filter - length * gradient
            scores = scores - length[:, 0] * along  # linear in the filter: no need to apply the new one
            filters.append(filter)
        return filters
