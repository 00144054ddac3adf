"""The energy of the box branch in a tracker: on one frame's maps, with batch norm folded.

Modulation acts channel by channel, so it may as well be applied to what was pooled:

    hidden = relu(W (pooled * modulation) + b),   W = diag(s) W0,   s, b of the batch norm;
    f = v . hidden + c.

Equal to :meth:`AtomIoUNet.energy` of the modulated maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from external.prroi_pool import PrRoIPool2D, pool_boxes
from ltr.models.bbreg.atom_iou_net import AtomIoUNet, FeaturePair
from ltr.models.layers.blocks import LinearBlock


@dataclass(frozen=True)
class _Head:
    """One stride: pooled ``[M, bins, bins, C]`` -> a part of f ``[M]``."""

    weight: Tensor  # [D, bins * bins * C]
    bias: Tensor  # [D]
    output: Tensor  # [D]
    bins: int
    scale: float  # map pixels per crop pixel

    def pool(self, feat: Tensor, boxes: Tensor) -> Tensor:
        """Features ``[H, W, C]`` of boxes ``[M, 4]``."""
        size = boxes[:, 2:] * self.scale
        return pool_boxes(feat, boxes[:, :2] * self.scale + size / 2, size, self.bins)

    def of_pooled(self, pooled: Tensor, modulation: Tensor) -> Tensor:
        """The part of f; ``modulation`` is ``[1, C, 1, 1]``."""
        return self._hidden(pooled, modulation).relu() @ self.output

    def gradient(self, pooled: Tensor, modulation: Tensor, weights: Tensor) -> Tensor:
        """Gradient of ``weights`` ``[M]`` times :meth:`of_pooled` in the modulation ``[1, C, 1, 1]``."""
        slopes = weights[:, None] * (self._hidden(pooled, modulation) > 0).to(pooled) * self.output
        return ((slopes @ self.weight).view_as(pooled) * pooled).sum(dim=(0, 1, 2)).view_as(modulation)

    def _hidden(self, pooled: Tensor, modulation: Tensor) -> Tensor:
        return torch.addmm(self.bias, (pooled * modulation.flatten()).flatten(1), self.weight.T)


class BoxEnergy:
    """f(x, y) of boxes, for any target in any frame.

    Args:
        branch: in eval mode.
    """

    def __init__(self, branch: AtomIoUNet) -> None:
        with torch.inference_mode(False):  # inference tensors cannot be used in autograd
            outputs = branch.iou_predictor.weight[0].split(branch.fc3_rt.linear.out_features)
            self._heads = (
                _fold(branch.fc3_rt, branch.prroi_pool3t, outputs[0]),
                _fold(branch.fc4_rt, branch.prroi_pool4t, outputs[1]),
            )
        self._bias = branch.iou_predictor.bias

    def __call__(self, maps: FeaturePair, modulation: FeaturePair, boxes: Tensor) -> Tensor:
        """f ``[M]`` of boxes.

        Args:
            maps: of :meth:`AtomIoUNet.get_iou_feat`, not modulated, channels last: ``[H, W, C]`` at both strides.
            modulation: of the target, ``[1, C, 1, 1]`` at both strides.
            boxes: ``[M, 4]`` (x, y, w, h) in crop pixels, w and h > 0.
        """
        return self.of_pooled(self.pool(maps, boxes), modulation)

    def pool(self, maps: FeaturePair, boxes: Tensor) -> FeaturePair:
        """The features of boxes ``[M, 4]``: ``[M, bins, bins, C]`` at both strides, without the modulation."""
        return self._heads[0].pool(maps[0], boxes), self._heads[1].pool(maps[1], boxes)

    def of_pooled(self, pooled: Sequence[Tensor], modulation: FeaturePair) -> Tensor:
        """f ``[M]`` of boxes pooled by :meth:`pool`."""
        first, second = (head.of_pooled(*each) for head, *each in zip(self._heads, pooled, modulation, strict=True))
        return self._bias + first + second

    def modulation_gradient(self, pooled: Sequence[Tensor], modulation: FeaturePair, weights: Tensor) -> FeaturePair:
        """Gradient of the sum of ``weights`` ``[M]`` times :meth:`of_pooled` in the modulation."""
        of8, of16 = self._heads
        return of8.gradient(pooled[0], modulation[0], weights), of16.gradient(pooled[1], modulation[1], weights)


def _fold(block: LinearBlock, pool: PrRoIPool2D, output: Tensor) -> _Head:
    """Linear layer and batch norm in one; the inputs reordered from channels first to channels last."""
    norm, linear = block.bn, block.linear
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    bins = pool.pooled_height
    weight = linear.weight.view(len(scale), -1, bins, bins) * scale[:, None, None, None]
    weight = weight.permute(0, 2, 3, 1).flatten(1)
    bias = norm.bias + (linear.bias - mean) * scale
    return _Head(weight, bias, output, bins, pool.spatial_scale)
