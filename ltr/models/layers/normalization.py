"""Normalization of feature maps."""

import torch
from torch import Tensor, nn

from ltr.models.layers.precision import at_least_float32


class InstanceL2Norm(nn.Module):
    """Scale each feature map so that the mean square of its values is ``scale`` squared (DiMP).

    With ``scale = 1 / sqrt(C k k)`` the energy under a k x k filter is about one for any image.
    """

    def __init__(self, scale: float = 1.0, eps: float = 1e-5) -> None:
        super().__init__()
        self.scale = scale
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """``[N, C, H, W]`` -> ``[N, C, H, W]``."""
        x = at_least_float32(x)
        energy = x.square().sum(dim=(1, 2, 3), keepdim=True)
        return x * (self.scale * torch.sqrt(x[0].numel() / (energy + self.eps)))
