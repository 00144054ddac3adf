"""DiMP with an energy-based box branch: the network of DiMP-NCE+ (Gustafsson et al., section 5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ltr.models.backbone import Backbone
from ltr.models.bbreg.atom_iou_net import AtomIoUNet, FeaturePair, map_pair, modulate
from ltr.models.layers.precision import at_least_float32, full_precision
from ltr.models.target_classifier.linear_filter import LinearFilter

CLASSIFICATION_LAYER = "layer3"
BOX_LAYERS = ("layer2", "layer3")


@dataclass(frozen=True)
class DiMPOutput:
    """The outputs for G test frames of B sequences that the training losses use."""

    scores: list[Tensor]  # of every filter iteration: [G, B, K, K]
    energy: Callable[[Tensor], Tensor]  # boxes [G * B, M, 4] in crop pixels -> f(x, y) [G * B, M]


class DiMPnet(nn.Module):
    """The tracking network; its parts have pytracking's names."""

    def __init__(self, feature_extractor: Backbone, classifier: LinearFilter, bb_regressor: AtomIoUNet) -> None:
        super().__init__()
        self.feature_extractor = feature_extractor
        self.classifier = classifier
        self.bb_regressor = bb_regressor

    def extract_backbone_features(self, images: Tensor) -> dict[str, Tensor]:
        """Images ``[N, 3, S, S]`` (RGB, 0..255) -> features at strides 8 (``layer2``) and 16 (``layer3``)."""
        return self.feature_extractor(images, BOX_LAYERS)

    def box_features(self, features: Mapping[str, Tensor]) -> FeaturePair:
        """The two feature maps of the box branch."""
        return features[BOX_LAYERS[0]], features[BOX_LAYERS[1]]

    def forward(self, train_images: Tensor, test_images: Tensor, train_boxes: Tensor) -> DiMPOutput:
        """Learn each sequence's target on its training frames and locate it in its test frames.

        Args:
            train_images: ``[F, B, 3, S, S]`` RGB, 0..255.
            test_images: ``[G, B, 3, S, S]``.
            train_boxes: ``[F, B, 4]`` in crop pixels.
        """
        frames, sequences = train_images.shape[:2]
        images = torch.cat([train_images.flatten(0, 1), test_images.flatten(0, 1)])
        features = self.extract_backbone_features(images)
        split = frames * sequences
        train, test = (
            {name: value[part] for name, value in features.items()} for part in (slice(split), slice(split, None))
        )

        scores = self.classifier(train[CLASSIFICATION_LAYER], test[CLASSIFICATION_LAYER], train_boxes)

        # As in ATOM, the first training frame is the box branch's reference.
        reference = map_pair(lambda feat: feat[:sequences], self.box_features(train))
        modulation = self.bb_regressor.get_modulation(reference, train_boxes[0])
        repeated = map_pair(lambda vector: vector.repeat(len(test_images), 1, 1, 1), modulation)
        modulated = modulate(self.bb_regressor.get_iou_feat(self.box_features(test)), repeated)
        modulated = map_pair(at_least_float32, modulated)

        def energy(boxes: Tensor) -> Tensor:
            with full_precision(boxes):
                return self.bb_regressor.energy(modulated, boxes)

        return DiMPOutput(scores, energy)
