"""Box refinement by gradient ascent of a predicted overlap, as ATOM and DiMP do it, from the classifier's position.

An overlap has a slope all the way from a shifted box to the target, so the ascent has none of the limits of that of an
energy (``ascent.py``).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ltr.models.loss.ebm.base import energy_gradient
from pytracking.parameter.dimp.base import OverlapAscentParams

SMALLEST_SIDE = 1.0  # of a box, crop pixels


def draw_jitter(params: OverlapAscentParams, generator: torch.Generator) -> Tensor:
    """No change, then uniform changes of (center x, y, w, h), in sqrt(w h): ``[num_boxes, 4]``, float32."""
    width = torch.tensor([params.position_jitter, params.position_jitter, params.size_jitter, params.size_jitter])
    jitter = (torch.rand(params.num_boxes, 4, generator=generator) - 0.5) * width
    jitter[0] = 0
    return jitter


def ascend(overlap: Callable[[Tensor], Tensor], box: Tensor, jitter: Tensor, params: OverlapAscentParams) -> Tensor:
    """Refine one box, with gradients by autograd.

    The best boxes are those before the last step, whose overlaps are known.

    Args:
        overlap: boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f ``[M]``.
        box: ``[4]`` in crop pixels.
        jitter: from :func:`draw_jitter`.
        params: steps and choice.
    Returns:
        ``[4]`` in crop pixels; ``box`` where all boxes are too long.
    """
    boxes, step = _jittered(box, jitter), params.step_length
    values = boxes.new_zeros(len(boxes))
    for _ in range(params.num_iterations):
        batch, gradient = energy_gradient(lambda y: overlap(y[0])[None], boxes[None].requires_grad_())
        values = batch[0].detach()
        boxes = boxes + step * gradient[0] * boxes[:, 2:].repeat(1, 2)
        boxes = torch.cat([boxes[:, :2], boxes[:, 2:].clamp(min=SMALLEST_SIDE)], dim=1)
        step *= params.step_decay
    aspect = (boxes[:, 2] / boxes[:, 3]).log().abs()
    ranked = torch.where(aspect < math.log(params.max_aspect), values, -torch.inf)
    best = ranked.topk(min(params.top_k, len(boxes)))
    kept = best.values > -torch.inf  # no branch: a CUDA graph replays this
    mean = (boxes[best.indices] * kept[:, None]).sum(dim=0) / kept.sum().clamp(min=1)
    return torch.where(kept.any(), mean, box)


def _jittered(box: Tensor, jitter: Tensor) -> Tensor:
    """Boxes ``[M, 4]``, no side below a third of the shorter one of ``box``."""
    change = jitter.to(box) * box[2:].prod().sqrt()
    size = torch.maximum(box[2:] + change[:, 2:], box[2:].min() / 3)
    return torch.cat([box[:2] + box[2:] / 2 + change[:, :2] - size / 2, size], dim=1)
