"""The prior of a box's size and shape."""

import pytest
import torch
from torch import Tensor
from torch.distributions import StudentT

from pytracking.tracker.dimp.box_ascent import Gradient
from pytracking.tracker.dimp.shape_prior import with_shape_prior

FIRST = torch.tensor([30.0, 20], dtype=torch.float64)
CENTRE = torch.tensor([[10.0, 12], [3, 4], [7, 7]], dtype=torch.float64)
SIZE = torch.tensor([[31.0, 22], [11, 45], [8, 8]], dtype=torch.float64)


def _energy(centre: Tensor, size: Tensor) -> tuple[Tensor, Gradient]:
    """A linear one."""
    return centre @ centre.new_tensor([1.0, 2]) + size @ size.new_tensor([3.0, 4]), lambda: (
        centre.new_tensor([1.0, 2]).expand_as(centre),
        size.new_tensor([3.0, 4]).expand_as(size),
    )


def _nothing(centre: Tensor, size: Tensor) -> tuple[Tensor, Gradient]:
    return torch.zeros(len(size)), lambda: (0 * centre, 0 * size)


def test_it_is_the_logarithm_of_students_t_of_size_and_aspect() -> None:
    values, _ = with_shape_prior(_energy, FIRST, 0.15, 0.3)(CENTRE, SIZE)
    w, h = SIZE.unbind(dim=1)
    size, aspect = StudentT(2.0, 0.0, 0.15), StudentT(2.0, 0.0, 0.3)
    expected = size.log_prob((w * h / 600).sqrt().log()) + aspect.log_prob((w / h / 1.5).log())
    at_first = size.log_prob(torch.tensor(0.0)) + aspect.log_prob(torch.tensor(0.0))
    torch.testing.assert_close(values - _energy(CENTRE, SIZE)[0], (expected - at_first).double(), rtol=1e-5, atol=1e-6)


def test_its_gradient_is_that_of_autograd() -> None:
    centre, size = CENTRE.clone().requires_grad_(), SIZE.clone().requires_grad_()
    values, gradient = with_shape_prior(_energy, FIRST, 0.15, 0.3)(centre, size)
    torch.testing.assert_close(gradient(), torch.autograd.grad(values.sum(), (centre, size)))


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_scale_is_no_change_of_aspect_nor_the_other_way_round(scale: float) -> None:
    same_aspect = with_shape_prior(_nothing, FIRST, 1e9, 0.1)(CENTRE[:1], scale * FIRST[None])[0]
    turned = FIRST[None] * FIRST.new_tensor([scale, 1 / scale])
    same_size = with_shape_prior(_nothing, FIRST, 0.1, 1e9)(CENTRE[:1], turned)[0]
    torch.testing.assert_close((same_aspect, same_size), (torch.zeros(1), torch.zeros(1)), check_dtype=False)


def test_it_lets_go_of_a_target_that_comes_nearer() -> None:
    """Where a Gaussian would pull the more the farther away."""
    sizes = FIRST * torch.tensor([[1.3], [6.0]], dtype=torch.float64)
    _, gradient = with_shape_prior(_nothing, FIRST, 0.2, 0.2)(CENTRE[:2], sizes)
    pulls = (gradient()[1] * sizes).sum(dim=1)  # on log size
    assert pulls[0] < 1.5 * pulls[1] < 0
