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
from pytracking.parameter.dimp.base import AscentParams

BoxEnergy = Callable[[Tensor], Tensor]


def draw_starts(params: AscentParams, generator: torch.Generator) -> Tensor:
    """Where the ascent starts: no change, then jittered copies; relative boxes ``[num_boxes, 4]``, float32."""
    spread = torch.tensor([params.position_jitter, params.position_jitter, params.size_jitter, params.size_jitter])
    starts = torch.randn(params.num_boxes, 4, generator=generator) * spread
    starts[0] = 0
    return starts


def ascend(energy: BoxEnergy, box: Tensor, starts: Tensor, params: AscentParams) -> Tensor:
    """Improve one box, with the gradient by autograd.

    Args:
        energy: boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f ``[M]``.
        box: ``[4]`` in crop pixels.
        starts: ``[M, 4]`` relative to it, of :func:`draw_starts`.
        params: number of steps, guards.
    Returns:
        ``[4]`` in crop pixels.
    """
    refined, values = refine(
        lambda box_rel: energy(box_from_relative(box_rel[0], box))[None],
        starts.to(box)[None],
        params.step_length,
        params.num_iterations,
        params.step_decay,
    )
    best = values[0].topk(min(params.top_k, len(starts))).indices
    return box_from_relative(damp(refined[0, best].mean(dim=0), params), box)


def damp(box_rel: Tensor, params: AscentParams) -> Tensor:
    """Hold a refined box ``[4]``, relative to its start, near that start."""
    centre = params.position_weight * box_rel[:2]
    size = (params.size_rate * box_rel[2:]).clamp(-params.max_size_change, params.max_size_change)
    return torch.cat([centre, size])
