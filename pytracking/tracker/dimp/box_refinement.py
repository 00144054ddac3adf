"""From the classifier's centre and the last size to the box: gradient ascent of the energy (Algorithm S1), guarded.

Unguarded, a box that drifts takes the crop, the labels and so the filter with it. So steps that lower the energy are
undone (``ltr.refine``), the size follows with inertia, and the centre stays between the classifier's and the box's.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative
from ltr.refine import refine
from pytracking.parameter.dimp.base import RefinementParams


def refine_box(
    energy: Callable[[Tensor], Tensor], box: Tensor, params: RefinementParams, generator: torch.Generator
) -> Tensor:
    """Improve one box.

    Args:
        energy: boxes ``[1, M, 4]`` (x, y, w, h; crop pixels) -> ``[1, M]``.
        box: ``[4]`` in crop pixels, where the ascent starts.
        params: number of boxes, steps, guards.
        generator: draws the jittered starts.
    Returns:
        ``[4]`` in crop pixels.
    """

    def relative_energy(box_rel: Tensor) -> Tensor:
        return energy(box_from_relative(box_rel, box))

    spread = box.new_tensor([params.position_jitter, params.position_jitter, params.size_jitter, params.size_jitter])
    start = torch.randn(params.num_boxes, 4, generator=generator).to(box) * spread
    start[0] = 0
    refined, values = refine(relative_energy, start[None], params.step_length, params.num_iterations, params.step_decay)
    best = values[0].topk(min(params.top_k, params.num_boxes)).indices
    return box_from_relative(damp(refined[0, best].mean(dim=0), params), box)


def damp(box_rel: Tensor, params: RefinementParams) -> Tensor:
    """Hold a refined box ``[4]``, relative to its start, near that start."""
    centre = params.position_weight * box_rel[:2]
    size = (params.size_rate * box_rel[2:]).clamp(-params.max_size_change, params.max_size_change)
    return torch.cat([centre, size])
