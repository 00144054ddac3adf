"""The target classifier: features, a filter learned on the training frames, its scores on the test frames."""

from __future__ import annotations

from torch import Tensor, nn

from ltr.models.layers.filter import apply_filter
from ltr.models.layers.precision import at_least_float32, full_precision


class LinearFilter(nn.Module):
    """DiMP's target classification module.

    Args:
        filter_initializer: (features, boxes) -> first filter.
        filter_optimizer: (filter, features, boxes, ...) -> filters of all iterations.
        feature_extractor: backbone features -> classification features.
    """

    def __init__(
        self, filter_initializer: nn.Module, filter_optimizer: nn.Module, feature_extractor: nn.Module
    ) -> None:
        super().__init__()
        self.filter_initializer = filter_initializer
        self.filter_optimizer = filter_optimizer
        self.feature_extractor = feature_extractor

    def extract_classification_feat(self, feat: Tensor, num_sequences: int) -> Tensor:
        """Backbone features ``[F * B, C, H, W]`` -> ``[F, B, C', H, W]``."""
        out = at_least_float32(self.feature_extractor(feat))
        return out.reshape(-1, num_sequences, *out.shape[1:])

    def get_filter(
        self, feat: Tensor, boxes: Tensor, sample_weight: Tensor | None = None, num_iter: int | None = None
    ) -> list[Tensor]:
        """Filters ``[B, C, k, k]`` of all iterations, from features ``[F, B, C, H, W]`` and boxes ``[F, B, 4]``."""
        return self.filter_optimizer(self.filter_initializer(feat, boxes), feat, boxes, sample_weight, num_iter)

    def classify(self, filter: Tensor, feat: Tensor) -> Tensor:
        """Scores ``[F, B, K, K]`` of a filter ``[B, C, k, k]`` on features ``[F, B, C, H, W]``."""
        return apply_filter(feat, filter)

    def confidence(self, scores: Tensor) -> Tensor:
        """Scores ``[..., K, K]`` as confidences: about 1 at a certain target, about 0 elsewhere."""
        return self.filter_optimizer.confidence(scores)  # type: ignore[operator]

    def forward(self, train_feat: Tensor, test_feat: Tensor, train_boxes: Tensor) -> list[Tensor]:
        """Scores ``[G, B, K, K]`` on the test frames with the filter of every iteration.

        Args:
            train_feat: ``[F * B, C, H, W]`` backbone features.
            test_feat: ``[G * B, C, H, W]``.
            train_boxes: ``[F, B, 4]`` in crop pixels.
        """
        sequences = train_boxes.shape[1]
        train = self.extract_classification_feat(train_feat, sequences)
        test = self.extract_classification_feat(test_feat, sequences)
        with full_precision(train):
            return [self.classify(filter, test) for filter in self.get_filter(train, train_boxes)]
