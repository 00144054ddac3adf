"""The prior of a box's size and shape."""

import pytest
import torch
from torch import Tensor
from torch.distributions import StudentT

from pytracking.tracker.dimp.shape_prior import log_shape_prior

FIRST = torch.tensor([30.0, 20], dtype=torch.float64)
BOXES = torch.tensor([[10.0, 12, 31, 22], [3, 4, 11, 45], [7, 7, 8, 8]], dtype=torch.float64)


def _of_sizes(sizes: Tensor, size_spread: float, aspect_spread: float) -> Tensor:
    return log_shape_prior(torch.cat([torch.zeros_like(sizes), sizes], dim=1), FIRST, size_spread, aspect_spread)


def test_it_is_the_logarithm_of_students_t_of_size_and_aspect() -> None:
    values = log_shape_prior(BOXES, FIRST, 0.15, 0.3)
    w, h = BOXES[:, 2:].unbind(dim=1)
    size, aspect = StudentT(2.0, 0.0, 0.15), StudentT(2.0, 0.0, 0.3)
    expected = size.log_prob((w * h / 600).sqrt().log()) + aspect.log_prob((w / h / 1.5).log())
    at_first = size.log_prob(torch.tensor(0.0)) + aspect.log_prob(torch.tensor(0.0))
    torch.testing.assert_close(values, (expected - at_first).double(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_scale_is_no_change_of_aspect_nor_the_other_way_round(scale: float) -> None:
    same_aspect = _of_sizes(scale * FIRST[None], 1e9, 0.1)
    same_size = _of_sizes(FIRST[None] * FIRST.new_tensor([scale, 1 / scale]), 0.1, 1e9)
    torch.testing.assert_close((same_aspect, same_size), (torch.zeros(1), torch.zeros(1)), check_dtype=False)


def test_it_lets_go_of_a_target_that_comes_nearer() -> None:
    """Where a Gaussian would pull the more the farther away."""
    log_scale = torch.tensor([1.3, 6.0], dtype=torch.float64).log().requires_grad_()
    values = _of_sizes(FIRST * log_scale.exp()[:, None], 0.2, 0.2)
    (pulls,) = torch.autograd.grad(values.sum(), log_scale)
    assert pulls[0] < 1.5 * pulls[1] < 0
