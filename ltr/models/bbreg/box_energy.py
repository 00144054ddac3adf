"""The energy of the box branch for one target, as the tracker climbs it: folded weights, gradient written out.

In inference the modulation and the batch norm of the head are constant for a target, so both go into the weights
of its linear layers, once:

    hidden = relu(W pooled + b),   W = diag(s) W0 diag(modulation),   s, b of the batch norm;
    f = v . hidden + c,            df / dpooled = W^T (v [hidden > 0]).

Equal to :meth:`AtomIoUNet.energy` of the modulated maps and its autograd gradient, without a graph.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from external.prroi_pool import PrRoIPool2D, pool_boxes
from ltr.models.bbreg.atom_iou_net import AtomIoUNet, FeaturePair
from ltr.models.layers.blocks import LinearBlock


@dataclass(frozen=True)
class _Head:
    """One stride: pooled ``[M, bins * bins * C]`` (channels last) -> hidden ``[M, D]`` -> a part of f ``[M]``."""

    weight: Tensor  # [D, bins * bins * C]
    bias: Tensor  # [D]
    output: Tensor  # [D]
    bins: int
    scale: float  # map pixels a crop pixel

    def hidden(self, pooled: Tensor) -> Tensor:
        """``[M, bins, bins, C] -> [M, D]``."""
        return torch.addmm(self.bias, pooled.flatten(1), self.weight.T).relu_()


class BoxEnergy:
    """f(x, y) of boxes in a frame, for one target.

    Args:
        branch: in eval mode.
        modulation: of the target, ``[1, C, 1, 1]`` at both strides.
    """

    def __init__(self, branch: AtomIoUNet, modulation: FeaturePair) -> None:
        outputs = branch.iou_predictor.weight[0].split(branch.fc3_rt.linear.out_features)
        self._heads = (
            _fold(branch.fc3_rt, branch.prroi_pool3t, modulation[0], outputs[0]),
            _fold(branch.fc4_rt, branch.prroi_pool4t, modulation[1], outputs[1]),
        )
        self._bias = branch.iou_predictor.bias

    def __call__(
        self, maps: FeaturePair, centre: Tensor, size: Tensor
    ) -> tuple[Tensor, Callable[[], tuple[Tensor, Tensor]]]:
        """Values and, when asked for, gradients.

        Args:
            maps: of :meth:`AtomIoUNet.get_iou_feat`, not modulated, channels last: ``[H, W, C]`` at both strides.
            centre: of the boxes, ``[M, 2]`` (x, y) in crop pixels.
            size: ``[M, 2]`` (w, h) > 0 in crop pixels.

        Returns:
            f ``[M]``, and a function of no argument that computes df / dcentre and df / dsize, both ``[M, 2]``.
        """
        values: Tensor = self._bias
        parts = []
        for head, feat in zip(self._heads, maps, strict=True):
            pooled, pull_back = pool_boxes(feat, centre * head.scale, size * head.scale, head.bins)
            hidden = head.hidden(pooled)
            values = values + hidden @ head.output
            parts.append((head, hidden, pooled.shape, pull_back))

        def gradient() -> tuple[Tensor, Tensor]:
            in_centre, in_size = torch.zeros_like(centre), torch.zeros_like(size)
            for head, hidden, shape, pull_back in parts:
                in_pooled = ((hidden > 0) * head.output) @ head.weight
                by_centre, by_size = pull_back(in_pooled.view(shape))
                in_centre.add_(by_centre, alpha=head.scale)
                in_size.add_(by_size, alpha=head.scale)
            return in_centre, in_size

        return values, gradient

    def pool(self, maps: Sequence[Tensor], boxes: Tensor) -> tuple[Tensor, ...]:
        """What f is a function of: features of boxes ``[M, 4]`` (x, y, w, h; crop pixels), ``[M, bins, bins, C]`` at
        both strides. They do not depend on the modulation.
        """
        size = boxes[:, 2:]
        centre = boxes[:, :2] + size / 2
        return tuple(
            pool_boxes(feat, centre * head.scale, size * head.scale, head.bins)[0]
            for head, feat in zip(self._heads, maps, strict=True)
        )

    def of_pooled(self, pooled: Sequence[Tensor]) -> Tensor:
        """f ``[M]`` of boxes that :meth:`pool` has pooled; differentiable in the modulation."""
        parts = [head.hidden(features) @ head.output for head, features in zip(self._heads, pooled, strict=True)]
        return self._bias + parts[0] + parts[1]


def _fold(block: LinearBlock, pool: PrRoIPool2D, modulation: Tensor, output: Tensor) -> _Head:
    """Modulation, linear layer and batch norm in one; the inputs reordered from channels first to channels last."""
    norm, linear = block.bn, block.linear
    mean, variance = norm.get_buffer("running_mean"), norm.get_buffer("running_var")
    scale = norm.weight / torch.sqrt(variance + norm.eps)
    bins = pool.pooled_height
    weight = linear.weight.view(len(scale), -1, bins, bins) * scale[:, None, None, None] * modulation
    weight = weight.permute(0, 2, 3, 1).flatten(1)
    bias = norm.bias + (linear.bias - mean) * scale
    return _Head(weight, bias, output, bins, pool.spatial_scale)
