"""Small building blocks, with pytracking's parameter names."""

from torch import Tensor, nn


def conv_block(in_channels: int, out_channels: int, kernel_size: int = 3, padding: int | None = None) -> nn.Sequential:
    """Convolution, batch norm, ReLU; ``padding`` keeps the size unless given."""
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size, padding=kernel_size // 2 if padding is None else padding),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(inplace=True),
    )


class LinearBlock(nn.Module):
    """Fully connected layer over a pooled ``[R, C, size, size]`` map, batch norm, ReLU: ``[R, out_channels]``."""

    def __init__(self, in_channels: int, out_channels: int, size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(in_channels * size * size, out_channels)
        self.bn = nn.BatchNorm2d(out_channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        y = self.linear(x.flatten(1))
        return self.relu(self.bn(y[:, :, None, None])).flatten(1)
