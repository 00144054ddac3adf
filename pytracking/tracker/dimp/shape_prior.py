"""What the first box says about all others: most targets keep their size and their shape, and some change them much.

An energy that was learned from few data likes some other boxes as well as the right one: face with neck, a rider with
half the bicycle, a letter on the book that hides the face. Each frame alone is a small mistake, but the next one starts
from it. So the model's p(y|x) = exp f(x, y) / Z(x) is multiplied by what sequences are like: against the first box, log
size and log (w / h) follow Student's t of two degrees of freedom (``docs/results.md``). Its long tails let go of a
target that really comes nearer, where a Gaussian would pull the more.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pytracking.tracker.dimp.box_ascent import BoxSlope, Gradient


def with_shape_prior(slope: BoxSlope, first_size: Tensor, size_spread: float, aspect_spread: float) -> BoxSlope:
    """``slope`` plus the logarithm of the prior, up to a constant.

    Args:
        slope: f and its gradient.
        first_size: (w, h) of the first box, ``[2]``, in the same pixels as the boxes.
        size_spread: scale > 0 of Student's t of log sqrt(w h).
        aspect_spread: the same of log (w / h).
    """

    def posterior(centre: Tensor, size: Tensor) -> tuple[Tensor, Gradient]:
        values, gradient = slope(centre, size)
        log_w, log_h = (size / first_size).log().unbind(dim=1)
        bigger, wider = (log_w + log_h) / 2, log_w - log_h

        def posterior_gradient() -> tuple[Tensor, Tensor]:
            in_centre, in_size = gradient()
            pull, turn = _student_slope(bigger, size_spread), _student_slope(wider, aspect_spread)
            return in_centre, in_size + torch.stack([pull / 2 + turn, pull / 2 - turn], dim=1) / size

        return values + _log_student(bigger, size_spread) + _log_student(wider, aspect_spread), posterior_gradient

    return posterior


def _log_student(x: Tensor, scale: float) -> Tensor:
    """Log density of Student's t, nu = 2, against that at 0."""
    return -1.5 * (x / scale).square().div(2).log1p()


def _student_slope(x: Tensor, scale: float) -> Tensor:
    """The derivative of :func:`_log_student`."""
    return -3 * x / (2 * scale**2 + x.square())
