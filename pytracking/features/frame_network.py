"""The part of the network that runs in every frame, as one graph that an accelerator can compile."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from ltr.models.tracking.dimpnet import CLASSIFICATION_LAYER, DiMPnet


class FrameNetwork(nn.Module):
    """Backbone, classification features and the box branch's convolutions.

    Args:
        network: in eval mode.
    """

    def __init__(self, network: DiMPnet) -> None:
        super().__init__()
        self.network = network

    def forward(self, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features of crops.

        Args:
            crops: RGB ``uint8 [n, S, S, 3]``.

        Returns:
            Classification features ``[n, C, S / 16, S / 16]``; the box branch's maps, not modulated, channels last:
            ``[n, S / 8, S / 8, D]`` and ``[n, S / 16, S / 16, D]``.
        """
        return self.of_backbone(self.network.extract_backbone_features(crops.permute(0, 3, 1, 2)))

    def of_backbone(self, features: Mapping[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """The same from the backbone's features by layer."""
        sample = self.network.classifier.extract_classification_feat(features[CLASSIFICATION_LAYER], 1)
        maps = self.network.bb_regressor.get_iou_feat(self.network.box_features(features))
        return sample[:, 0], maps[0].permute(0, 2, 3, 1), maps[1].permute(0, 2, 3, 1)
