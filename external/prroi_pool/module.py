"""Precise RoI pooling as a module without parameters."""

from torch import Tensor, nn

from external.prroi_pool.functional import prroi_pool2d, prroi_pool2d_batch


class PrRoIPool2D(nn.Module):
    """:func:`prroi_pool2d`, or :func:`prroi_pool2d_batch` for boxes ``[N, M, 4]``, of a fixed size."""

    def __init__(self, pooled_height: int, pooled_width: int, spatial_scale: float = 1.0) -> None:
        super().__init__()
        self.pooled_height = pooled_height
        self.pooled_width = pooled_width
        self.spatial_scale = spatial_scale

    def forward(self, features: Tensor, boxes: Tensor) -> Tensor:
        """``[R, C, ph, pw]`` for rois ``[R, 5]``; ``[N, M, C, ph, pw]`` for boxes ``[N, M, 4]``."""
        pool = prroi_pool2d_batch if boxes.ndim == 3 else prroi_pool2d
        return pool(features, boxes, self.pooled_height, self.pooled_width, self.spatial_scale)

    def extra_repr(self) -> str:
        return f"{self.pooled_height}, {self.pooled_width}, spatial_scale={self.spatial_scale:g}"
