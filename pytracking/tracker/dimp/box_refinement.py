"""From the classifier's centre and the last size to the box: gradient ascent of the energy (Algorithm S1), guarded.

Unguarded, a box that drifts takes the crop, the labels and so the filter with it. So steps that lower the energy are
undone (``ltr.refine``), the size follows with inertia, and the centre stays between the classifier's and the box's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative
from ltr.refine import climb
from pytracking.parameter.dimp.base import RefinementParams

BoxSlope = Callable[[Tensor], tuple[Tensor, Callable[[], Tensor]]]
"""Boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f ``[M]``, and a function that computes df/dbox ``[M, 4]``."""


def refine_box(slope: BoxSlope, box: Tensor, params: RefinementParams, generator: torch.Generator) -> Tensor:
    """Improve one box.

    Args:
        slope: the energy and its gradient.
        box: ``[4]`` in crop pixels, where the ascent starts.
        params: number of boxes, steps, guards.
        generator: draws the jittered starts.
    Returns:
        ``[4]`` in crop pixels.
    """

    def relative_slope(box_rel: Tensor) -> tuple[Tensor, Callable[[], Tensor]]:
        boxes = box_from_relative(box_rel[0], box)
        values, gradient = slope(boxes)
        return values[None], lambda: gradient_to_relative(gradient(), boxes, box)[None]

    spread = box.new_tensor([params.position_jitter, params.position_jitter, params.size_jitter, params.size_jitter])
    start = torch.randn(params.num_boxes, 4, generator=generator).to(box) * spread
    start[0] = 0
    refined, values = climb(relative_slope, start[None], params.step_length, params.num_iterations, params.step_decay)
    best = values[0].topk(min(params.top_k, params.num_boxes)).indices
    return box_from_relative(damp(refined[0, best].mean(dim=0), params), box)


def gradient_to_relative(gradient: Tensor, boxes: Tensor, reference: Tensor) -> Tensor:
    """Chain rule of :func:`box_from_relative`: df/dbox ``[M, 4]`` at ``boxes`` -> df/dbox_rel ``[M, 4]``."""
    in_corner, in_size = gradient[:, :2], gradient[:, 2:]
    return torch.cat([in_corner * reference[2:], (in_size - in_corner / 2) * boxes[:, 2:]], dim=1)


def damp(box_rel: Tensor, params: RefinementParams) -> Tensor:
    """Hold a refined box ``[4]``, relative to its start, near that start."""
    centre = params.position_weight * box_rel[:2]
    size = (params.size_rate * box_rel[2:]).clamp(-params.max_size_change, params.max_size_change)
    return torch.cat([centre, size])
