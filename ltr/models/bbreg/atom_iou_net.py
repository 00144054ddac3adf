"""The box branch: an energy of boxes, conditioned on the target's appearance in a reference frame.

The architecture is ATOM's IoU-net (Danelljan et al., CVPR 2019): the reference frame gives a modulation vector, the
test frame's features are multiplied by it channel by channel, pooled inside a box and mapped to one number. Here that
number is f(x, y), the unnormalized log-density of the energy-based model (Gustafsson et al., eq. 1).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from external.prroi_pool import PrRoIPool2D
from ltr.data.bounding_box_utils import box_to_corners
from ltr.models.bbreg.settings import AtomIoUNetSettings
from ltr.models.layers.blocks import LinearBlock, conv_block

FeaturePair = tuple[Tensor, Tensor]


class AtomIoUNet(nn.Module):
    """Energy of boxes from features at strides 8 (``layer2``) and 16 (``layer3``).

    Args:
        input_dim: channels of the two feature maps.
        settings: widths.
    """

    def __init__(self, input_dim: tuple[int, int], settings: AtomIoUNetSettings) -> None:
        super().__init__()
        s = settings
        self.conv3_1r = conv_block(input_dim[0], s.reference_dim)
        self.conv3_1t = conv_block(input_dim[0], s.mid_dim)
        self.conv3_2t = conv_block(s.mid_dim, s.pred_input_dim)
        self.prroi_pool3r = PrRoIPool2D(3, 3, 1 / 8)
        self.prroi_pool3t = PrRoIPool2D(5, 5, 1 / 8)
        self.fc3_1r = conv_block(s.reference_dim, s.mid_dim, kernel_size=3, padding=0)
        self.conv4_1r = conv_block(input_dim[1], s.mid_dim)
        self.conv4_1t = conv_block(input_dim[1], s.mid_dim)
        self.conv4_2t = conv_block(s.mid_dim, s.pred_input_dim)
        self.prroi_pool4r = PrRoIPool2D(1, 1, 1 / 16)
        self.prroi_pool4t = PrRoIPool2D(3, 3, 1 / 16)
        self.fc34_3r = conv_block(2 * s.mid_dim, s.pred_input_dim, kernel_size=1)
        self.fc34_4r = conv_block(2 * s.mid_dim, s.pred_input_dim, kernel_size=1)
        self.fc3_rt = LinearBlock(s.pred_input_dim, s.pred_inter_dim, 5)
        self.fc4_rt = LinearBlock(s.pred_input_dim, s.pred_inter_dim, 3)
        self.iou_predictor = nn.Linear(2 * s.pred_inter_dim, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, mode="fan_in")
                nn.init.zeros_(module.get_parameter("bias"))
        # Start with a flat energy: all boxes are equally likely.
        nn.init.normal_(self.iou_predictor.weight, std=1e-2)

    def get_modulation(self, feat: FeaturePair, boxes: Tensor) -> FeaturePair:
        """The target's appearance: reference features ``[N, C, H, W]`` at both strides, boxes ``[N, 4]`` in crop
        pixels -> modulation vectors ``[N, pred_input_dim, 1, 1]``.
        """
        corners = box_to_corners(boxes)[:, None]
        pooled3 = self.fc3_1r(self.prroi_pool3r(self.conv3_1r(feat[0]), corners).squeeze(1))
        pooled4 = self.prroi_pool4r(self.conv4_1r(feat[1]), corners).squeeze(1)
        both = torch.cat([pooled3, pooled4], dim=1)
        return self.fc34_3r(both), self.fc34_4r(both)

    def get_iou_feat(self, feat: FeaturePair) -> FeaturePair:
        """Test features ``[N, C, H, W]`` at both strides -> ``[N, pred_input_dim, H, W]``."""
        return self.conv3_2t(self.conv3_1t(feat[0])), self.conv4_2t(self.conv4_1t(feat[1]))

    def energy(self, modulated: FeaturePair, boxes: Tensor) -> Tensor:
        """f(x, y) of boxes ``[N, M, 4]`` (crop pixels) in N frames: ``[N, M]``.

        ``modulated`` is :meth:`get_iou_feat` times :meth:`get_modulation`, computed once for all boxes.
        """
        corners = box_to_corners(boxes)
        hidden3 = self.fc3_rt(self.prroi_pool3t(modulated[0], corners).flatten(0, 1))
        hidden4 = self.fc4_rt(self.prroi_pool4t(modulated[1], corners).flatten(0, 1))
        return self.iou_predictor(torch.cat([hidden3, hidden4], dim=1)).reshape(boxes.shape[:2])


def map_pair(function: Callable[[Tensor], Tensor], pair: FeaturePair) -> FeaturePair:
    """Apply ``function`` to the maps of both strides."""
    return function(pair[0]), function(pair[1])


def modulate(feat: FeaturePair, modulation: FeaturePair) -> FeaturePair:
    """Multiply the test features by the modulation vectors, channel by channel."""
    return feat[0] * modulation[0], feat[1] * modulation[1]
