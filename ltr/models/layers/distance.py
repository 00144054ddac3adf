"""Distance maps: how far each cell of a score map is from the target, in soft bins."""

import torch
from torch import Tensor, nn


class DistanceMap(nn.Module):
    """Triangular basis functions of the distance to a centre (DiMP, eq. 9): bin b peaks at b * ``bin_displacement``.

    The last bin takes everything beyond it.
    """

    def __init__(self, num_bins: int, bin_displacement: float) -> None:
        super().__init__()
        self.num_bins = num_bins
        self.bin_displacement = bin_displacement

    def forward(self, center: Tensor, output_sz: tuple[int, int]) -> Tensor:
        """Centres ``[N, 2]`` (row, column), in cells -> ``[N, num_bins, height, width]``."""
        rows = torch.arange(output_sz[0], dtype=center.dtype, device=center.device)
        cols = torch.arange(output_sz[1], dtype=center.dtype, device=center.device)
        dy = rows.view(1, 1, -1, 1) - center[:, 0].view(-1, 1, 1, 1)
        dx = cols.view(1, 1, 1, -1) - center[:, 1].view(-1, 1, 1, 1)
        bins = torch.arange(self.num_bins, dtype=center.dtype, device=center.device).view(1, -1, 1, 1)
        offset = torch.sqrt(dy.square() + dx.square()) / self.bin_displacement - bins
        inner = torch.relu(1 - offset[:, :-1].abs())
        outer = (1 + offset[:, -1:]).clamp(0, 1)
        return torch.cat([inner, outer], dim=1)
