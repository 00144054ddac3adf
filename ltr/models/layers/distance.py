"""Learned functions of a distance, on a grid of cells."""

import torch
from torch import Tensor, nn


class DistanceMap(nn.Module):
    """Functions of the distance to a center, piecewise linear between bins (DiMP, eq. 9).

    DiMP writes them as sums of triangular basis functions, of which bin b peaks at b * ``bin_displacement`` and the
    last takes everything beyond it. At most two are not zero anywhere: so the two values are looked up, which takes a
    hundredth of the work.
    """

    def __init__(self, num_bins: int, bin_displacement: float) -> None:
        super().__init__()
        self.num_bins = num_bins
        self.bin_displacement = bin_displacement

    def forward(self, values: Tensor, center: Tensor, output_sz: tuple[int, int]) -> Tensor:
        """Values at the bins ``[K, num_bins]`` of K functions, centers ``[N, 2]`` (row, column), in cells
        -> ``[K, N, height, width]``.
        """
        rows = torch.arange(output_sz[0], dtype=center.dtype, device=center.device)
        cols = torch.arange(output_sz[1], dtype=center.dtype, device=center.device)
        dy = rows.view(1, -1, 1) - center[:, 0].view(-1, 1, 1)
        dx = cols.view(1, 1, -1) - center[:, 1].view(-1, 1, 1)
        place = (torch.sqrt(dy.square() + dx.square()) / self.bin_displacement).clamp(max=self.num_bins - 1)
        before = place.long()
        after = (before + 1).clamp(max=self.num_bins - 1)
        return torch.lerp(values[:, before], values[:, after], place - before)
