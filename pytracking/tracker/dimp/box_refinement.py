"""The two ways of making the box: the mean of boxes weighed by their energy, or the ascent to its maximum."""

from __future__ import annotations

import torch
from torch import Tensor

from pytracking.parameter.dimp.base import RefinementParams
from pytracking.tracker.dimp.box_ascent import BoxSlope, ascend, draw_starts
from pytracking.tracker.dimp.box_mean import boxes_around, mean_box


def starting_points(params: RefinementParams, generator: torch.Generator, device: torch.device) -> Tensor:
    """What :func:`refine_box` starts from, in relative box space: the same for every frame, or drawn anew."""
    if params.method == "mean":
        return boxes_around(params.mean, device)
    return draw_starts(params.ascent, generator).to(device)


def refine_box(slope: BoxSlope, box: Tensor, points: Tensor, params: RefinementParams) -> Tensor:
    """Improve one box ``[4]`` (x, y, w, h; crop pixels) by an energy, from :func:`starting_points`."""
    if params.method == "mean":
        return mean_box(slope, box, points, params.mean)
    return ascend(slope, box, points, params.ascent)
