"""From the classifier's centre and the last size to the box: the mean of all boxes, weighed by their energy.

The model says p(y|x) = exp f(x, y) / Z(x) (Gustafsson et al., equation 1). Its maximum trusts one point of an energy
that was learned from few data, and the closer one comes to it, the worse the box is (``docs/journal``). A tracker
knows more: the box is near the last one. With that as a Gaussian prior, importance sampling gives the posterior mean,

    sum_i w_i y_i,   w = softmax(f(x, y_i) / T),   y_i ~ N(last box, diag(sigma^2)),

and needs no gradient. A second round looks closer around it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative
from pytracking.parameter.dimp.base import MeanParams


def gaussian_points(rounds: int, count: int) -> Tensor:
    """Points that stand for a Gaussian, ``[rounds, count, 4]``, float32: of mean 0 and variance 1 in every round.

    Taken from a Sobol sequence, they cover the space more evenly than random ones, and are always the same.
    """
    uniform = torch.quasirandom.SobolEngine(4, scramble=True, seed=0).draw(rounds * count)
    points = torch.special.ndtri(uniform.clamp(1e-4, 1 - 1e-4)).view(rounds, count, 4)
    points = points - points.mean(dim=1, keepdim=True)
    return points / points.square().mean(dim=1, keepdim=True).sqrt()


@lru_cache(maxsize=8)
def boxes_around(params: MeanParams, device: torch.device) -> Tensor:
    """The boxes of every round, relative to where it starts: ``[rounds, num_boxes, 4]``, float32 on ``device``."""
    with torch.inference_mode(False):
        spread = torch.tensor([params.position_spread] * 2 + [params.size_spread] * 2)
        narrowing = params.narrowing ** torch.arange(params.rounds)
        return (gaussian_points(params.rounds, params.num_boxes) * spread * narrowing[:, None, None]).to(device)


def mean_box(energy: Callable[[Tensor], Tensor], box: Tensor, around: Tensor, params: MeanParams) -> Tensor:
    """Improve one box.

    Args:
        energy: boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f ``[M]``.
        box: ``[4]`` (x, y, w, h) in crop pixels.
        around: of :func:`boxes_around`.
        params: the temperature.
    Returns:
        ``[4]`` in crop pixels.
    """
    for relative in around.to(box):
        weights = torch.softmax(energy(box_from_relative(relative, box)) / params.temperature, dim=0)
        box = box_from_relative(weights @ relative, box)
    return box
