"""Prediction by gradient ascent of the energy (paper, Algorithm S1), for targets of any kind."""

import torch
from torch import Tensor

from ltr.models.loss.ebm.base import Energy, energy_gradient


def refine(
    energy: Energy, y: Tensor, step_length: float | Tensor, num_iterations: int = 10, decay: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Algorithm S1 (paper, Appendix A) from every start at once, with the gradient by autograd.

    A step y + lambda * grad f is kept only if f increases; otherwise it is undone and the lambda of that start is
    multiplied by ``decay``: the result is never worse than the start. Algorithm S1 has one start; here N x M starts
    are refined independently. Works under ``torch.no_grad``, not ``torch.inference_mode``.

    Args:
        energy: f, ``[N, M, D] -> [N, M]``.
        y: starts ``[N, M, D]``; not changed.
        step_length: lambda, a number or ``[D]`` (position and size of a box need different ones).
        num_iterations: T, steps tried; f is evaluated T + 1 times.
        decay: eta in (0, 1], factor on lambda after a step that did not help.

    Returns:
        The refined targets ``[N, M, D]`` and their values ``[N, M]``, both without gradient.

    Raises:
        ValueError: ``y`` is not ``[N, M, D]``, or one of the other arguments is out of its range.
    """
    step = torch.as_tensor(step_length, dtype=y.dtype, device=y.device)
    if y.ndim != 3:
        raise ValueError(f"y: expected [N, M, D], got {list(y.shape)}")
    if not (step_length.min() if isinstance(step_length, Tensor) else step_length) > 0:
        raise ValueError(f"step_length: expected positive numbers, got {step_length}")
    if num_iterations < 0:
        raise ValueError(f"num_iterations: expected at least 0, got {num_iterations}")
    if not 0 < decay <= 1:
        raise ValueError(f"decay: expected a number in (0, 1], got {decay}")
    best = candidate = y.detach()
    value = torch.full_like(y[..., 0], -torch.inf)
    gradient = torch.zeros_like(best)
    for iteration in range(num_iterations + 1):
        new_value, new_gradient = energy_gradient(energy, candidate.detach().requires_grad_())
        new_value = new_value.detach()
        rose = new_value > value
        value = torch.where(rose, new_value, value)
        rose = rose[..., None]
        best = torch.where(rose, candidate, best)
        if iteration == num_iterations:
            break
        if iteration:  # the first evaluation is that of the start, not of a step
            step = torch.where(rose, step, decay * step)
        gradient = torch.where(rose, new_gradient, gradient)
        candidate = best + step * gradient
    return best, value
