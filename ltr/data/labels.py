"""The label of the target classifier: a Gaussian round the target's centre on the grid of scores."""

import torch
from torch import Tensor


def label_sigma(output_sigma_factor: float, search_area_factor: float, crop_cells: float) -> float:
    """Standard deviation in score cells: ``output_sigma_factor`` of the target's side (DiMP uses 1/4).

    The target's side is ``crop_cells / search_area_factor`` cells, where ``crop_cells`` = crop px / stride.
    """
    return output_sigma_factor / search_area_factor * crop_cells


def gaussian_label(centre: Tensor, num_cells: int, stride: float, sigma: float) -> Tensor:
    """exp(-d^2 / (2 sigma^2)), d in cells between a cell and the target's centre.

    Args:
        centre: ``[..., 2]`` (x, y) of the target in crop pixels.
        num_cells: side K of the score map; score (i, j) belongs to the centre y = stride i, x = stride j (of a filter
            with an even side; an odd one's lies half a stride further on, to be taken off ``centre`` before).
        stride: crop pixels per cell.
        sigma: standard deviation in cells.

    Returns:
        ``[..., K, K]``, the dtype of ``centre``; 1 where a cell hits the centre exactly.
    """
    cells = torch.arange(num_cells, dtype=centre.dtype, device=centre.device)
    profile = torch.exp(-0.5 * ((cells - centre[..., None] / stride) / sigma) ** 2)
    return profile[..., 1, :, None] * profile[..., 0, None, :]
