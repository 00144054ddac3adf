"""Box refinement by damped gradient ascent of the energy (Algorithm S1), from the classifier's position and last size.

A drifting box would also shift the crop, the labels and thus the filter. So steps that lower the energy are undone
(``ltr.refine``), the size changes slowly, and the center stays between the classifier's and the refined one.
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
    """Starting points: no change, then jittered copies; relative boxes ``[num_boxes, 4]``, float32."""
    spread = torch.tensor([params.position_jitter, params.position_jitter, params.size_jitter, params.size_jitter])
    starts = torch.randn(params.num_boxes, 4, generator=generator) * spread
    starts[0] = 0
    return starts


def ascend(energy: BoxEnergy, box: Tensor, starts: Tensor, params: AscentParams) -> Tensor:
    """Refine one box, with gradients by autograd.

    Args:
        energy: boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f ``[M]``.
        box: ``[4]`` in crop pixels.
        starts: ``[M, 4]`` relative to it, from :func:`draw_starts`.
        params: steps and damping.
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
    """Limit the change of a refined box ``[4]``, relative to its start."""
    center = params.position_weight * box_rel[:2]
    size = (params.size_rate * box_rel[2:]).clamp(-params.max_size_change, params.max_size_change)
    return torch.cat([center, size])
