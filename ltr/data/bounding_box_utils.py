"""Geometry of axis-aligned boxes, in all conventions of this project.

A *box* is (x, y, w, h), float, in pixels of some image: left, top, width, height. ``box_rel`` is a box in the
relative space of PrDiMP (Danelljan et al., 2020), relative to a reference box (x0, y0, w0, h0):

    ((cx - cx0) / w0, (cy - cy0) / h0, log(w / w0), log(h / h0)),   cx = x + w / 2, cy = y + h / 2.

All functions take and return tensors of any floating dtype and any leading shape, and change no input; those between
conventions of boxes take numpy arrays, too, and need no torch for them.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

AnyBox = TypeVar("AnyBox", np.ndarray, "Tensor")


def _library(array: Any) -> Any:
    """numpy or torch: whose functions an array takes; it was imported to make the array."""
    return np if isinstance(array, np.ndarray) else sys.modules["torch"]


def box_to_relative(box: AnyBox, reference: AnyBox) -> AnyBox:
    """Boxes ``[..., 4]`` (x, y, w, h) relative to ``reference`` ``[..., 4]`` (broadcast): ``box_rel [..., 4]``."""
    xp, size, ref_size = _library(box), box[..., 2:], reference[..., 2:]
    offset = (box[..., :2] + size / 2) - (reference[..., :2] + ref_size / 2)
    return xp.concatenate([offset / ref_size, xp.log(size / ref_size)], axis=-1)


def box_from_relative(box_rel: AnyBox, reference: AnyBox) -> AnyBox:
    """Inverse of :func:`box_to_relative`: ``[..., 4]`` relative to ``reference`` -> boxes (x, y, w, h)."""
    xp, ref_size = _library(box_rel), reference[..., 2:]
    size = xp.exp(box_rel[..., 2:]) * ref_size
    center = box_rel[..., :2] * ref_size + reference[..., :2] + ref_size / 2
    return xp.concatenate([center - size / 2, size], axis=-1)


def box_to_corners(box: AnyBox) -> AnyBox:
    """Boxes ``[..., 4]`` (x, y, w, h) -> corners ``[..., 4]`` (x0, y0, x1, y1)."""
    return _library(box).concatenate([box[..., :2], box[..., :2] + box[..., 2:]], axis=-1)


def box_from_corners(corners: AnyBox) -> AnyBox:
    """Inverse of :func:`box_to_corners`."""
    return _library(corners).concatenate([corners[..., :2], corners[..., 2:] - corners[..., :2]], axis=-1)


def box_iou(a: Tensor, b: Tensor) -> Tensor:
    """Intersection over union of the boxes ``a`` and ``b`` ``[..., 4]``, pair by pair (broadcast): ``[...]``.

    The result is 0, not NaN, for boxes without area.
    """
    import torch  # late, for boxes of numpy

    top_left = torch.maximum(a[..., :2], b[..., :2])
    bottom_right = torch.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    intersection = (bottom_right - top_left).clamp(min=0).prod(dim=-1)
    union = a[..., 2:].clamp(min=0).prod(dim=-1) + b[..., 2:].clamp(min=0).prod(dim=-1) - intersection
    return torch.where(union > 0, intersection / union.clamp(min=torch.finfo(union.dtype).tiny), 0)
