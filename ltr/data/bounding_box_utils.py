"""Geometry of axis-aligned boxes, in all conventions of this project.

A *box* is (x, y, w, h), float, in pixels of some image: left, top, width, height. ``box_rel`` is a box in the
relative space of PrDiMP (Danelljan et al., 2020), relative to a reference box (x0, y0, w0, h0):

    ((cx - cx0) / w0, (cy - cy0) / h0, log(w / w0), log(h / h0)),   cx = x + w / 2, cy = y + h / 2.

All functions take and return tensors of any floating dtype and any leading shape, and change no input.
"""

import torch
from torch import Tensor


def box_to_relative(box: Tensor, reference: Tensor) -> Tensor:
    """Boxes ``[..., 4]`` (x, y, w, h) relative to ``reference`` ``[..., 4]`` (broadcast): ``box_rel [..., 4]``."""
    size, ref_size = box[..., 2:], reference[..., 2:]
    offset = (box[..., :2] + size / 2) - (reference[..., :2] + ref_size / 2)
    return torch.cat([offset / ref_size, torch.log(size / ref_size)], dim=-1)


def box_from_relative(box_rel: Tensor, reference: Tensor) -> Tensor:
    """Inverse of :func:`box_to_relative`: ``[..., 4]`` relative to ``reference`` -> boxes (x, y, w, h)."""
    ref_size = reference[..., 2:]
    size = torch.exp(box_rel[..., 2:]) * ref_size
    center = box_rel[..., :2] * ref_size + reference[..., :2] + ref_size / 2
    return torch.cat([center - size / 2, size], dim=-1)


def box_to_corners(box: Tensor) -> Tensor:
    """Boxes ``[..., 4]`` (x, y, w, h) -> corners ``[..., 4]`` (x0, y0, x1, y1)."""
    return torch.cat([box[..., :2], box[..., :2] + box[..., 2:]], dim=-1)


def box_from_corners(corners: Tensor) -> Tensor:
    """Inverse of :func:`box_to_corners`."""
    return torch.cat([corners[..., :2], corners[..., 2:] - corners[..., :2]], dim=-1)


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of the boxes ``a`` and ``b`` ``[..., 4]``, pair by pair (broadcast): ``[...]``.

    The result is 0, not NaN, for boxes without area.
    """
    top_left = torch.maximum(a[..., :2], b[..., :2])
    bottom_right = torch.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    intersection = (bottom_right - top_left).clamp(min=0).prod(dim=-1)
    union = a[..., 2:].clamp(min=0).prod(dim=-1) + b[..., 2:].clamp(min=0).prod(dim=-1) - intersection
    return torch.where(union > 0, intersection / union.clamp(min=torch.finfo(union.dtype).tiny), 0)
