import pytest
import torch
from torch import Tensor

from pytracking.tracker.atom.gauss_newton import conjugate_gradient, gauss_newton


def _random(*shape: int) -> Tensor:
    return torch.randn(shape, dtype=torch.float64, generator=torch.Generator().manual_seed(sum(shape)))


@pytest.mark.parametrize("scale", [1.0, torch.tensor([1.0, 2.0, 0.5, 3.0, 1.0, 0.5], dtype=torch.float64)])
def test_a_linear_problem_is_solved_in_as_many_steps_as_unknowns(scale: Tensor | float) -> None:
    matrix, target = _random(30, 6), _random(30)
    found = gauss_newton(lambda w: matrix @ w - target, _random(6), [6], scale)
    torch.testing.assert_close(found, torch.linalg.lstsq(matrix, target[:, None]).solution[:, 0])


def test_conjugate_gradient_is_the_best_in_its_krylov_space() -> None:
    """After k steps: the minimum of x^T A x / 2 - b^T x over the span of b, A b, ..., A^(k-1) b."""
    root, target = _random(8, 8), _random(8)
    matrix = root.T @ root
    basis = torch.stack([torch.linalg.matrix_power(matrix, power) @ target for power in range(3)], dim=1)
    best = basis @ torch.linalg.solve(basis.T @ matrix @ basis, basis.T @ target)
    torch.testing.assert_close(conjugate_gradient(lambda x: matrix @ x, target, 3), best)


def test_at_the_solution_it_stays() -> None:
    zero = torch.zeros(4, dtype=torch.float64)
    assert torch.equal(conjugate_gradient(lambda x: 2 * x, zero, 5), zero)
    start = _random(4)
    torch.testing.assert_close(gauss_newton(lambda w: w - start, start, [3, 3]), start)


def test_a_nonlinear_problem_converges() -> None:
    """y = a exp(b x), with its true parameters known; parameters of any shape."""
    x = torch.linspace(0, 1, 20, dtype=torch.float64)
    true = torch.tensor([[1.5], [-0.7]], dtype=torch.float64)
    measured = true[0] * torch.exp(true[1] * x)
    start = torch.tensor([[1.0], [0.0]], dtype=torch.float64)
    found = gauss_newton(lambda w: w[0] * torch.exp(w[1] * x) - measured, start, [2] * 8)
    torch.testing.assert_close(found, true)
    assert start.tolist() == [[1.0], [0.0]]
