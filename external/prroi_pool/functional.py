"""Precise RoI pooling (Jiang et al., "Acquisition of Localization Confidence for Accurate Object Detection",
ECCV 2018) as two small matrix products.

A feature map F [H, W] is read as the surface::

    f(x, y) = sum_ij F[i, j] hat(y - i) hat(x - j),   hat(t) = max(0, 1 - |t|),

which is bilinear between the pixels and falls to zero within one pixel outside the map. The mean of f over a
bin [x0, x1] x [y0, y1] separates into a product of one-dimensional means, so that all bins of a box are::

    pooled = Wy F Wx^T,   Wx[b, j] = 1 / (x1_b - x0_b) * integral of hat(x - j) over x0_b .. x1_b,

with Wx, Wy in closed form. The result is exact, works in every floating dtype on every device, and is
differentiable twice in the features and in the boxes.

Frame of reference: pixel (i, j) of the map is the point y = i, x = j of the surface. No half-pixel offset.
"""

import torch
from torch import Tensor


def _bin_weights(start: Tensor, stop: Tensor, bins: int, size: int) -> Tensor:
    """Means of ``size`` hats over the ``bins`` equal parts of start..stop ``[...]``: ``[..., bins, size]``.

    An interval without length has zeros; NaN stays NaN.
    """
    length = stop - start
    fractions = torch.arange(bins + 1, dtype=start.dtype, device=start.device) / bins
    edges = start[..., None] + length[..., None] * fractions
    offsets = edges[..., None] - torch.arange(size, dtype=start.dtype, device=start.device)
    offsets = offsets.clamp(-1, 1)
    integral = offsets - offsets * offsets.abs() / 2  # of hat from -inf to the edge, less the constant 1/2
    bin_length = (length / bins)[..., None, None]
    empty = bin_length <= 0
    return torch.where(empty, 0, integral.diff(dim=-2) / torch.where(empty, 1, bin_length))


def prroi_pool2d_batch(
    features: Tensor, boxes: Tensor, pooled_height: int, pooled_width: int, spatial_scale: float = 1.0
) -> Tensor:
    """Pool M boxes from each of N feature maps, without copying a map per box.

    Args:
        features: ``[N, C, H, W]``, floating.
        boxes: ``[N, M, 4]``, corners (x0, y0, x1, y1) in input pixels. Boxes may cross or leave the map.
        pooled_height, pooled_width: number of bins.
        spatial_scale: feature pixels per input pixel (1 / stride).

    Returns:
        ``[N, M, C, pooled_height, pooled_width]`` in the dtype of ``features``. Boxes with x1 <= x0 or
        y1 <= y0 give zeros.

    Raises:
        ValueError: wrong shapes, or fewer than one bin.
    """
    if features.ndim != 4:
        raise ValueError(f"features: expected [N, C, H, W], got {list(features.shape)}")
    if boxes.ndim != 3 or boxes.shape[0] != features.shape[0] or boxes.shape[2] != 4:
        raise ValueError(f"boxes: expected [{features.shape[0]}, M, 4], got {list(boxes.shape)}")
    if pooled_height < 1 or pooled_width < 1:
        raise ValueError(f"pooled size: expected at least 1 x 1, got {pooled_height} x {pooled_width}")
    num_maps, channels, height, width = features.shape
    num_boxes = boxes.shape[1]
    x0, y0, x1, y1 = (boxes * spatial_scale).unbind(dim=-1)
    weights_y = _bin_weights(y0, y1, pooled_height, height).to(features.dtype)  # [N, M, ph, H]
    weights_x = _bin_weights(x0, x1, pooled_width, width).to(features.dtype)  # [N, M, pw, W]
    # Rows first, for all boxes of a map in one product; then columns, box by box. With channels last both
    # products run along contiguous memory, and nothing is copied but the (small) map.
    rows = weights_y.flatten(1, 2) @ features.permute(0, 2, 3, 1).flatten(2)  # [N, M * ph, W * C]
    rows = rows.view(num_maps, num_boxes, pooled_height, width, channels)
    return (weights_x[:, :, None] @ rows).permute(0, 1, 4, 2, 3)


def prroi_pool2d(
    features: Tensor, rois: Tensor, pooled_height: int, pooled_width: int, spatial_scale: float = 1.0
) -> Tensor:
    """Pool R boxes, each from the feature map it names; the interface of the original CUDA operator.

    Args:
        features: ``[N, C, H, W]``, floating.
        rois: ``[R, 5]``, (index of the map, x0, y0, x1, y1), corners in input pixels.
        pooled_height, pooled_width, spatial_scale: as in :func:`prroi_pool2d_batch`.

    Returns:
        ``[R, C, pooled_height, pooled_width]`` in the dtype of ``features``.

    Raises:
        ValueError: wrong shapes, or an index that names no map.
    """
    if rois.ndim != 2 or rois.shape[1] != 5:
        raise ValueError(f"rois: expected [R, 5] (index, x0, y0, x1, y1), got {list(rois.shape)}")
    index = rois[:, 0].long()
    if len(rois) and not 0 <= int(index.min()) <= int(index.max()) < len(features):
        raise ValueError(f"rois: indices must lie in 0..{len(features) - 1}, got {index.unique().tolist()}")
    size = (pooled_height, pooled_width, spatial_scale)
    if len(features) == 1:
        return prroi_pool2d_batch(features, rois[None, :, 1:], *size)[0]
    groups = [
        prroi_pool2d_batch(features[n : n + 1], rois[None, index == n, 1:], *size)[0] for n in range(len(features))
    ]
    return torch.cat(groups)[index.argsort(stable=True).argsort()]
