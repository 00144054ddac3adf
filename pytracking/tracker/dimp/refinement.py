"""The methods of box refinement by name (``refinement.method``)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Generator, Tensor

from ltr.utils.device import upload
from pytracking.parameter.dimp.base import RefinementMethod, RefinementParams
from pytracking.tracker.dimp import ascent, overlap_ascent, posterior_mean

Objective = Callable[[Tensor], Tensor]
"""Boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> ``[M]``: the higher, the better."""


@dataclass(frozen=True)
class Method:
    """draw: the points that :attr:`refine` starts from, on the device.

    refine: objective, box ``[4]`` in crop pixels, points -> the refined box ``[4]``, its standard deviation ``[4]`` (or
    not), and the objective's value, a scalar.
    """

    draw: Callable[[RefinementParams, Generator, torch.device], Tensor]
    refine: Callable[[Objective, Tensor, Tensor, RefinementParams], tuple[Tensor, ...]]
    has_gradient: bool  # whether it differentiates the objective
    has_prior: bool  # whether the objective is a log-density, with the prior of size and shape


def _with_value(objective: Objective, box: Tensor) -> tuple[Tensor, Tensor]:
    return box, objective(box[None])[0].detach()


METHODS: dict[RefinementMethod, Method] = {
    "mean": Method(
        lambda params, _, device: posterior_mean.proposal_boxes(params.mean, device),
        lambda energy, box, points, params: posterior_mean.refine_box(energy, box, points, params.mean),
        has_gradient=False,
        has_prior=True,
    ),
    "ascent": Method(
        lambda params, generator, device: upload(ascent.draw_starts(params.ascent, generator), device),
        lambda energy, box, points, params: _with_value(energy, ascent.ascend(energy, box, points, params.ascent)),
        has_gradient=True,
        has_prior=True,
    ),
    "overlap_ascent": Method(
        lambda params, generator, device: upload(overlap_ascent.draw_jitter(params.overlap_ascent, generator), device),
        lambda overlap, box, points, params: _with_value(
            overlap, overlap_ascent.ascend(overlap, box, points, params.overlap_ascent)
        ),
        has_gradient=True,
        has_prior=False,
    ),
}
