"""Precise RoI pooling of boxes on one map with its derivative in the boxes written out: what climbing an energy needs.

Beside :func:`~external.prroi_pool.functional.prroi_pool2d_batch` it builds no autograd graph, works in inference mode
and touches only the part of the map that the boxes reach. Boxes are centres and sizes here, because the edges of the
B bins of an axis are then linear in both:

    e_k = centre + size f_k,   f_k = k / B - 1/2,
    W[b, j]              = B / size * (I(e_{b+1} - j) - I(e_b - j)),   I' = hat,
    dW[b, j] / dcentre   = B / size * (hat(e_{b+1} - j) - hat(e_b - j)),
    dW[b, j] / dsize     = B / size * (f_{b+1} hat(e_{b+1} - j) - f_b hat(e_b - j)) - W[b, j] / size.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

PullBack = Callable[[Tensor], tuple[Tensor, Tensor]]


def pool_boxes(features: Tensor, centre: Tensor, size: Tensor, bins: int) -> tuple[Tensor, PullBack]:
    """Pool M boxes from one square feature map.

    Args:
        features: ``[S, S, C]``, floating, channels last.
        centre: ``[M, 2]``, (x, y) in pixels of the map; pixel (i, j) is the point y = i, x = j.
        size: ``[M, 2]``, (w, h) > 0 in pixels of the map.
        bins: B, on each axis.

    Returns:
        The means over the bins, ``[M, B, B, C]`` (rows, columns, channels), and a function that takes the gradient
        in them to the gradients in ``centre`` and ``size``, both ``[M, 2]``.
    """
    fractions, cells = _constants(bins, len(features), centre.dtype, centre.device)
    edges = torch.addcmul(centre[..., None], size[..., None], fractions)  # [M, 2, B + 1]
    first, stop = _reach(edges, len(features))
    window = features[first:stop, first:stop].flatten(1)
    offsets = (edges[..., None] - cells[first:stop]).clamp_(-1, 1)  # [M, 2, B + 1, cells]
    per_length = bins / size[..., None, None]
    hats = 1 - offsets.abs()
    means = torch.addcmul(offsets, offsets, hats).diff(dim=2) * (per_length / 2)  # [M, 2, B, cells]
    means_x, means_y = means[:, 0, None], means[:, 1].flatten(0, 1)
    rows = (means_y @ window).view(len(centre), bins, stop - first, features.shape[2])
    pooled = means_x @ rows

    def pull_back(gradient: Tensor) -> tuple[Tensor, Tensor]:
        in_means_x = (gradient @ rows.transpose(2, 3)).sum(dim=1)
        columns = (means_x.transpose(2, 3) @ gradient).flatten(2).flatten(0, 1)
        in_means_y = (columns @ window.T).view(in_means_x.shape)
        in_means = torch.stack([in_means_x, in_means_y], dim=1) * per_length
        in_centre = (in_means * hats.diff(dim=2)).sum(dim=(2, 3))
        in_size = (in_means * ((hats * fractions[:, None]).diff(dim=2) - means / bins)).sum(dim=(2, 3))
        return in_centre, in_size

    return pooled, pull_back


@lru_cache(maxsize=32)
def _constants(bins: int, size: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """The edges' places f_k and the pixels of the map; made once, since small tensors cost as much as large ones."""
    with torch.inference_mode(False):
        fractions = torch.arange(bins + 1, dtype=dtype, device=device) / bins - 0.5
        return fractions, torch.arange(size, dtype=dtype, device=device)


def _reach(edges: Tensor, size: int) -> tuple[int, int]:
    """First pixel, and the one after the last, that the boxes touch on either axis; at least one pixel.

    On an accelerator the whole map: asking where the boxes are would wait for the device. So in compiled code.
    """
    if edges.device.type != "cpu" or not edges.numel() or torch.compiler.is_compiling():
        return 0, size
    low, high = map(float, edges.aminmax())
    # Written so that NaN means the whole map.
    first = int(min(low, size - 1)) if low > 0 else 0
    return first, (max(int(high) + 2, first + 1) if high < size - 2 else size)
