"""The label of the target classifier: a Gaussian around the target's center on the score grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class ScoreGrid:
    """Positions of the scores of a target filter in a crop, and the width of their label."""

    size: int  # K: side of the score map, in cells
    stride: int  # crop pixels per cell
    offset: float  # of score (0, 0) in x and y, in crop pixels: half a stride for a filter with an odd side, else 0
    sigma: float  # standard deviation of the label, in cells

    def label(self, boxes: Tensor) -> Tensor:
        """Of boxes ``[..., 4]`` in crop pixels: :func:`gaussian_label` ``[..., K, K]``."""
        return gaussian_label(boxes[..., :2] + boxes[..., 2:] / 2 - self.offset, self.size, self.stride, self.sigma)


def gaussian_label(center: Tensor, num_cells: int, stride: float, sigma: float) -> Tensor:
    """exp(-d^2 / (2 sigma^2)), d in cells between a cell and the target's center.

    Args:
        center: ``[..., 2]`` (x, y) of the target in crop pixels.
        num_cells: side K of the score map; score (i, j) belongs to the center y = stride i, x = stride j.
        stride: crop pixels per cell.
        sigma: standard deviation in cells.

    Returns:
        ``[..., K, K]``, the dtype of ``center``; 1 where a cell hits the center exactly.
    """
    import torch  # late: the grid alone needs none

    cells = torch.arange(num_cells, dtype=center.dtype, device=center.device)
    profile = torch.exp(-0.5 * ((cells - center[..., None] / stride) / sigma) ** 2)
    return profile[..., 1, :, None] * profile[..., 0, None, :]
