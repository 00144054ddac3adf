"""The initial filter of a sequence: the mean of the pooled features of its boxes (DiMP, section 3.3)."""

from typing import Literal

from torch import Tensor, nn

from external.prroi_pool import PrRoIPool2D
from ltr.data.bounding_box_utils import box_to_corners


class FilterPool(nn.Module):
    """Pool the features of a box to the size of the filter."""

    def __init__(self, filter_size: int, feature_stride: int) -> None:
        super().__init__()
        self.prroi_pool = PrRoIPool2D(filter_size, filter_size, 1 / feature_stride)

    def forward(self, feat: Tensor, boxes: Tensor) -> Tensor:
        """Features ``[N, C, H, W]``, boxes ``[N, 4]`` in crop pixels -> ``[N, C, k, k]``."""
        return self.prroi_pool(feat, box_to_corners(boxes)[:, None]).squeeze(1)


class FilterInitializerLinear(nn.Module):
    """A convolution, then pooling; the mean over a sequence's frames. The optimizer sets the filter's scale.

    Args:
        start: the convolution before training. "identity": the initial filter is the target's mean feature patch.
            "zero": it is zero, as in PrDiMP, whose first optimizer step gives the pooled features.
    """

    def __init__(
        self, filter_size: int, feature_dim: int, feature_stride: int, start: Literal["identity", "zero"] = "identity"
    ) -> None:
        super().__init__()
        self.filter_conv = nn.Conv2d(feature_dim, feature_dim, 3, padding=1)
        (nn.init.dirac_ if start == "identity" else nn.init.zeros_)(self.filter_conv.weight)
        nn.init.zeros_(self.filter_conv.get_parameter("bias"))
        self.filter_pool = FilterPool(filter_size, feature_stride)

    def forward(self, feat: Tensor, boxes: Tensor) -> Tensor:
        """Features ``[F, B, C, H, W]``, boxes ``[F, B, 4]`` in crop pixels -> filters ``[B, C, k, k]``."""
        frames, sequences = feat.shape[:2]
        pooled = self.filter_pool(self.filter_conv(feat.flatten(0, 1)), boxes.reshape(-1, 4))
        return pooled.reshape(frames, sequences, *pooled.shape[1:]).mean(dim=0)
