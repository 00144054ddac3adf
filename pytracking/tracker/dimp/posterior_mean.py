"""From the classifier's center and the last size to the box: the mean of all boxes, weighed by their energy.

The model says p(y|x) = exp f(x, y) / Z(x) (Gustafsson et al., equation 1). Its maximum trusts one point of an energy
that was learned from few data, and the closer one comes to it, the worse the box is (``docs/journal``). A tracker
knows more: the box is near the last one. With that as a Gaussian prior, importance sampling gives the posterior mean,

    sum_i w_i y_i,   w = softmax(f(x, y_i) / T),   y_i ~ N(last box, diag(sigma^2)),

and needs no gradient. A second round looks closer around it.

The same weights give the posterior's standard deviation. It comes from the first round, whose boxes reach far enough; a
factor fits it to the errors that were measured (``docs/tracking.md``).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import torch
from torch import Tensor

from ltr.data.bounding_box_utils import box_from_relative
from pytracking.parameter.dimp.base import MeanParams

# Of the standard deviation: fits it to measured errors (docs/tracking.md). No parameter, as no box depends on it: older
# results and saved trackers, whose settings do not name it, stay good.
STD_FACTOR = 2.05


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


def mean_box(
    energy: Callable[[Tensor], Tensor], box: Tensor, around: Tensor, params: MeanParams
) -> tuple[Tensor, Tensor]:
    """Improve one box, and say how sure it is.

    Args:
        energy: boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f ``[M]``.
        box: ``[4]`` (x, y, w, h) in crop pixels.
        around: of :func:`boxes_around`.
        params: the temperature.
    Returns:
        The box ``[4]`` in crop pixels, and the standard deviation of its x, y, w and h ``[4]``.
    """
    std = torch.zeros_like(box)
    for number, relative in enumerate(around.to(box)):
        boxes = box_from_relative(relative, box)
        weights = torch.softmax(energy(boxes) / params.temperature, dim=0)
        if number == 0:
            std = STD_FACTOR * (weights @ (boxes - weights @ boxes).square()).sqrt()
        box = box_from_relative(weights @ relative, box)
    return box, std
