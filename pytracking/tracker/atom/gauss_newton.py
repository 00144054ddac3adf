"""Nonlinear least squares by Gauss-Newton with conjugate gradient (Danelljan et al., "ATOM", CVPR 2019, Algorithm 1).

Minimizes || r(w) ||^2. Around w, r(w + d) is about r + J d, and the normal equations J^T J d = -J^T r are solved by a
few steps of conjugate gradient. J itself is never made: autograd gives J^T u, and J v as the derivative of J^T u, which
is linear in u, along v.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

Residuals = Callable[[Tensor], Tensor]
"""Parameters of any shape -> residuals ``[n]``."""


def gauss_newton(residuals: Residuals, start: Tensor, cg_steps: Sequence[int], scale: Tensor | float = 1.0) -> Tensor:
    """Improved parameters, of the shape of ``start``.

    Args:
        residuals: r, differentiable twice.
        start: w, without gradient; not made in inference mode.
        cg_steps: of conjugate gradient, in each step of Gauss-Newton.
        scale: of the parameters (broadcast), > 0: conjugate gradient takes d / scale for variables of equal weight.
    """
    for steps in cg_steps:
        w = start.detach().requires_grad_()
        with torch.enable_grad():
            r = residuals(w)
            u = torch.zeros_like(r, requires_grad=True)
            (transposed,) = torch.autograd.grad(r, w, u, create_graph=True)  # J^T u
        gradient = torch.autograd.grad(r, w, r.detach(), retain_graph=True)[0]

        def normal(v: Tensor, w: Tensor = w, r: Tensor = r, u: Tensor = u, transposed: Tensor = transposed) -> Tensor:
            (along,) = torch.autograd.grad(transposed, u, v, retain_graph=True)  # J v
            return torch.autograd.grad(r, w, along, retain_graph=True)[0]

        start = w.detach() + conjugate_gradient(normal, -gradient, steps, scale)
    return start


def conjugate_gradient(
    matrix: Callable[[Tensor], Tensor], target: Tensor, steps: int, scale: Tensor | float = 1.0
) -> Tensor:
    """x with A x about ``target``, from x = 0.

    Args:
        matrix: x -> A x; A is symmetric and positive definite.
        target: of any shape.
        steps: fewer where the solution is exact.
        scale: see :func:`gauss_newton`.
    """
    x, residual = torch.zeros_like(target), target
    scaled = residual * scale**2
    direction, size = scaled, (residual * scaled).sum()
    for _ in range(steps):
        product = matrix(direction)
        curvature = (direction * product).sum()
        length = torch.where(curvature > 0, size / curvature, 0)  # 0 / 0 at the solution
        x = x + length * direction
        residual = residual - length * product
        scaled = residual * scale**2
        before, size = size, (residual * scaled).sum()
        direction = scaled + torch.where(before > 0, size / before, 0) * direction
    return x
