"""Feature heads of the target classifier: backbone features -> classification features of instance-wise unit norm."""

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


def residual_basic_block(in_dim: int, num_blocks: int, out_dim: int, norm_scale: float) -> nn.Sequential:
    """``num_blocks`` residual blocks of two 3x3 convolutions, a 3x3 convolution to ``out_dim``, InstanceL2Norm.

    If the last convolution keeps the number of channels, it is initialized as the identity: the head begins with the
    backbone's own features, which already hold a target (an untrained filter on them tracks), and learns from there.
    """
    if num_blocks == 0:
        return _head([], in_dim, out_dim, norm_scale)
    from torchvision.models.resnet import BasicBlock  # late: torchvision takes seconds to import

    blocks: list[nn.Module] = [BasicBlock(in_dim, in_dim) for _ in range(num_blocks)]
    return _head(blocks, in_dim, out_dim, norm_scale)


def residual_bottleneck(in_dim: int, num_blocks: int, out_dim: int, norm_scale: float) -> nn.Sequential:
    """The same with bottleneck blocks, for the 1024 channels of ResNet-50."""
    from torchvision.models.resnet import Bottleneck

    blocks: list[nn.Module] = [Bottleneck(in_dim, in_dim // 4) for _ in range(num_blocks)]
    return _head(blocks, in_dim, out_dim, norm_scale)


def _head(blocks: list[nn.Module], in_dim: int, out_dim: int, norm_scale: float) -> nn.Sequential:
    final = nn.Conv2d(in_dim, out_dim, 3, padding=1, bias=False)
    if in_dim == out_dim:
        nn.init.dirac_(final.weight)
    else:
        nn.init.kaiming_normal_(final.weight, mode="fan_out", nonlinearity="linear")
    return nn.Sequential(*blocks, final, InstanceL2Norm(scale=norm_scale))
