"""Box refinement by the posterior mean, from the classifier's position and the last size.

The model is p(y|x) = exp f(x, y) / Z(x) (Gustafsson et al., equation 1). Its maximum depends on a single point of an
energy that was learned from few data, and a more exact maximum gives a worse box (``docs/journal``). In tracking, the
box is near the last one. With this as a Gaussian prior, importance sampling gives the posterior mean,

    sum_i w_i y_i,   w = softmax(f(x, y_i) / T),   y_i ~ N(last box, diag(sigma^2)),

without gradients. A second round samples closer to it.

The weights of the first round, whose boxes have the larger spread, also give the posterior's standard deviation; a
factor calibrates it to measured errors (``docs/tracking.md``).
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


def sobol_normal(rounds: int, count: int) -> Tensor:
    """Quasi-random normal points ``[rounds, count, 4]``, float32, with mean 0 and variance 1 in every round.

    They come from a Sobol sequence: more evenly distributed than random points, and always the same.
    """
    uniform = torch.quasirandom.SobolEngine(4, scramble=True, seed=0).draw(rounds * count)
    points = torch.special.ndtri(uniform.clamp(1e-4, 1 - 1e-4)).view(rounds, count, 4)
    points = points - points.mean(dim=1, keepdim=True)
    return points / points.square().mean(dim=1, keepdim=True).sqrt()


@lru_cache(maxsize=8)
def proposal_boxes(params: MeanParams, device: torch.device) -> Tensor:
    """The boxes of every round, relative to its initial box: ``[rounds, num_boxes, 4]``, float32 on ``device``."""
    with torch.inference_mode(False):
        spread = torch.tensor([params.position_spread] * 2 + [params.size_spread] * 2)
        narrowing = params.narrowing ** torch.arange(params.rounds)
        return (sobol_normal(params.rounds, params.num_boxes) * spread * narrowing[:, None, None]).to(device)


def refine_box(
    energy: Callable[[Tensor], Tensor], box: Tensor, around: Tensor, params: MeanParams
) -> tuple[Tensor, Tensor, Tensor]:
    """Refine one box, and estimate its standard deviation and energy.

    Args:
        energy: boxes ``[M, 4]`` (x, y, w, h; crop pixels) -> f ``[M]``.
        box: ``[4]`` (x, y, w, h) in crop pixels.
        around: from :func:`proposal_boxes`.
        params: the temperature.
    Returns:
        The box ``[4]`` in crop pixels, the standard deviation of its x, y, w and h ``[4]``, and the posterior mean of
        the energy, a scalar.
    """
    std, mean = torch.zeros_like(box), box.new_zeros(())
    for number, relative in enumerate(around.to(box)):
        boxes = box_from_relative(relative, box)
        values = energy(boxes)
        weights = torch.softmax(values / params.temperature, dim=0)
        if number == 0:
            std = STD_FACTOR * (weights @ (boxes - weights @ boxes).square()).sqrt()
        box, mean = box_from_relative(weights @ relative, box), weights @ values
    return box, std, mean
