"""Precise RoI pooling of boxes on one map, for the energy of a running tracker.

As :func:`~external.prroi_pool.functional.prroi_pool2d_batch`, but it reads only the part of the map that the boxes
cover. Boxes are centers and sizes, because the edges of the B bins of an axis are then linear in both:

    e_k = center + size f_k,   f_k = k / B - 1/2,
    W[b, j] = B / size * (I(e_{b+1} - j) - I(e_b - j)),   I' = hat.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor


def pool_boxes(features: Tensor, center: Tensor, size: Tensor, bins: int) -> Tensor:
    """Pool M boxes from one square feature map.

    Args:
        features: ``[S, S, C]``, floating, channels last.
        center: ``[M, 2]``, (x, y) in pixels of the map; pixel (i, j) is the point y = i, x = j.
        size: ``[M, 2]``, (w, h) > 0 in pixels of the map.
        bins: B, on each axis.

    Returns:
        The means over the bins, ``[M, B, B, C]`` (rows, columns, channels).
    """
    fractions, cells = _constants(bins, len(features), center.dtype, center.device)
    edges = torch.addcmul(center[..., None], size[..., None], fractions)  # [M, 2, B + 1]
    first, stop = _reach(edges.detach(), len(features))
    window = features[first:stop, first:stop].flatten(1)
    offsets = (edges[..., None] - cells[first:stop]).clamp(-1, 1)  # [M, 2, B + 1, cells]
    integral = torch.addcmul(offsets, offsets, 1 - offsets.abs()) / 2  # of the hat, up to a constant
    means = integral.diff(dim=2) * (bins / size[..., None, None])  # [M, 2, B, cells]
    rows = (means[:, 1].flatten(0, 1) @ window).view(-1, bins, stop - first, features.shape[2])
    return means[:, 0, None] @ rows


@lru_cache(maxsize=32)
def _constants(bins: int, size: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor]:
    """The bin edges f_k and the pixel indices of the map; cached, because creating small tensors is expensive."""
    with torch.inference_mode(False):
        fractions = torch.arange(bins + 1, dtype=dtype, device=device) / bins - 0.5
        return fractions, torch.arange(size, dtype=dtype, device=device)


def _reach(edges: Tensor, size: int) -> tuple[int, int]:
    """First pixel, and the one after the last, that the boxes touch on either axis; at least one pixel.

    On an accelerator and in compiled code the whole map: reading the boxes would synchronize with the device.
    """
    if edges.device.type != "cpu" or not edges.numel() or torch.compiler.is_compiling():
        return 0, size
    low, high = map(float, edges.aminmax())
    # Written so that NaN means the whole map.
    first = int(min(low, size - 1)) if low > 0 else 0
    return first, (max(int(high) + 2, first + 1) if high < size - 2 else size)
