"""PrDiMP's model predictor: steepest descent with Newton steps on the KL divergence from the label density.

Danelljan et al., "Probabilistic Regression for Visual Tracking", CVPR 2020, section 4.2 and supplement A.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from ltr.data.labels import ScoreGrid
from ltr.models.layers.filter import apply_feat_transpose, apply_filter
from ltr.models.target_classifier.optimizer import FilterOptimizerSettings

_DAMPING = 0.05  # added to the regularization in the step length (pytracking's alpha_eps)


class PrDiMPSteepestDescentNewton(nn.Module):
    """Minimize, over the filter f, the mean over samples of  log sum_c exp(s_c) - sum_c p_c s_c,  s = x * f,  plus
    reg^2 / 2 || f ||^2.

    p is a Gaussian around the target's center that sums to one over the cells c. Gradient and Hessian in closed form:
    J^T (q - p) and J^T (diag(q) - q q^T) J with q = softmax(s).

    Args:
        settings: iterations, and initial values of the learned step length and regularization.
        label_sigma: standard deviation of p in cells.
        feat_stride: crop pixels per cell.
    """

    def __init__(self, settings: FilterOptimizerSettings, label_sigma: float, feat_stride: int) -> None:
        super().__init__()
        self.num_iter = settings.num_iter
        self.min_filter_reg = settings.min_filter_reg
        self.label_sigma = label_sigma
        self.feat_stride = feat_stride
        self.log_step_length = nn.Parameter(math.log(settings.init_step_length) * torch.ones(1))
        self.filter_reg = nn.Parameter(settings.init_filter_reg * torch.ones(1))

    def label_density(self, boxes: Tensor, filter_size: int, num_cells: int) -> Tensor:
        """p ``[F, B, K, K]`` for boxes ``[F, B, 4]`` in crop pixels."""
        offset = (filter_size % 2) * self.feat_stride / 2
        label = ScoreGrid(num_cells, self.feat_stride, offset, self.label_sigma).label(boxes)
        return label / label.sum(dim=(-2, -1), keepdim=True).clamp(min=1e-8)

    def confidence(self, scores: Tensor) -> Tensor:
        """Probability of the cells of score maps ``[..., K, K]``, relative to the peak of the label density."""
        peak = 1 / (2 * math.pi * self.label_sigma**2)
        return scores.flatten(-2).softmax(dim=-1).view_as(scores) / peak

    def forward(
        self,
        filter: Tensor,
        feat: Tensor,
        boxes: Tensor,
        sample_weight: Tensor | None = None,
        num_iter: int | None = None,
    ) -> list[Tensor]:
        """Improve the filter; arguments and result as of DiMP's
        :class:`~ltr.models.target_classifier.optimizer.DiMPSteepestDescentGN`."""
        size = filter.shape[-1]
        density = self.label_density(boxes, size, feat.shape[-1] + 1 - size % 2)
        if sample_weight is None:
            sample_weight = boxes.new_full(boxes.shape[:2], 1 / boxes.shape[0])
        weight = sample_weight[..., None, None]
        reg = self.filter_reg.square().clamp(min=self.min_filter_reg**2)
        step = self.log_step_length.exp()

        filters = [filter]
        for _ in range(self.num_iter if num_iter is None else num_iter):
            scores = apply_filter(feat, filter)
            probability = scores.flatten(2).softmax(dim=2).view_as(scores)
            gradient = apply_feat_transpose(feat, weight * (probability - density), size) + reg * filter
            # g^T H g of the scores' change along the gradient: its variance under the probability.
            change = apply_filter(feat, gradient)
            mean = (probability * change).sum(dim=(2, 3), keepdim=True)
            curvature = (weight * probability * (change - mean).square()).sum(dim=(0, 2, 3))
            norm = gradient.square().sum(dim=(1, 2, 3))
            optimal = norm / (curvature + (reg + _DAMPING) * norm).clamp(min=1e-8)
            filter = filter - (step * optimal).view(-1, 1, 1, 1) * gradient
            filters.append(filter)
        return filters
