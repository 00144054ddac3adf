"""What the first box says about all others: most targets keep their size and their shape, and some change them much.

An energy that was learned from few data likes some other boxes as well as the right one: face with neck, a rider with
half the bicycle, a letter on the book that hides the face. Each frame alone is a small mistake, but the next one starts
from it. So the model's p(y|x) = exp f(x, y) / Z(x) is multiplied by what sequences are like: against the first box, log
size and log (w / h) follow Student's t of two degrees of freedom (``docs/journal``). Its long tails let go of a
target that really comes nearer, where a Gaussian would pull the more.
"""

from __future__ import annotations

from torch import Tensor


def log_shape_prior(boxes: Tensor, first_size: Tensor, size_spread: float, aspect_spread: float) -> Tensor:
    """Logarithm of the prior of boxes ``[M, 4]``, against that of the first box: ``[M]``.

    Args:
        boxes: (x, y, w, h).
        first_size: (w, h) of the first box, ``[2]``, in the same pixels.
        size_spread: scale > 0 of Student's t of log sqrt(w h).
        aspect_spread: the same of log (w / h).
    """
    log_w, log_h = (boxes[:, 2:] / first_size).log().unbind(dim=1)
    return _log_student((log_w + log_h) / 2, size_spread) + _log_student(log_w - log_h, aspect_spread)


def _log_student(x: Tensor, scale: float) -> Tensor:
    """Log density of Student's t, nu = 2, against that at 0."""
    return -1.5 * (x / scale).square().div(2).log1p()
