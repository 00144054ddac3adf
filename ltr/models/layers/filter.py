"""The target model as a linear map: one filter per sequence, applied to all of its feature maps, and its transpose.

Both are written as one matrix product over the channels for the filter's k * k taps together, and a shifted sum of
the taps (``fold``) or its adjoint (``unfold``). Equal to a grouped convolution with padding k // 2 and its weight
gradient, and on a CPU about ten times faster: k * k products of [k k, C] x [C, H W] instead of one output channel.
"""

from torch import Tensor
from torch.nn import functional as F


def apply_filter(feat: Tensor, filter: Tensor) -> Tensor:
    """Correlate each sequence's feature maps with its filter.

    Args:
        feat: ``[F, B, C, H, W]``, F frames of B sequences.
        filter: ``[B, C, k, k]``.
    Returns:
        Scores ``[F, B, H + 1, W + 1]`` for an even k (``[F, B, H, W]`` for an odd one).
    """
    frames, sequences, channels, height, width = feat.shape
    size = filter.shape[-1]
    grow = 1 - size % 2
    taps = filter.flip(2, 3).reshape(sequences, channels, size * size).transpose(1, 2)
    products = taps @ feat.reshape(frames, sequences, channels, height * width)
    scores = F.fold(
        products.reshape(frames * sequences, size * size, height * width),
        (height + grow, width + grow),
        size,
        padding=(size - 1) // 2,
    )
    return scores.reshape(frames, sequences, height + grow, width + grow)


def apply_feat_transpose(feat: Tensor, residuals: Tensor, filter_size: int) -> Tensor:
    """Transpose of :func:`apply_filter` in the filter: the gradient of <residuals, apply_filter(feat, f)> in f.

    Args:
        feat: ``[F, B, C, H, W]``.
        residuals: of the shape of the scores.
    Returns:
        ``[B, C, k, k]``.
    """
    frames, sequences, channels, height, width = feat.shape
    size = filter_size
    shifted = F.unfold(residuals.reshape(frames * sequences, 1, *residuals.shape[-2:]), size, padding=(size - 1) // 2)
    shifted = shifted.reshape(frames, sequences, size * size, height * width)
    taps = (shifted @ feat.reshape(frames, sequences, channels, height * width).transpose(-1, -2)).sum(dim=0)
    return taps.transpose(1, 2).reshape(sequences, channels, size, size).flip(2, 3)
