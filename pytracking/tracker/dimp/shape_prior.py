"""Prior of the box's size and shape, given the first box: most targets keep both, some change them a lot.

An energy learned from few data gives other boxes as high a value as the true one: a face with the neck, a rider with
half the bicycle. The error of one frame is small, but the next frame starts from it. So the model's p(y|x) =
exp f(x, y) / Z(x) is multiplied by a prior: relative to the first box, log size and log (w / h) follow Student's t
with two degrees of freedom (``docs/journal``). Its heavy tails allow the large changes of a target that comes nearer,
which a Gaussian would suppress.
"""

from __future__ import annotations

from torch import Tensor


def log_shape_prior(boxes: Tensor, first_size: Tensor, size_spread: float, aspect_spread: float) -> Tensor:
    """Log prior of boxes ``[M, 4]``, minus that of the first box: ``[M]``.

    Args:
        boxes: (x, y, w, h).
        first_size: (w, h) of the first box, ``[2]``, in the same pixels.
        size_spread: scale > 0 of Student's t of log sqrt(w h).
        aspect_spread: the same of log (w / h).
    """
    log_w, log_h = (boxes[:, 2:] / first_size).log().unbind(dim=1)
    return _log_student((log_w + log_h) / 2, size_spread) + _log_student(log_w - log_h, aspect_spread)


def _log_student(x: Tensor, scale: float) -> Tensor:
    """Log density of Student's t, nu = 2, minus that at 0."""
    return -1.5 * (x / scale).square().div(2).log1p()
